"""A study whose disk is full or whose permission is lost ends with one line, and goes on once that is mended."""

import json
import resource
import shutil

import pytest

from rliable.records.results import load_record
from rliable.records.writing import StudyFolderError
from tests.cli.commands import optimize
from tests.file_size import FileSizeLimit
from tests.studies import make_study
from tests.tuning.searches import Diary, model, search

GRID = {"x": {"min": 0.0, "max": 1.0}, "noise": [0.1, 0.2]}
MEND = "mend this, then resume the study"


def study_of(max_iters):
    return make_study(GRID, model(), max_iters=max_iters)


def files_of(path):
    return sorted(str(file.relative_to(path)) for file in path.rglob("*") if file.is_file())


def half_written(path):
    """What a write that failed may have left beside a file."""
    hidden = [name for name in files_of(path) if name.rpartition("/")[2].startswith(".")]
    return [name for name in [*hidden, *files_of(path)] if name != ".lock" and (name in hidden or ".tmp" in name)]


@pytest.mark.parametrize("size", [0, 150, 1000, 1777, 2500, 4000, 4321])
def test_a_search_without_room_ends_in_one_line_and_goes_on_when_there_is(tmp_path, size):
    whole = search(study_of(6), tmp_path / "whole")
    with pytest.raises(StudyFolderError) as error, FileSizeLimit(size):
        search(study_of(6), tmp_path / "cut")
    assert str(error.value) == f"{tmp_path / 'cut/journal.log'}: File too large; {MEND}"
    assert half_written(tmp_path / "cut") == []
    if size >= 1777:
        record = load_record(tmp_path / "cut")
        assert (record.status, record.stop_reason) == ("interrupted", str(error.value))
    resumed = search(study_of(6), tmp_path / "cut")
    assert [(t.params, t.metrics) for t in resumed.trials] == [(t.params, t.metrics) for t in whole.trials]
    assert resumed.status == "finished"
    assert files_of(tmp_path / "cut") == files_of(tmp_path / "whole")


def test_the_command_says_what_is_wrong_and_how_to_go_on(tmp_path):
    content = {
        "optim_name": "Full",
        "config": str(tmp_path / "model.json"),
        "num_workers": 1,
        "grid": GRID,
        "metric": {"name": "score", "criteria": "max"},
        "max_iters": 6,
        "convergence": None,
    }
    model_file = {"class": "tests.study_models:Score", "environment": "tests/rows.jsonl", "mdl_file": "w"}
    (tmp_path / "study.json").write_text(json.dumps(content))
    (tmp_path / "model.json").write_text(json.dumps({**model_file, "hp_params": {}}))
    out = tmp_path / "out"
    done = optimize(tmp_path / "study.json", "--output", out, "--no-plots", preexec_fn=limit_file_size)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"error: {out / 'journal.log'}: File too large; ")
    assert line.endswith(f"Continue: python optimize.py --resume {out}")
    assert load_record(out).status == "interrupted"
    assert half_written(out) == []
    assert optimize("--resume", out, "--no-plots").returncode == 0
    assert [trial.number for trial in load_record(out).trials] == list(range(6))


def limit_file_size():
    resource.setrlimit(resource.RLIMIT_FSIZE, (4000, 4000))


@pytest.mark.parametrize("name", ["trials/0002", "trials/0002/run_0", "trials/0002/trial.json", "best"])
def test_a_path_that_cannot_be_written_ends_the_search_in_one_line_and_is_named(tmp_path, name):
    whole = search(study_of(4), tmp_path / "whole")
    with pytest.raises(StudyFolderError) as error:
        search(study_of(4), tmp_path / "cut", listener=Blocker(tmp_path / "cut" / name))
    assert str(error.value).startswith(f"{tmp_path / 'cut'}")
    assert str(error.value).endswith(MEND)
    assert "\n" not in str(error.value)
    assert half_written(tmp_path / "cut") == []
    Blocker.clear(tmp_path / "cut" / name)
    resumed = search(study_of(4), tmp_path / "cut")
    assert [(t.params, t.metrics) for t in resumed.trials] == [(t.params, t.metrics) for t in whole.trials]
    assert files_of(tmp_path / "cut") == files_of(tmp_path / "whole")


class Blocker(Diary):
    """Puts something into the way after the second trial: a full folder, or a file where a folder is to be."""

    def __init__(self, path):
        super().__init__()
        self.path = path

    def trial_finished(self, trial, best, num_finished):
        if trial.number != 1:
            return
        self.clear(self.path)
        if self.path.name in ("trial.json", "best"):
            (self.path / "in the way").mkdir(parents=True)
        else:
            self.path.parent.mkdir(exist_ok=True)
            self.path.write_text("in the way")

    @staticmethod
    def clear(path):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def test_results_that_cannot_be_written_end_the_search_too(tmp_path):
    whole = search(study_of(3), tmp_path / "whole")
    (tmp_path / "cut/results.json/in the way").mkdir(parents=True)
    with pytest.raises(StudyFolderError) as error:
        search(study_of(3), tmp_path / "cut")
    assert "results.json: Is a directory" in str(error.value)
    assert half_written(tmp_path / "cut") == []
    shutil.rmtree(tmp_path / "cut/results.json")
    assert search(study_of(3), tmp_path / "cut").best == whole.best


def test_trouble_of_the_listener_is_not_called_trouble_of_the_folder(tmp_path):
    class Deaf(Diary):
        def trial_finished(self, trial, best, num_finished):
            raise BrokenPipeError(32, "Broken pipe")

    with pytest.raises(BrokenPipeError):
        search(study_of(3), tmp_path, listener=Deaf())
