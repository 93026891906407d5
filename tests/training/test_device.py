"""Where agents learn. What needs a GPU is skipped where none is; it is learned there in a process of its own."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from rliable.environments import load_data
from rliable.executors import make_executor
from rliable.executors.base import ExecutorOptions
from rliable.executors.in_process import InProcessExecutor
from rliable.registry import MODELS
from rliable.schema import ConfigError, check_record
from rliable.training.arrays import as_nest, by_path, from_bytes
from rliable.training.device import NO_GPU, device_of, device_words, gpu_of_machine, may_need_gpu
from rliable.training.host.functions import HostFunction
from rliable.training.run import Run
from rliable.tuning.tuner import where_it_learns
from rliable.unit import Limits, ModelConfig, Unit
from tests.studies import make_study

ROOT = Path(__file__).parents[2]
IMAGES = f"{ROOT}/tests/environments/image_environments.py:stacked_catch"
NUMBERS = "CartPole-v1"
#: A training of one update, whose actions were all random.
ONE_UPDATE = {
    "train_iterations": 1,
    "initial_collect_steps": 40,
    "batch_size": 32,
    "num_eval_episodes": 2,
    "eval_interval": 10**9,
}
#: The same through the whole of a short run.
SHORT = ONE_UPDATE | {"train_iterations": 12, "eval_interval": 6}


@pytest.fixture
def no_gpu():
    if gpu_of_machine() is not None:
        pytest.skip("TensorFlow sees a GPU here")


@pytest.fixture
def gpu():
    if gpu_of_machine() is None:
        pytest.skip("TensorFlow sees no GPU here")


def model_of(environment, device, folder="", **hp_params):
    params = SHORT | hp_params | {"device": device}
    cfg = {"class": "DQN", "environment": environment, "mdl_file": str(folder), "hp_params": params, "seed": 3}
    return MODELS.load("DQN")(None, cfg)


def trained(environment, device, folder=""):
    model = model_of(environment, device, folder)
    model.train(load_data(environment))
    return model


def bits(parts):
    return {path: array.tobytes() for path, array in by_path(parts).items()}


@pytest.mark.parametrize(
    ("wish", "gains", "has_gpu", "device"),
    [
        ("cpu", True, True, "CPU"),
        ("auto", False, True, "CPU"),
        ("auto", True, True, "GPU"),
        ("auto", True, False, "CPU"),
        ("gpu", False, True, "GPU"),
        ("gpu", True, False, "CPU"),
    ],
)
def test_small_networks_stay_on_the_cpu_unless_a_gpu_is_wished_and_there(wish, gains, has_gpu, device):
    assert device_of(wish, gains, has_gpu) == device


def test_which_devices_a_process_has_follows_from_what_all_trials_share():
    images, numbers = load_data(IMAGES), load_data(NUMBERS)
    assert [may_need_gpu(wish, images) for wish in ("auto", "cpu", "gpu")] == [True, False, True]
    assert [may_need_gpu(wish, numbers) for wish in ("auto", "cpu", "gpu")] == [False, False, True]


@pytest.mark.parametrize(
    ("hp_params", "environment", "words"),
    [
        ({"device": "cpu", "network": None}, IMAGES, "CPU"),
        ({"device": "auto", "network": None}, NUMBERS, "CPU"),
        ({"device": "auto", "network": "mlp"}, IMAGES, "CPU"),
        ({"device": "auto", "network": None}, IMAGES, "GPU where there is one, else CPU"),
        ({"device": "auto"}, IMAGES, "GPU where there is one and the network is convolutional, else CPU"),
        ({"device": "gpu", "network": None}, NUMBERS, "GPU of each worker"),
    ],
)
def test_words_say_where_runs_learn_as_far_as_the_driver_knows(hp_params, environment, words):
    assert device_words(hp_params, lambda: load_data(environment), is_here=False) == words


def test_the_record_of_a_study_says_where_it_learns():
    here, agent = InProcessExecutor(ExecutorOptions()), ModelConfig("DQN", IMAGES, "", {"network": None})
    searched, fixed = {"network": ["mlp", "nature_cnn"]}, {"network": "mlp", "gamma": [0.9, 0.99]}
    words = "GPU where there is one and the network is convolutional, else CPU"
    assert where_it_learns(make_study(searched, agent), here) == words
    assert where_it_learns(make_study(fixed, agent), here) == "CPU"
    assert where_it_learns(make_study({"x": [1, 2]}), here) == ""


@pytest.mark.parametrize("environment", [NUMBERS, "gymnasium:CartPole-v1", IMAGES])
def test_auto_and_cpu_give_the_same_bits_where_there_is_no_gpu(no_gpu, environment):
    one, other = trained(environment, "cpu"), trained(environment, "auto")
    assert one._run.device == other._run.device == "CPU"
    assert bits(one._run.parts) == bits(other._run.parts)
    assert one.run_episodes(load_data(environment), range(3)) == other.run_episodes(load_data(environment), range(3))


def test_each_device_has_its_program():
    model = trained(IMAGES, "cpu")
    run, values = model._run, model.values
    programs = [
        Run(run.agent_class, run.environment, values, 4, run.num_rows, device).program(run.environment)
        for device in ("CPU", "GPU")
    ]
    assert programs[0] is run.program(run.environment) and programs[1] is not programs[0]


def test_the_program_for_a_gpu_learns_what_the_one_for_a_processor_does(no_gpu):
    """Without a GPU, TensorFlow carries it out on the processor: by XLA, and not by operations of its own."""
    environment, model_class, parts = load_data(IMAGES), MODELS.load("DQN"), {}
    values, _ = check_record(model_class.hyperparameters, ONE_UPDATE)
    for device in ("CPU", "GPU"):
        run = Run(model_class.agent, environment, values, 3, 5, device)
        run.train(lambda *_, **__: None, environment)
        parts[device] = run.parts
    assert bits(parts["CPU"]) != bits(parts["GPU"])
    assert_near(parts["CPU"], parts["GPU"])


def assert_near(one, other):
    """That the first update left the same to 1e-3, its gradients included, which the optimizer keeps."""
    others = by_path(other)
    for path, array in by_path(one).items():
        np.testing.assert_allclose(array, others[path], rtol=0, atol=1e-3, err_msg=path)


def test_a_gpu_that_is_not_there_fails_the_run_with_one_line(no_gpu):
    with pytest.raises(ConfigError, match="'gpu', but TensorFlow sees no GPU here; 'auto' learns"):
        trained(NUMBERS, "gpu")


def test_nobody_without_a_gpu_helps_a_run_that_learns_on_one(no_gpu):
    with pytest.raises(ConfigError, match="TensorFlow sees no GPU here"):
        model_of(NUMBERS, "gpu").help(load_data(NUMBERS), b"")


def test_in_a_slot_a_gpu_that_is_not_there_fails_the_trial_with_that_line(no_gpu):
    executor = make_executor("serial", ExecutorOptions())
    model = ModelConfig("DQN", NUMBERS, "", SHORT | {"device": "gpu"})
    try:
        (result,) = executor.execute(iter([Unit(0, 0, model, 1, Limits())]))
    finally:
        executor.close()
    assert result.error == f"ConfigError: {NO_GPU}"


def test_what_was_learned_on_a_gpu_plays_where_there_is_none(no_gpu, tmp_path):
    model = trained(NUMBERS, "cpu", tmp_path)
    model.save()
    loaded = model_of(NUMBERS, "gpu", tmp_path)
    loaded.load_model()
    environment = load_data(NUMBERS)
    assert loaded.run_episodes(environment, range(5)) == model.run_episodes(environment, range(5))


class Untouchable:
    """An array that must not be copied to the processor."""

    def __array__(self, dtype=None):
        raise AssertionError("copied")


def test_weights_that_acting_does_not_need_are_not_fetched():
    function = HostFunction(lambda used, unused, x: used * x, [np.float32(0), np.float32(0)], [np.float32(0)])
    function.bind(np.float32(2), Untouchable())
    assert function.call(np.float32(3)) == 6
    function.bind_first([np.float32(4), Untouchable()])
    assert function.call(np.float32(3)) == 12


#: Trains a model and leaves it; the arguments are its `cfg` and the device.
CODE = """
import json, sys
from rliable.environments import load_data
from rliable.registry import MODELS
cfg = json.loads(sys.argv[1])
model = MODELS.load(cfg["class"])(None, cfg)
model.train(load_data(cfg["environment"]))
model.save()
print(model._run.device)
"""


def learned_elsewhere(folder, environment, device, **hp_params):
    """The parts that a process of its own learns, and on which device it did."""
    folder.mkdir()
    cfg = model_of(environment, device, folder, **hp_params).cfg
    done = subprocess.run(
        [sys.executable, "-c", CODE, json.dumps(cfg)], cwd=ROOT, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return as_nest(from_bytes((folder / "parts.npz").read_bytes())), done.stdout.strip()


@pytest.mark.parametrize("environment", [NUMBERS, "gymnasium:CartPole-v1", IMAGES])
def test_the_first_update_on_a_gpu_is_that_on_the_cpu_to_a_thousandth(gpu, tmp_path, environment):
    on_cpu, _ = learned_elsewhere(tmp_path / "cpu", environment, "cpu", **ONE_UPDATE)
    on_gpu, device = learned_elsewhere(tmp_path / "gpu", environment, "gpu", **ONE_UPDATE)
    assert device == "GPU"
    assert_near(on_cpu, on_gpu)


@pytest.mark.parametrize("network", ["nature_cnn", "impala_cnn"])
def test_on_a_gpu_the_same_seed_gives_the_same_bits_and_auto_finds_it(gpu, tmp_path, network):
    one, _ = learned_elsewhere(tmp_path / "one", IMAGES, "gpu", network=network)
    other, device = learned_elsewhere(tmp_path / "other", IMAGES, "auto", network=network)
    assert device == "GPU"
    assert bits(one) == bits(other)


def test_small_networks_stay_on_the_cpu_of_a_machine_with_a_gpu(gpu, tmp_path):
    _, device = learned_elsewhere(tmp_path / "auto", NUMBERS, "auto")
    assert device == "CPU"
