"""Taking a study up where its journal stands: what comes back, what stays as it is, and what time counts."""

import csv
import json
import shutil
import time

import pytest

from rliable.records.results import load_record
from rliable.schema import ConfigError
from tests.studies import make_study
from tests.tuning.searches import Diary, model, open_tuner, search

GRID = {"x": [1, 2, 3, 4]}
SECONDS = 0.15  # that a run takes
PAUSE = 1.5  # between two searches


def study_of(max_iters, **hp_params):
    return make_study(GRID, model(**hp_params), sampler="grid", seeds_per_trial=2, max_iters=max_iters)


def files_of(path):
    """Every file of a study but the lock, with its content and when it was written."""
    files = [file for file in path.rglob("*") if file.is_file() and file.name != ".lock"]
    return {file.relative_to(path): (file.read_bytes(), file.stat().st_mtime_ns) for file in files}


@pytest.mark.parametrize("convergence", [None, 10.0])
def test_a_finished_study_stays_as_it_is(tmp_path, convergence):
    study = make_study(GRID, model(), sampler="grid", convergence=convergence, patience=1, max_iters=4)
    first = search(study, tmp_path)
    before = files_of(tmp_path)
    time.sleep(0.05)
    assert search(study, tmp_path) == first
    assert files_of(tmp_path) == before


@pytest.mark.parametrize("name", ["results.json", "trials.csv", "trials/0001/trial.json"])
@pytest.mark.parametrize("damage", ["gone", "emptied", "cut"])
def test_a_file_made_from_the_journal_comes_back_as_it_was(tmp_path, name, damage):
    study = study_of(3, bad=[2])
    search(study, tmp_path)
    before = files_of(tmp_path)
    file, content = tmp_path / name, (tmp_path / name).read_bytes()
    if damage == "gone":
        file.unlink()
    else:
        file.write_bytes(b"" if damage == "emptied" else content[: len(content) // 2])
    search(study, tmp_path)
    assert {path: content for path, (content, _) in files_of(tmp_path).items()} == {
        path: content for path, (content, _) in before.items()
    }


@pytest.mark.parametrize("line", ["3", "{}", '{"op_code": 0}', '{"op_code": 4, "trial_id": 77}', "[[]]"])
def test_a_journal_of_no_sense_is_told_of_in_one_line(tmp_path, line):
    study = study_of(2)
    search(study, tmp_path)
    with (tmp_path / "journal.log").open("a") as file:
        file.write(f"{line}\n")
    with pytest.raises(ConfigError) as error:
        search(study, tmp_path)
    (words,) = error.value.problems
    assert words.startswith(f"{tmp_path}/journal.log: damaged, or not the journal of this study: ")


def test_everything_but_the_runs_comes_back_of_the_journal_alone(tmp_path):
    study = study_of(3, bad=[2])
    first = search(study, tmp_path)
    before = files_of(tmp_path)
    for path in list(tmp_path.iterdir()):
        if path.name != "journal.log":
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    listener = Diary()
    assert search(study, tmp_path, listener=listener) == first
    assert listener.trials == []
    names = ["journal.log", "results.json", *(f"trials/000{n}/trial.json" for n in range(3)), "trials.csv"]
    assert sorted(str(path) for path in files_of(tmp_path)) == sorted(names)
    assert all(content == before[path][0] for path, (content, _) in files_of(tmp_path).items())
    assert (tmp_path / "best").resolve() == tmp_path / "trials/0002"


def test_a_file_that_is_gone_comes_back_before_the_study_goes_on(tmp_path):
    search(study_of(2), tmp_path)
    text = (tmp_path / "trials/0000/trial.json").read_text()
    (tmp_path / "trials/0000/trial.json").unlink()
    with open_tuner(study_of(3), tmp_path):
        assert (tmp_path / "trials/0000/trial.json").read_text() == text


def test_the_folder_of_a_finished_run_that_is_gone_stays_gone(tmp_path):
    search(study_of(2), tmp_path)
    shutil.rmtree(tmp_path / "trials/0000/run_1")
    listener = Diary()
    search(study_of(3), tmp_path, listener=listener)
    assert [number for number, *_ in listener.trials] == [2]
    assert not (tmp_path / "trials/0000/run_1").exists()


def test_a_study_that_was_killed_before_its_last_words_is_finished_by_resume(tmp_path):
    study = study_of(2)
    whole = search(study, tmp_path)
    results = json.loads((tmp_path / "results.json").read_text())
    running = {**results, "status": "running", "stop_reason": None, "finished": None}
    (tmp_path / "results.json").write_text(json.dumps(running))
    drop_last_line(tmp_path)
    resumed = search(study, tmp_path)
    assert (resumed.status, resumed.stop_reason, resumed.trials) == ("finished", whole.stop_reason, whole.trials)
    assert (resumed.started, resumed.finished) == (whole.started, whole.trials[-1].finished)


def test_pauses_are_no_time_of_the_study(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        search(study_of(4, seconds=SECONDS), tmp_path, listener=Diary(stop_after=2))
    cut = load_record(tmp_path)
    assert 4 * SECONDS < cut.seconds == cut.worked_seconds
    time.sleep(PAUSE)
    whole = search(study_of(4, seconds=SECONDS), tmp_path)
    assert whole.started == cut.started
    assert 8 * SECONDS < whole.seconds < whole.finished - whole.started - PAUSE
    assert whole.slot_utilisation > 0.5


def test_a_finished_study_that_is_given_more_trials_counts_on(tmp_path):
    first = search(study_of(1, seconds=SECONDS), tmp_path)
    second = search(study_of(2, seconds=SECONDS), tmp_path)
    assert second.started == first.started
    assert second.seconds - first.seconds > 2 * SECONDS
    assert second.slot_utilisation > 0.5


@pytest.mark.parametrize("is_results_left", [True, False])
def test_a_killed_search_counts_up_to_the_last_run_that_finished(tmp_path, is_results_left):
    whole = search(study_of(2, seconds=SECONDS), tmp_path)
    drop_last_line(tmp_path)
    if not is_results_left:
        (tmp_path / "results.json").unlink()
    time.sleep(PAUSE)
    resumed = search(study_of(3, seconds=SECONDS), tmp_path)
    worked_before = whole.trials[-1].finished - whole.started
    assert worked_before + 2 * SECONDS < resumed.seconds < resumed.finished - resumed.started - PAUSE
    assert resumed.started == whole.started
    assert resumed.slot_utilisation > 0.4


def test_a_resumed_study_shows_what_finished_before(tmp_path):
    first = search(study_of(2), tmp_path)
    with open_tuner(study_of(4), tmp_path) as tuner:
        assert (tuner.record.trials, tuner.record.best) == (first.trials, first.best)
        assert (tuner.record.status, tuner.record.started) == ("running", first.started)


def test_a_converged_study_that_is_given_more_trials_says_so(tmp_path):
    grid = {"x": [3.0, 3.01, 9.0]}
    first = search(make_study(grid, model(), sampler="grid", convergence=0.1, patience=1, max_iters=2), tmp_path)
    more = search(make_study(grid, model(), sampler="grid", convergence=0.1, patience=1, max_iters=3), tmp_path)
    assert (first.max_iters, more.max_iters) == (2, 3)
    assert (more.trials, more.stop_reason, more.seconds) == (first.trials, first.stop_reason, first.seconds)


def test_table_of_a_resumed_study_has_every_trial_once(tmp_path):
    search(study_of(2), tmp_path)
    search(study_of(4), tmp_path)
    assert [row["number"] for row in csv.DictReader((tmp_path / "trials.csv").open())] == ["0", "1", "2", "3"]


def test_a_journal_of_a_later_version_is_refused_by_name(tmp_path):
    search(study_of(1), tmp_path)
    journal = tmp_path / "journal.log"
    journal.write_text(journal.read_text().replace('{"format":2,"run":0', '{"format":3,"run":0'))
    with pytest.raises(Exception, match=r"journal\.log: trial 0: has format 3; this version of RLiable reads"):
        search(study_of(1), tmp_path)


def drop_last_line(path):
    """Leaves the journal as a search leaves it that is killed after its last trial."""
    lines = (path / "journal.log").read_bytes().splitlines(keepends=True)
    assert b'"sessions"' in lines[-1]
    (path / "journal.log").write_bytes(b"".join(lines[:-1]))
