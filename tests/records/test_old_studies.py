"""A study folder that version 0.1 left, before records had a format: it is drawn, evaluated and resumed as ever."""

import json
import shutil
from pathlib import Path

import pytest

from rliable.cli import main
from rliable.records.results import load_record
from tests.cli.commands import optimize

STORED = Path(__file__).with_name("study_of_version_0_1")
ROWS = Path(__file__).parents[1] / "rows.jsonl"


@pytest.fixture
def old_study(tmp_path):
    """A copy of the stored study, with the paths of this machine."""
    folder = tmp_path / "study"
    shutil.copytree(STORED, folder, symlinks=True)
    for file in [folder / "study.json", *folder.glob("trials/*/run_*/model.json")]:
        text = file.read_text().replace("@ROWS@", str(ROWS)).replace("@MODEL_FILE@", str(tmp_path / "model.json"))
        file.write_text(text)
    return folder


def content_of(folder):
    """All files but the lock and the logs of this process's slots."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != ".lock"]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files if not path.name.startswith("log")}


def test_stored_files_have_no_format():
    assert all('"format"' not in path.read_text() for path in STORED.rglob("*.json"))


def test_it_plots(old_study, capsys):
    assert main(["plot", str(old_study)]) == 0
    assert "report.html" in capsys.readouterr().out
    assert (old_study / "report.html").stat().st_size > 10_000


@pytest.mark.parametrize("name", ["best", "trials/0000"])
def test_its_runs_are_evaluated(old_study, tmp_path, name, capsys):
    assert main(["evaluate", "--model", str(old_study / name), "--out", str(tmp_path / "e.json")]) == 0
    report = json.loads((tmp_path / "e.json").read_text())
    assert len(report["runs"]) == 2
    assert all(run["metrics"] == run["recorded"] for run in report["runs"])
    number = int((old_study / name).resolve().name)
    assert report["metrics"] == load_record(old_study).trials[number].metrics


def test_an_agent_that_version_0_1_trained_is_evaluated_as_it_was(tmp_path):
    stored = STORED.with_name("agent_of_version_0_1")
    assert main(["evaluate", "--model", str(stored), "--out", str(tmp_path / "e.json")]) == 0
    report = json.loads((tmp_path / "e.json").read_text())
    assert report["metrics"] == json.loads((stored / "model.json").read_text())["metrics"]


def test_all_of_it_resumes_to_nothing_new(old_study):
    before = content_of(old_study)
    done = optimize("--resume", old_study, "--no-plots")
    assert done.returncode == 0, done.stderr
    assert content_of(old_study) == before


def test_cut_off_after_three_trials_it_resumes_to_the_same_bits(old_study):
    stored = load_record(old_study)
    journal = old_study / "journal.log"
    lines = journal.read_bytes().splitlines(keepends=True)
    ends = [number for number, line in enumerate(lines) if json.loads(line)["op_code"] == 6]  # a trial is told
    journal.write_bytes(b"".join(lines[: ends[2] + 1]))
    for name in ("results.json", "trials.csv", "trials/0003", "trials/0004", "best"):
        path = old_study / name
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    done = optimize("--resume", old_study, "--no-plots")
    assert done.returncode == 0, done.stderr
    resumed = load_record(old_study)
    assert facts(resumed) == facts(stored)
    assert resumed.started == stored.trials[0].started
    assert (old_study / "best").resolve() == old_study / "trials/0004"


def facts(record):
    """What a study found, as text that is equal if every bit is."""
    trials = [
        [trial.number, trial.state, trial.value, trial.params, trial.hp_params, trial.metrics, seeds_and_metrics(trial)]
        for trial in record.trials
    ]
    return json.dumps([record.best, record.status, record.stop_reason, trials])


def seeds_and_metrics(trial):
    return [(run.seed, run.metrics) for run in trial.runs]
