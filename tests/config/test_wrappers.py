"""`wrappers` of a model file: how they are written, how mistakes read, and that they arrive everywhere."""

import json
import shutil
import sys

import pytest

from rliable.cli.evaluate import with_environment
from rliable.config.environment import classes_of
from rliable.config.model_file import check_model, load_model_file
from rliable.config.wrappers import check_wrappers
from rliable.executors.worker import open_data
from rliable.records.folders import RunFolder
from rliable.records.run_files import find_runs, write_run
from rliable.schema import ConfigError
from rliable.unit import ModelConfig, UnitResult

OWN = "tests.environments.wrapped_environments:AddToReward"
COUNTING = "tests.environments.wrapped_environments:Counting"
MODEL = {
    "class": "DQN",
    "environment": COUNTING,
    "mdl_file": "w",
    "hp_params": {"train_iterations": 9},
    "environment_kwargs": {"is_numbers": True},
}
ONE_FILE = """
import gymnasium

class Twice(gymnasium.RewardWrapper):
    def reward(self, reward):
        return 2 * reward
"""


def lines_of(*wrappers):
    return [str(problem) for problem in check_wrappers(wrappers)[1]]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("atari", {"atari": {}}),
        ("time_limit(500)", {"time_limit": {"steps": 500}}),
        ({"time_limit": 500}, {"time_limit": {"steps": 500}}),
        ({"time_limit": {"steps": 500}}, {"time_limit": {"steps": 500}}),
        ("resize(84, 96)", {"resize": {"height": 84, "width": 96}}),
        ({"resize": [84, 96]}, {"resize": {"height": 84, "width": 96}}),
        (f"{OWN}(0.5)", {OWN: {"amount": 0.5}}),
        ({OWN: {"amount": 1, "times": 2}}, {OWN: {"amount": 1, "times": 2}}),
    ],
)
def test_a_wrapper_is_written_in_several_ways_and_read_in_one(written, read):
    assert check_wrappers([written]) == ([read], [])
    assert check_wrappers([read]) == ([read], [])


KNOWN = (
    "action_repeat, atari, clip_actions, clip_rewards, episodic_life, fire_on_reset, frame_stack, grey, max_and_skip, "
    "noop_start, rescale_actions, resize, scale_rewards, sticky_actions, time_limit"
)
FORMS = 'expected a name or an object of one name, such as "time_limit(500)" or {"frame_stack": 4}, found '


@pytest.mark.parametrize(
    ("wrapper", "line"),
    [
        (
            "frame_stak(4)",
            f"wrappers[0]: unknown wrapper 'frame_stak'; did you mean 'frame_stack'? known: {KNOWN}; or "
            "'package.module:Class' or 'file.py:Class'",
        ),
        ({"frame_stack": 1}, "wrappers[0].frame_stack.size: 1 is out of range, must be in [2, 100]"),
        ({"frame_stack": "4"}, "wrappers[0].frame_stack.size: expected a whole number, found '4'"),
        ("time_limit", "wrappers[0].time_limit.steps: missing; Steps of an episode."),
        ("atari(4)", "wrappers[0].atari: takes no arguments, found 1 argument"),
        ("time_limit(4, 5)", "wrappers[0].time_limit: takes steps, found 2 arguments"),
        ({"grey": {"size": 3}}, "wrappers[0].grey.size: unknown key; known: "),
        ("clip_rewards(1, -1)", "wrappers[0].clip_rewards.low: 1 is not below high -1"),
        (3, f"wrappers[0]: {FORMS}3"),
        ("time_limit(500", f"wrappers[0]: {FORMS}'time_limit(500'"),
        ("time_limit(x)", f"wrappers[0]: {FORMS}'time_limit(x)'"),
        ({"grey": [], "resize": []}, f"wrappers[0]: {FORMS}an object"),
        (OWN, f"wrappers[0].{OWN}.amount: missing; it has no default"),
        (
            {OWN: {"amount": 1, "time": 2}},
            f"wrappers[0].{OWN}.time: unknown argument; did you mean 'times'? known: amount, times",
        ),
        (
            "normalize_observations",
            "wrappers[0].normalize_observations: agents do this themselves: "
            '"normalize_observations": true in hp_params (PPO, REINFORCE)',
        ),
        ("none.of_these:Wrapper", "wrappers[0]: no module named 'none.of_these' on the path or in the working folder"),
    ],
)
def test_a_mistake_is_one_line(wrapper, line):
    assert lines_of(wrapper) == [line]


def test_every_mistake_is_told_with_its_place():
    assert [line.partition(":")[0] for line in lines_of("grey", "gray", {"resize": [0, 5]})] == [
        "wrappers[1]",
        "wrappers[2].resize.height",
    ]


def test_wrappers_in_a_model_file_are_a_list():
    assert [str(line) for line in check_model({**MODEL, "wrappers": "atari"}, "model.json")[2]] == [
        "wrappers: expected a list, found 'atari'"
    ]


def test_an_environment_inside_the_graph_has_none():
    data = {**MODEL, "environment": "CartPole-v1", "environment_kwargs": {}, "wrappers": ["time_limit(5)"]}
    assert [str(line) for line in check_model(data, "model.json")[2]] == [
        "wrappers: CartPole-v1 steps inside the graph, where no wrapper reaches; write gymnasium:CartPole-v1 to wrap it"
    ]


def test_rows_have_none():
    data = {**MODEL, "class": "CountModel", "environment": "tests/rows.jsonl", "hp_params": {}, "wrappers": ["grey"]}
    del data["environment_kwargs"]
    (line,) = check_model(data, "model.json")[2]
    assert str(line).startswith("wrappers: are for environments that are made for the model, and ")


def test_a_wrapper_that_does_not_fit_is_told_before_anything_runs():
    (line,) = check_model({**MODEL, "wrappers": ["grey"]}, "model.json")[2]
    assert str(line).startswith("wrappers: grey needs images (uint8, height by width); here it lies around ")


@pytest.fixture
def project(tmp_path):
    (tmp_path / "own_wrapper_of_a_file.py").write_text(ONE_FILE)
    entries = ["time_limit(7)", "own_wrapper_of_a_file.py:Twice", {"frame_stack": 3}]
    (tmp_path / "model.json").write_text(json.dumps({**MODEL, "wrappers": entries}))
    yield tmp_path
    sys.modules.pop("own_wrapper_of_a_file", None)


def test_wrappers_reach_the_worker_and_the_model(project):
    model, _, files = load_model_file(str(project / "model.json"))
    own = f"{project}/own_wrapper_of_a_file.py"
    assert model.wrappers == [{"time_limit": {"steps": 7}}, {f"{own}:Twice": {}}, {"frame_stack": {"size": 3}}]
    assert files == {own: "own_wrapper_of_a_file.py"}
    assert model.as_cfg(1)["wrappers"] == model.wrappers
    assert classes_of(model)[2:] == ("time_limit", f"{own}:Twice", "frame_stack")
    data = open_data(model)
    assert data.observation_size == 6 and data != open_data(ModelConfig("DQN", COUNTING, "", {}))
    instance = data.make()
    instance.reset(1)
    returned = [instance.step(0) for _ in range(7)]
    assert [reward for _, reward, _, _ in returned] == [2.0, 4.0, 6.0, 8.0, 10.0, 12.0, 14.0]
    assert [cut for *_, cut in returned] == [False] * 6 + [True]


def test_a_saved_run_has_its_wrappers_and_finds_its_files_where_they_are_now(project, tmp_path):
    model, _, files = load_model_file(str(project / "model.json"))
    saved = tmp_path / "saved"
    write_run(RunFolder(saved), model, 1, UnitResult(trial=0, metrics={"reward": 1.0}), files)
    assert find_runs(str(saved), [*model.wrappers[1]])[0].model.wrappers == model.wrappers
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    for name in ("saved", "own_wrapper_of_a_file.py"):
        shutil.move(tmp_path / name, moved / name)
    (run,) = find_runs(str(moved / "saved"), [str(moved / "own_wrapper_of_a_file.py")])
    assert [*run.model.wrappers[1]] == [f"{moved}/own_wrapper_of_a_file.py:Twice"]


def test_a_run_that_was_saved_without_the_key_has_no_wrappers(tmp_path):
    write_run(RunFolder(tmp_path), ModelConfig("DQN", COUNTING, "", {}), 1, UnitResult(trial=0, metrics={"reward": 1}))
    record = json.loads((tmp_path / "model.json").read_text())
    del record["wrappers"]
    (tmp_path / "model.json").write_text(json.dumps(record))
    assert find_runs(str(tmp_path))[0].model.wrappers == []


def test_a_trained_model_keeps_its_wrappers_on_another_environment(project, tmp_path):
    model, _, files = load_model_file(str(project / "model.json"))
    write_run(RunFolder(tmp_path / "saved"), model, 1, UnitResult(trial=0, metrics={"reward": 1.0}), files)
    (run,) = find_runs(str(tmp_path / "saved"), [*model.wrappers[1]])
    assert with_environment(run, None).model.wrappers == model.wrappers
    with pytest.raises(ConfigError, match="--env: CartPole-v1 steps inside the graph, where no wrapper reaches"):
        with_environment(run, "CartPole-v1")
