"""A standalone cluster on hosts with networks of their own: one is cut off and comes back, another is lost."""

import json
import re
import signal

import pytest
from waiting import wait_until

from fault_injection import outcome, write_study
from faults.hosts import Network
from faults.running import Cluster, Search

NUM_TRIALS = 22
#: A run takes 30 of them.
STEP_SECONDS = 0.1


@pytest.fixture
def network(tmp_path):
    """A host for the driver and the master, whose name stands for a network that the others cannot reach, and two."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)  # fixtures end then as well
    try:
        made = Network(["head", "one", "two"], tmp_path, is_first_astray=True)
    except OSError as error:
        pytest.skip(f"this machine makes no hosts (Linux namespaces): {error}")
    yield made
    made.close()
    signal.signal(signal.SIGTERM, before)


def hosts_of(folder):
    """The host of each finished run, in order of their ends."""
    trials = json.loads((folder / "results.json").read_text())["trials"] if (folder / "results.json").exists() else []
    runs = sorted((run for trial in trials for run in trial["runs"]), key=lambda run: run["finished"])
    return [run["host"] for run in runs]


@pytest.mark.timeout(560)
def test_a_study_goes_on_exactly_when_a_host_is_cut_off_and_healed_and_another_is_lost(network, tmp_path):
    _, one, two = network.hosts
    serially, place = tmp_path / "serially", tmp_path / "parallel"
    for folder in (serially, place):
        folder.mkdir()
    alone = Search(
        [str(write_study(serially, "random", num_trials=NUM_TRIALS, seconds=0.0)), "--output", str(serially / "study")],
        serially,
    )
    assert alone.wait() == 0, alone.said
    cluster = Cluster(tmp_path, [host.place for host in network.hosts])
    file, study = write_study(place, "random", num_trials=NUM_TRIALS, seconds=STEP_SECONDS), place / "study"
    options = ["--parallelized", "--plevel", "2", "--master", cluster.master, "--num-workers", "2"]
    search = Search([str(file), *options, "--output", str(study)], place, cluster)
    wait_until(lambda: {"one", "two"} <= set(hosts_of(study)), 200)

    network.cut(one)
    wait_until(lambda: "warning: " in search.said, 60)
    num_runs = len(hosts_of(study))
    network.heal(one)
    wait_until(lambda: "one" in hosts_of(study)[num_runs:], 100)
    network.cut(two)  # first, so that nothing tells of its end
    two.kill()

    assert search.wait() == 0, search.said
    assert outcome(study) == outcome(serially / "study")
    told = [line for line in search.said.splitlines() if line.startswith("warning: ")]
    words = [re.sub(r"\d+", "N", line) for line in told]
    why = "no heartbeat from slot N for N s; its runs go on in other slots"
    assert words == [f"warning: lost on host {name}: {why}" for name in ("one", "two")]
