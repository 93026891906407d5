"""How many slots there are on a cluster, and which GPUs each sees."""

import json
import stat

import pytest
from unit_makers import make_options, make_units
from waiting import wait_until

from fault_injection import outcome, write_study
from faults.running import Cluster, Place, Search
from rliable.executors.spark.context import make_context, stop_context
from rliable.executors.spark.executor import SparkExecutor


def slots_of(folder):
    """The slots of the runs that have finished so far."""
    results = folder / "results.json"
    trials = json.loads(results.read_text())["trials"] if results.exists() else []
    return {run["slot"] for trial in trials for run in trial["runs"]}


def test_a_slot_takes_as_many_of_sparks_cores_as_it_computes_with(tmp_path):
    sc = make_context(make_options("Plain", num_workers=2, threads=3, log_path=tmp_path / "log.txt"))
    try:
        assert sc.master == "local[6]"
        executor = SparkExecutor(make_options("Plain", num_workers=3, threads=3), sc)
        list(executor.execute(iter(make_units("Plain", 4, seconds=0.5))))
        assert (executor.num_slots, executor.num_started_slots) == (3, 2)
        executor.close()
    finally:
        stop_context(sc)


@pytest.mark.timeout(300)
def test_machines_that_are_added_in_mid_study_are_taken_where_all_were_asked_for(tmp_path, monkeypatch):
    serially, place = tmp_path / "serially", tmp_path / "parallel"
    for folder, seconds in ((serially, 0.0), (place, 0.2)):
        folder.mkdir()
        write_study(folder, "random", num_trials=9, seconds=seconds)
    assert Search([str(serially / "study.json"), "--output", str(serially / "study")], serially).wait() == 0
    cluster = Cluster(place, [Place(), Place()])
    try:
        options = ["--parallelized", "--master", cluster.master, "--num-workers", "auto"]
        grows = {"spark.dynamicAllocation.enabled": "true", "spark.dynamicAllocation.minExecutors": "0"}
        conf = place / "conf"
        conf.mkdir()
        (conf / "spark-defaults.conf").write_text("".join(f"{key} {value}\n" for key, value in grows.items()))
        monkeypatch.setenv("SPARK_CONF_DIR", str(conf))
        study = place / "study"
        search = Search([str(place / "study.json"), *options, "--output", str(study)], place, cluster)
        wait_until(lambda: len(slots_of(study)) == 1, 90)
        cluster.add_machines(Place())

        assert search.wait() == 0, search.said
    finally:
        cluster.close()
    assert outcome(study) == outcome(serially / "study")
    assert len(slots_of(study)) == 2
    assert "level 1, 1 slot of 1 core" in search.said


@pytest.mark.timeout(300)
def test_each_slot_sees_the_gpus_that_spark_gave_it(tmp_path, monkeypatch):
    finder, conf = tmp_path / "find.sh", tmp_path / "conf"
    finder.write_text("""#!/bin/sh\necho '{"name": "gpu", "addresses": ["5", "7"]}'\n""")
    finder.chmod(finder.stat().st_mode | stat.S_IXUSR)
    conf.mkdir()
    places = [
        f"spark.{who}.resource.gpu.{key}" for who in ("worker", "executor") for key in ("amount", "discoveryScript")
    ]
    values = ["2", str(finder)] * 2
    (conf / "spark-defaults.conf").write_text(
        "".join(f"{key} {value}\n" for key, value in zip(places, values, strict=True))
    )
    monkeypatch.setenv("SPARK_CONF_DIR", str(conf))
    options = make_options(
        "Seeing", master="local-cluster[1,4,1024]", num_workers=4, gpus=0.5, log_path=tmp_path / "log"
    )

    sc = make_context(options)
    try:
        executor = SparkExecutor(options, sc)
        results = list(executor.execute(iter(make_units("Seeing", 12, seconds=0.5))))
        executor.close()
    finally:
        stop_context(sc)

    seen = {result.slot: result.predictions for result in results}
    assert len(seen) == 4
    assert sorted(seen.values()) == [["5"], ["5"], ["7"], ["7"]]
