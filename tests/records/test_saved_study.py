"""study.json: a study goes on wherever it, and what it names, has been taken."""

import json
import shutil
import sys
from pathlib import Path

import pytest

from rliable.config.study_file import load_study
from rliable.records.folders import StudyFolder
from rliable.records.saved_study import load_saved_study, save_study
from rliable.schema import ConfigError

MODEL = {"class": "own_score.py:Score", "environment": "data/rows.csv", "mdl_file": "w", "hp_params": {}}
STUDY = {
    "config": "model.json",
    "optim_name": "Test",
    "num_workers": 1,
    "grid": {"x": [1, 2]},
    "metric": {"name": "score", "criteria": "max"},
    "max_iters": 2,
    "convergence": None,
    "sampler": "own_sampler.py:RandomSampler",
}


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project with a study in experiment/, searched from the project's folder into runs/one."""
    home = tmp_path / "project"
    (home / "experiment/data").mkdir(parents=True)
    (home / "experiment/data/rows.csv").write_text("value\n1\n")
    (home / "experiment/own_score.py").write_text("from tests.study_models import Score")
    (home / "experiment/own_sampler.py").write_text("from optuna.samplers import RandomSampler")
    (home / "experiment/model.json").write_text(json.dumps(MODEL))
    (home / "experiment/study.json").write_text(json.dumps(STUDY))
    monkeypatch.chdir(home)
    folder = StudyFolder(home / "runs/one")
    folder.path.mkdir(parents=True)
    save_study(folder, load_study("experiment/study.json"), 3)
    return home


def resume(path, trusted=()):
    """What a study in a folder names: its data, its model and its sampler."""
    study, seed = load_saved_study(StudyFolder(path), {}, trusted=[str(file) for file in trusted])
    assert (seed, study.num_trials) == (3, 2)
    return study.model.environment, study.model.class_name, study.config.sampler


def test_study_that_stays_goes_on(project):
    names = "experiment/own_score.py:Score", "experiment/own_sampler.py:RandomSampler"
    assert resume(Path("runs/one")) == (str(project / "experiment/data/rows.csv"), *names)


def test_study_goes_on_from_another_working_folder(project, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    own = [project / "experiment" / name for name in ("own_score.py", "own_sampler.py")]
    assert resume(project / "runs/one", own)[0] == str(project / "experiment/data/rows.csv")


def test_copied_study_finds_its_data_where_it_was(project, tmp_path, monkeypatch):
    shutil.copytree(project / "runs/one", tmp_path / "copy")
    monkeypatch.chdir(tmp_path)
    assert resume(tmp_path / "copy")[0] == str(project / "experiment/data/rows.csv")


def test_project_that_was_moved_goes_on(project, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    project.rename(tmp_path / "moved")
    own = [tmp_path / "moved/experiment" / name for name in ("own_score.py", "own_sampler.py")]
    assert resume(tmp_path / "moved/runs/one", own)[0] == str(tmp_path / "moved/experiment/data/rows.csv")


def test_project_that_was_copied_goes_on_with_its_own_data(project, tmp_path, monkeypatch):
    shutil.copytree(project, tmp_path / "copy")
    monkeypatch.chdir(tmp_path / "copy")
    assert resume(Path("runs/one"))[0] == str(tmp_path / "copy/experiment/data/rows.csv")


def test_moved_study_finds_its_data_from_the_working_folder(project, tmp_path, monkeypatch):
    (project / "runs/one").rename(tmp_path / "one")
    (tmp_path / "elsewhere").mkdir()
    (project / "experiment").rename(tmp_path / "elsewhere/experiment")
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert resume(tmp_path / "one")[0] == str(tmp_path / "elsewhere/experiment/data/rows.csv")


@pytest.mark.parametrize("place", ["working folder", "beside the study"])
def test_moved_study_finds_its_data_as_written(project, tmp_path, monkeypatch, place):
    (project / "runs/one").rename(tmp_path / "one")
    where = tmp_path / ("elsewhere" if place == "working folder" else "one")
    where.mkdir(exist_ok=True)
    for name in ("own_score.py", "own_sampler.py", "data"):
        (project / "experiment" / name).rename(where / name)
    monkeypatch.chdir(where if place == "working folder" else tmp_path)
    own = [where / name for name in ("own_score.py", "own_sampler.py")]
    assert resume(tmp_path / "one", own)[0] == str(where / "data/rows.csv")


def test_study_whose_data_is_gone_says_so_in_one_line(project):
    (project / "experiment/data/rows.csv").unlink()
    with pytest.raises(ConfigError) as caught:
        resume(project / "runs/one")
    (line,) = caught.value.problems
    assert line.startswith(f"{project}/runs/one/study.json: model: environment: no such file ")


def test_study_saved_before_places_were_kept_goes_on(project):
    file = project / "runs/one/study.json"
    content = json.loads(file.read_text())
    del content["files"]
    file.write_text(json.dumps(content))
    assert resume(project / "runs/one")[0] == str(project / "experiment/data/rows.csv")


@pytest.mark.parametrize("content", ["[]", '{"study": 3, "model": {}}', '{"study": {"seed": 1}, "model": []}', "{}"])
def test_file_that_is_no_study_is_one_line(project, content):
    (project / "runs/one/study.json").write_text(content)
    with pytest.raises(ConfigError, match=r"study\.json: not the study\.json of a study"):
        resume(project / "runs/one")


def test_a_study_is_not_continued_with_another_version_of_its_model_unless_that_is_wished(project):
    folder = StudyFolder(project / "runs/one")
    own = "from tests.study_models import Score as Old\n\n\nclass Score(Old):\n    version = '7'\n"
    (project / "experiment/own_score.py").write_text(own)
    sys.modules.pop("own_score", None)
    words = "own_score.py:Score was version 1 when this study was begun and is version 7 now"
    with pytest.raises(ConfigError, match=words):
        load_saved_study(folder, {})
    assert json.loads(folder.study_json.read_text())["model_versions"] == ["1"]

    load_saved_study(folder, {}, across_versions=True)

    assert json.loads(folder.study_json.read_text())["model_versions"] == ["1", "7"]
    load_saved_study(folder, {})  # from now on it is what the study is searched with
