"""Folders of a stranger, on the command line: refused in one line, and taken with the words that it ends with."""

import json
import shlex
import shutil

import pytest

from rliable import search
from rliable.cli.optimize import make_parser, resume_command
from rliable.cli.study import Mode, resume_study
from rliable.records.results import load_record
from rliable.schema import ConfigError
from tests.cli.commands import optimize

SCRIPT = "import sys; print('reward', sys.argv[1]); open(sys.argv[2], 'a').write('ran ')"


@pytest.fixture
def theirs(tmp_path):
    """A study of a script that leaves a trace whenever it runs."""
    trace = tmp_path / "trace"
    command = ["{python}", "-c", SCRIPT, "{x}", str(trace)]
    hp_params = {"command": command, "figures": {"pattern": r"reward (?P<reward>\S+)"}, "x": 1}
    model = {"class": "Command", "environment": "a name", "mdl_file": "w", "hp_params": hp_params}
    study = {"config": "model.json", "optim_name": "theirs", "num_workers": 1, "grid": {"x": [1, 2, 3]}, "max_iters": 1}
    study |= {"metric": {"name": "reward", "criteria": "max"}, "convergence": None, "sampler": "grid", "seed": 1}
    (tmp_path / "model.json").write_text(json.dumps(model))
    (tmp_path / "study.json").write_text(json.dumps(study))
    done = optimize(tmp_path / "study.json", "--output", tmp_path / "theirs", "--no-plots", folder=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert trace.read_text() == "ran "
    return tmp_path


def rliable(command, folder):
    """Runs one of the commands that have no script of their own."""
    return optimize("-m", "rliable", command, "theirs", script=None, folder=folder)


def test_a_study_of_a_strangers_command_goes_on_only_if_it_is_trusted(theirs):
    resumed = ["--resume", "theirs", "--max-iters", 2, "--no-plots"]
    done = optimize(*resumed, folder=theirs)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert (theirs / "trace").read_text() == "ran "
    with pytest.raises(ConfigError, match="add --trust Command"):
        search(theirs / "theirs")
    flag = shlex.split(done.stderr.strip().rpartition("add ")[2])

    done = optimize(*resumed, *flag, folder=theirs)

    assert flag == ["--trust", "Command"] and done.returncode == 0, done.stderr
    assert (theirs / "trace").read_text() == "ran ran "
    assert len(load_record(theirs / "theirs").trials) == 2


def test_a_strangers_study_is_told_of_and_drawn_and_runs_nothing(theirs):
    for command in ("status", "plot"):
        done = rliable(command, theirs)
        assert done.returncode == 0, done.stderr
    done = optimize("--model", "theirs/best", script="evaluate.py", folder=theirs)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1) and "--trust Command" in done.stderr
    assert (theirs / "trace").read_text() == "ran "


def test_trust_without_a_folder_is_a_mistake(theirs):
    done = optimize("study.json", "--trust", "Command", folder=theirs)
    assert done.returncode == 2
    assert done.stderr == "error: --trust goes with --resume DIR; what your own files name is trusted\n"


def test_a_study_with_a_link_out_of_it_is_neither_drawn_nor_continued(theirs):
    shutil.rmtree(theirs / "theirs/figures", ignore_errors=True)
    (theirs / "theirs/figures").symlink_to(theirs / "outside")
    (theirs / "outside").mkdir()
    plot = rliable("plot", theirs)
    resumed = optimize("--resume", "theirs", "--trust", "Command", folder=theirs)
    for done in (plot, resumed):
        assert (done.returncode, done.stderr.count("\n")) == (2, 1)
        assert "theirs/figures: this link leads out of the study's folder" in done.stderr
    assert list((theirs / "outside").iterdir()) == []


def test_the_way_on_that_is_printed_has_the_trust_that_it_takes(theirs, monkeypatch):
    monkeypatch.chdir(theirs)
    opened = resume_study("theirs", {}, Mode(), trusted=["Command"])
    opened.folder.lock.release()
    words = shlex.split(resume_command(make_parser().parse_args(["study.json"]), opened))
    assert words[-4:] == ["--resume", "theirs", "--trust", "Command"]


@pytest.mark.slow
@pytest.mark.agents
def test_a_trained_agent_is_evaluated_without_the_graph_that_lies_beside_it(tmp_path):
    brief = {"train_iterations": 20, "initial_collect_steps": 10, "num_eval_episodes": 2, "batch_size": 4}
    model = {"class": "DQN", "environment": "CartPole-v0", "mdl_file": "w", "hp_params": brief}
    (tmp_path / "model.json").write_text(json.dumps(model))
    train = optimize("--config", "model.json", "--output", "out", script="train.py", folder=tmp_path)
    assert train.returncode == 0, train.stderr
    graph = tmp_path / "out/model/policy/saved_model.pb"
    graph.write_bytes(b"what would do harm")
    done = optimize("--model", "out", script="evaluate.py", folder=tmp_path)
    assert done.returncode == 0, done.stderr
