"""scripts/slurm on a real Slurm: a job drains before its time is over, is requeued and goes on; one has two nodes."""

import json
import re
import signal
import stat
import sys
import time

import psutil
import pytest

from fault_injection import outcome, write_study
from faults.hosts import Network
from faults.running import Search
from faults.slurm import Slurm, missing_packages

STEP_SECONDS = 0.1
#: The shortest time that Slurm gives to a job, in minutes.
LEAST_TIME = "1"
ENDED = {"COMPLETED", "FAILED", "TIMEOUT", "CANCELLED", "NODE_FAIL", "OUT_OF_MEMORY"}
pytestmark = pytest.mark.timeout(560)


@pytest.fixture
def make_slurm(tmp_path):
    """Starts a Slurm on hosts by name, and ends it."""
    if missing := missing_packages():
        pytest.skip(f"Slurm is not installed; Debian's packages: {' '.join(missing)}")
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)  # fixtures end then as well
    networks = []

    def make(*names):
        try:
            networks.append(Network(list(names), tmp_path))
        except OSError as error:
            pytest.skip(f"this machine makes no hosts (Linux namespaces): {error}")
        return Slurm(tmp_path / "slurm", networks[0])

    yield make
    for network in networks:
        network.close()
    signal.signal(signal.SIGTERM, before)


def submit(slurm, place, num_trials, *options):
    """Submits the script, with a temporary folder of its own; gives the job's number."""
    place.mkdir()
    file = write_study(place, "random", num_trials=num_trials, seconds=STEP_SECONDS)
    (place / "tmp").mkdir()
    sbatch = ["sbatch", "--parsable", "--cpus-per-task", "2", "--output", str(place / "out.txt"), *options]
    words = [*sbatch, "scripts/slurm/study.sbatch", str(file), str(place / "study"), "--no-plots"]
    return slurm.call(*words, TMPDIR=str(place / "tmp"), PYTHON=sys.executable).strip()


def wait_for_end(slurm, job, place):
    """Waits until a job has ended; gives what Slurm knows of it."""
    deadline = time.monotonic() + 400
    while (facts := slurm.facts_of(job))["JobState"] not in ENDED:
        assert time.monotonic() < deadline, (facts, (place / "out.txt").read_text())
        time.sleep(1)
    assert (facts["JobState"], facts["ExitCode"]) == ("COMPLETED", "0:0"), (place / "out.txt").read_text()
    return facts


def serial_outcome(place, num_trials):
    place.mkdir()
    search = Search(
        [str(write_study(place, "random", num_trials=num_trials, seconds=0.0)), "--output", str(place / "study")], place
    )
    assert search.wait() == 0, search.said
    return outcome(place / "study")


def secret_of(folder):
    """The secret of the cluster that runs; only its owner can read the file, and no command line shows it."""
    while True:
        lines = [" ".join(process.info["cmdline"] or []) for process in psutil.process_iter(["cmdline"])]
        if any("deploy.worker.Worker" in line and str(folder) in line for line in lines):
            break
        time.sleep(0.2)
    (file,) = folder.glob("rliable-job-*-worker-*/spark-defaults.conf")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    secret = re.search(r"secret (\w{64})\n", file.read_text())[1]
    assert [line for line in lines if secret in line] == []
    return secret


def test_a_job_that_is_too_short_drains_is_requeued_and_ends_exactly(make_slurm, tmp_path):
    slurm, place = make_slurm("head"), tmp_path / "job"
    job = submit(slurm, place, 12, "--time", LEAST_TIME)
    secret = secret_of(place / "tmp")

    while slurm.facts_of(job)["JobState"] != "PENDING":
        time.sleep(0.5)
    slurm.call("scontrol", "update", f"JobId={job}", "TimeLimit=6")  # a busy machine may do nothing in one
    facts = wait_for_end(slurm, job, place)

    said = (place / "out.txt").read_text()
    assert int(facts["Restarts"]) >= 1 and said.count("requeued") == int(facts["Restarts"])
    assert "TIME LIMIT" not in said and "Traceback" not in said
    assert secret not in said
    assert list((place / "tmp").iterdir()) == []
    assert outcome(place / "study") == serial_outcome(tmp_path / "serially", 12)


@pytest.mark.parametrize("nodes", ["--nodes 2", "--nodes 1 : --nodes 1 --cpus-per-task 2"])
def test_a_job_of_two_nodes_has_slots_on_both_also_if_they_differ(make_slurm, tmp_path, nodes):
    slurm, place = make_slurm("head", "one"), tmp_path / "job"

    wait_for_end(slurm, submit(slurm, place, 30, *nodes.split()), place)

    trials = json.loads((place / "study" / "results.json").read_text())["trials"]
    assert {run["host"] for trial in trials for run in trial["runs"]} == {"head", "one"}
    assert "slots of 1 core" in (place / "out.txt").read_text()
    assert list((place / "tmp").iterdir()) == []
    assert outcome(place / "study") == serial_outcome(tmp_path / "serially", 30)
