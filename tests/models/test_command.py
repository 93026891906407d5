"""Scripts in any language as models: their figures, their limits, how they are stopped, and how they go on."""

import json
import math
import os
import shutil
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from rliable.config.model_file import load_model_file
from rliable.config.study_file import load_study
from rliable.executors import make_executor
from rliable.executors.base import ExecutorOptions
from rliable.executors.slots.compute import Computer
from rliable.executors.slots.messages import Start
from rliable.executors.worker import Exchange, evaluate_run, run_unit
from rliable.records.checkpoints import Checkpoints
from rliable.records.folders import StudyFolder
from rliable.records.results import load_record
from rliable.records.run_files import find_runs
from rliable.schema import ConfigError
from rliable.unit import Answer, Limits, ModelConfig, Unit

ROOT = Path(__file__).parents[2]
SCRIPTS = Path(__file__).with_name("scripts") / "programs"
PYTHON = f"{sys.executable} {SCRIPTS / 'talker.py'}"
SHELL = f"sh {SCRIPTS / 'talker.sh'}"


def make_unit(command, figures=None, limits=None, trial=0, **params):
    hp_params = {"command": command, "figures": figures or {"json_lines": "reward"}, **params}
    return Unit(trial, 0, ModelConfig("Command", "a name", "", hp_params), 7, limits or Limits(max_attempts=1))


def run(command, figures=None, **params):
    return run_unit(make_unit(command, figures, **params), "test")


@pytest.fixture
def serial():
    """Runs units in a slot on this machine."""
    executors = []

    def execute(units, on_report=None, **options):
        executors.append(make_executor("serial", ExecutorOptions(class_names=("Command",), **options)))
        return list(executors[-1].execute(iter(units), on_report))

    yield execute
    for executor in executors:
        executor.close()


@pytest.mark.parametrize(
    ("command", "figures", "name"),
    [
        (f"{PYTHON} --say json", {"json_lines": "reward"}, "reward"),
        (f"{PYTHON} --say text", {"pattern": r"step (?P<step>\d+): (?P<value>\S+)"}, "value"),
        (f"{PYTHON} --csv {{folder}}/a.csv", {"csv": "{folder}/a.csv", "column": "reward"}, "reward"),
        (f"{PYTHON} --events {{folder}}/tb", {"tensorboard": "{folder}/tb", "tag": "charts/reward"}, "charts/reward"),
        (f"{PYTHON} --events runs/tb", {"tensorboard": "runs", "tag": "charts/reward"}, "charts/reward"),
        (f"{SHELL} {{seed}} {{environment}}", {"json_lines": "reward"}, "reward"),
    ],
)
def test_figures_become_the_learning_curve_and_the_last_the_metric(command, figures, name):
    result = run(command, figures, working_folder="{folder}")
    assert result.error is None, result.traceback
    assert result.learning_curve == [{"step": step, name: step / 2} for step in (10, 20, 30)]
    assert result.metrics == {name: 15.0}


@pytest.mark.parametrize(
    ("settings", "metric"),
    [
        ({}, 15.0),
        ({"reduction": "mean"}, 10.0),
        ({"reduction": "mean", "num_last": 2}, 12.5),
        ({"reduction": "max"}, 15.0),
        ({"reduction": "min", "num_last": 1}, 15.0),
    ],
)
def test_what_is_reported_in_the_end_may_be_chosen(settings, metric):
    assert run(f"{PYTHON} --say json", **settings).metrics == {"reward": metric}


def test_an_undefined_figure_is_reported_as_it_is():
    result = run(f"{PYTHON} --say json --value nan", reduction="max")
    assert math.isnan(result.metrics["reward"])


def test_each_value_is_one_argument_and_no_shell_reads_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tricky = ["two words", '"quoted"', "it's", "$(touch reached)", "`touch reached`", "; touch reached", "*", ""]
    names = [f"v{i}" for i in range(len(tricky))]
    values = dict(zip(names, tricky, strict=True))
    script = "import sys, json; json.dump(sys.argv[2:], open(sys.argv[1], 'w')); print(json.dumps({'reward': 1}))"
    command = [sys.executable, "-c", script, "{folder}/words.json", *[f"{{{name}}}" for name in names]]
    result = run(command, **values)
    assert json.loads(bytes(result.files["words.json"])) == tricky
    assert not Path("reached").exists()


def test_numbers_lists_and_truth_values_arrive_as_json():
    script = "import sys; assert sys.argv[1:] == ['1e-05', '[64, 64]', 'true']; print('reward 1')"
    words = [sys.executable, "-c", script, "{a}", "{b}", "{c}"]
    assert run(words, {"pattern": "(?P<reward>1)"}, a=1e-5, b=[64, 64], c=True).error is None


def test_seed_environment_folder_and_python_are_filled_in():
    script = "import sys, json; assert sys.argv[1:3] == ['7', 'a name'], sys.argv; print(json.dumps({'reward': 1}))"
    result = run(["{python}", "-c", script, "{seed}", "{environment}", "{folder}"])
    assert result.error is None, result.error


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ("--fail", "ScriptError: ValueError: the script's own mistake (exit code 1)"),
        (
            "",
            "ScriptError: the script ended well and gave no figure; looked for a line of its output "
            "that is a JSON object with 'reward'",
        ),
    ],
)
def test_a_script_that_goes_wrong_fails_its_run_in_one_line(arguments, error):
    assert run(f"{PYTHON} {arguments}").error == error


def test_a_figure_that_never_came_is_named_with_its_place():
    result = run(f"{PYTHON}", {"csv": "{folder}/b.csv", "column": "x"})
    assert "looked for the column 'x' in " in result.error
    assert result.error.endswith("/b.csv")


def test_what_it_leaves_in_its_folder_is_the_saved_model_up_to_a_size():
    result = run(f"{PYTHON} --say json --weights 1000 --folder {{folder}}")
    assert len(result.files["weights.bin"]) == 1000
    too_large = run(f"{PYTHON} --say json --weights 3000000 --folder {{folder}}", max_saved_mb=2)
    assert too_large.error == "ScriptError: it left 3 MB in {folder}, more than max_saved_mb 2"


def test_a_stopped_script_is_asked_to_end_and_saves_nothing(serial, tmp_path):
    def stop_at_twenty(report):
        return Answer.STOP if report.step >= 20 else Answer.GO_ON

    unit = make_unit(f"{PYTHON} --say json --steps 1000 --pause 0.05 --told {tmp_path / 'told'}")
    (result,) = serial([unit], stop_at_twenty)
    assert (result.is_stopped, result.metrics, result.files) == (True, None, {})
    assert 2 <= len(result.learning_curve) < 100
    assert (tmp_path / "told").read_text() == "asked to end"


@pytest.mark.parametrize(
    ("limits", "arguments", "error"),
    [
        (Limits(timeout_seconds=1.0), "--pause 60", "exceeded trial_timeout_seconds 1"),
        (Limits(memory_mb=200), "--pause 60 --megabytes 300", "exceeded max_trial_memory_mb 200"),
    ],
)
def test_limits_hold_for_the_script_and_leave_nothing_of_it(serial, limits, arguments, error):
    (result,) = serial([make_unit(f"{PYTHON} --say json {arguments} --mark {os.getpid()}", limits=limits)])
    assert result.error == error
    commands = [" ".join(process.info["cmdline"] or []) for process in psutil.process_iter(["cmdline"])]
    assert not [command for command in commands if f"--mark {os.getpid()}" in command]


def test_a_killed_run_goes_on_from_the_scripts_checkpoint(serial, tmp_path):
    kept = Checkpoints(StudyFolder(tmp_path / "study"), "1")
    command = f"{PYTHON} --say json --steps 8 --pause 0.7 --die-once {tmp_path / 'died'} --folder {{folder}}"
    unit = make_unit(command, limits=Limits(max_attempts=2), resume_flag="--resume")
    (result,) = serial([unit], checkpoints=kept)
    assert result.error is None, result.traceback
    assert result.attempts == 2
    assert [row["step"] for row in result.learning_curve] == [10, 20, 30, 40, 50, 60, 70, 80]
    assert json.loads(bytes(result.files["began.json"])) >= 1  # the second process did not begin anew


def test_a_paused_script_leaves_the_checkpoint_that_it_writes_at_its_end():
    kept, rows = [], []

    def pause(row):
        rows.append(row)
        return Answer.PAUSE

    unit = make_unit(f"{PYTHON} --say json --steps 100 --pause 0.05 --folder {{folder}}", resume_flag="--resume")
    result = run_unit(unit, "test", exchange=Exchange(pause, kept.append))
    assert (result.is_paused, len(rows)) == (True, 1)
    assert json.loads(kept[-1]["state.json"]) >= 1


def test_a_saved_run_is_told_of_again_without_running_the_script(tmp_path, monkeypatch):
    shutil.copy(SCRIPTS / "talker.py", tmp_path)
    monkeypatch.chdir(tmp_path)
    model = {"command": "{python} talker.py --say json", "figures": {"json_lines": "reward"}}
    write(tmp_path, model)
    command = [sys.executable, str(ROOT / "train.py"), "--config", "model.json", "--seed", "1", "--output", "out"]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    Path("talker.py").unlink()
    (saved,) = find_runs("out", ["Command"])
    assert evaluate_run(saved, None, None).metrics == {"reward": 15.0}


def write(folder, hp_params, **study):
    content = {"class": "Command", "environment": "a name", "mdl_file": "w", "hp_params": hp_params}
    (folder / "model.json").write_text(json.dumps(content))
    keys = {"config": "model.json", "optim_name": "Test", "num_workers": 2, "grid": {}, "max_iters": 3}
    keys |= {"metric": {"name": "reward", "criteria": "max"}, "convergence": None}
    (folder / "study.json").write_text(json.dumps({**keys, **study}))


@pytest.mark.parametrize(
    ("hp_params", "study", "lines"),
    [
        ({"lr": 1}, {}, []),
        ({}, {"grid": {"lr": [1, 2]}}, []),
        ({}, {}, ["model.json: hp_params.lr: missing; The command line has {lr}."]),
        (
            {"lr": 1, "lrr": 1},
            {},
            [
                "model.json: hp_params.lrr: unknown key; did you mean 'lr'? known: command, figures, grace_seconds, "
                "lr, max_saved_mb, num_last, reduction, resume_flag, working_folder"
            ],
        ),
        (
            {"lr": 1},
            {"grid": {"lrr": [1, 2]}},
            [
                "study.json: grid.lrr: unknown hyperparameter; did you mean 'lr'? known: command, figures, "
                "grace_seconds, lr, max_saved_mb, num_last, reduction, resume_flag, working_folder"
            ],
        ),
        (
            {"lr": 1},
            {"grid": {"command": ["a", "b"]}},
            ["study.json: grid.command: cannot be searched over; write it in the model file"],
        ),
        (
            {"lr": 1},
            {"metric": {"name": "rewrd", "criteria": "max"}},
            ["study.json: metric.name: unknown 'rewrd'; did you mean 'reward'? known: reward"],
        ),
        (
            {"lr": 1, "command": "python 'a {lr}"},
            {},
            ["model.json: hp_params.command: cannot be split into words: No closing quotation"],
        ),
        (
            {"command": "python 'a {lr}"},
            {"grid": {"lr": [1, 2]}},
            ["model.json: hp_params.command: cannot be split into words: No closing quotation"],
        ),
        (
            {"lr": 1, "command": 5},
            {},
            ["model.json: hp_params.command: expected a text or a non-empty list of texts, found 5"],
        ),
        (
            {"lr": 1, "figures": {"json_lines": "a", "csv": "b", "column": "c"}},
            {},
            [
                "model.json: hp_params.figures: expected one of json_lines, csv, tensorboard, pattern, "
                "found json_lines and csv"
            ],
        ),
        (
            {"lr": 1, "figures": {"tensorboard": "runs", "tag": "reward"}},
            {},
            [
                "model.json: hp_params.figures.tensorboard: 'runs' is the same for all runs; put it below {folder}, or "
                "have the script run there with working_folder '{folder}'"
            ],
        ),
    ],
)
def test_mistakes_are_found_before_a_study_starts(tmp_path, monkeypatch, hp_params, study, lines):
    monkeypatch.chdir(tmp_path)
    write(tmp_path, {"command": "python train.py {lr}", "figures": {"json_lines": "reward"}, **hp_params}, **study)
    try:
        load_study("study.json")
        found = []
    except ConfigError as error:
        found = error.problems
    assert found == lines


def test_files_of_the_command_are_found_beside_the_model_file(tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    write(tmp_path / "here", {"command": "python train.py a.b", "figures": {"json_lines": "reward"}})
    (tmp_path / "here" / "train.py").touch()
    monkeypatch.chdir(tmp_path)
    model, *_ = load_model_file("here/model.json")
    assert model.hp_params["command"] == ["python", str(tmp_path / "here" / "train.py"), "a.b"]


def optimize(folder, *arguments):
    command = [sys.executable, "optimize.py", "config/optim_command.json", "--seed", "3", "--no-plots"]
    command += ["--output", str(folder), *arguments]
    subprocess.run(command, check=True, capture_output=True, cwd=ROOT, timeout=240)
    return [(t.params, t.metrics, [run.seed for run in t.runs]) for t in load_record(folder).trials]


@pytest.mark.spark
def test_a_study_is_the_same_serially_and_on_a_cluster(tmp_path):
    serial = optimize(tmp_path / "serial")
    assert len(serial) == 5
    assert optimize(tmp_path / "level1", "--parallelized", "--master", "local-cluster[2,1,1024]") == serial


@pytest.mark.parametrize("is_here", [True, False])
def test_a_script_runs_where_it_was_named_or_else_where_it_was_shipped_to(tmp_path, is_here):
    named, shipped = tmp_path / "named.py", tmp_path / "shipped.py"
    shutil.copy(SCRIPTS / "talker.py", shipped)
    if is_here:
        named.touch()
    start = Start("slot 0", 1, (), {str(named): str(shipped)}, 1)
    unit = Computer(None, start)._at_home(make_unit(f"python {named} --say json"))
    place = named if is_here else shipped
    assert unit.model.hp_params["command"] == ["python", str(place), "--say", "json"]
