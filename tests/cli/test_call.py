"""The call for scripts and notebooks gives what the command gives."""

import threading

import pytest
from commands import ROOT, optimize

from rliable import search
from rliable.records.results import load_record
from rliable.schema import ConfigError
from rliable.unit import Answer


@pytest.fixture(autouse=True)
def here(monkeypatch):
    monkeypatch.chdir(ROOT)


def outcome(record):
    trials = [(trial.number, trial.params, trial.metrics, trial.state) for trial in record.trials]
    return trials, record.best, record.stop_reason, record.mode


def test_the_record_is_that_of_the_command(study, tmp_path):
    optimize(study(seed=3, hp_params={"noise": 1.0}), "--output", tmp_path / "command", "--no-plots")

    record = search(study(seed=3, hp_params={"noise": 1.0}), output=tmp_path / "call", pictures=False)

    assert outcome(record) == outcome(load_record(tmp_path / "command")) == outcome(load_record(tmp_path / "call"))


def test_settings_replace_those_of_the_file(study, tmp_path):
    record = search(
        study(), seed=5, output=tmp_path / "out", settings={"max_iters": 2, "grid.x": [7, 8]}, pictures=False
    )

    assert [trial.params["x"] for trial in record.trials] == [7, 8]
    assert record.seed == 5


def test_a_folder_is_continued(study, tmp_path):
    search(study(max_iters=2), output=tmp_path / "out", pictures=False)

    record = search(tmp_path / "out", settings={"max_iters": 4}, pictures=False)

    assert len(record.trials) == 4


def test_pictures_are_drawn_unless_they_are_not_wanted(study, tmp_path):
    search(study(max_iters=1), output=tmp_path / "out")

    assert (tmp_path / "out/report.html").exists()


def test_a_mistake_is_an_exception_and_nothing_is_written(study, tmp_path):
    with pytest.raises(ConfigError, match="max_iters: 0 is out of range"):
        search(study(max_iters=0), output=tmp_path / "out")
    with pytest.raises(ConfigError, match="mode: unknown 'level 3'; did you mean"):
        search(study(), output=tmp_path / "out", mode="level 3")

    assert not (tmp_path / "out").exists()


def test_a_report_can_be_answered_with_stop(study, tmp_path):
    stopped = study(hp_params={"rows": 50, "pause": 0.02}, max_iters=1)

    record = search(stopped, output=tmp_path / "out", on_report=lambda report: Answer.STOP, pictures=False)

    assert [trial.state for trial in record.trials] == ["PRUNED"]
    assert record.best is None


def test_it_may_be_called_from_another_thread(study, tmp_path):
    records = []
    call = threading.Thread(target=lambda: records.append(search(study(), output=tmp_path / "out", pictures=False)))

    call.start()
    call.join(60)

    assert len(records[0].trials) == 4


def test_importing_the_package_imports_nothing_else():
    import subprocess
    import sys

    code = "import sys, rliable; print([name for name in sys.modules if name.startswith('rliable.')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.strip() == "[]"
