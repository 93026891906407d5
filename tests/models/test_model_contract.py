"""What every registered model promises, whatever it is."""

import dataclasses
import json
from pathlib import Path

import pytest

from rliable.config.claims import missing_packages
from rliable.config.environment import kinds_for, resolve_environment
from rliable.config.model_file import load_model_file
from rliable.executors.worker import make_model, open_data, run_unit
from rliable.folder_files import write_files
from rliable.model import CONTRACT
from rliable.registry import MODELS
from rliable.training.model import AgentModel
from rliable.unit import Limits, Unit

ROOT = Path(__file__).parents[2]

#: A shipped model file of each model, and what makes it quick.
SHIPPED = [*sorted((ROOT / "config" / "zoo").glob("*.json")), *sorted((ROOT / "config").glob("config_*.json"))]
FILES = {json.loads(path.read_text())["class"]: path for path in SHIPPED}
NAMES = [
    pytest.param(name, marks=[pytest.mark.agents] * issubclass(MODELS.load(name), AgentModel))
    for name in sorted(MODELS.table)
]
QUICK = {
    "train_iterations": 60,
    "num_test_episodes": 15,
    "num_eval_episodes": 10,
    "num_epochs": 1,
    "total_timesteps": 600,
}


@pytest.fixture(params=NAMES)
def quick_model(request):
    """A model file of each registered model, set to be quick where it knows how."""
    missing = missing_packages(MODELS.load(request.param))
    if missing:
        pytest.skip(f"{missing}; `make test-peers` runs this")
    config, *_ = load_model_file(str(FILES[request.param]))
    known = {field.name for field in dataclasses.fields(MODELS.load(request.param).hyperparameters)}
    quick = {name: value for name, value in QUICK.items() if name in known}
    return dataclasses.replace(config, hp_params={**config.hp_params, **quick})


@pytest.fixture
def result(quick_model, monkeypatch):
    monkeypatch.chdir(ROOT)
    return run_unit(Unit(0, 0, quick_model, 3, Limits()), "driver")


def test_every_model_has_a_shipped_file():
    assert set(FILES) == set(MODELS.table)


@pytest.mark.parametrize("name", sorted(MODELS.table))
def test_class_keeps_the_contract_and_documents_its_hyperparameters(name):
    model_class = MODELS.load(name)
    assert all(callable(getattr(model_class, method)) for method in CONTRACT)
    for field in dataclasses.fields(model_class.hyperparameters):
        assert field.metadata["rule"].doc.endswith("."), field.name


def test_reports_the_metrics_that_it_declares(quick_model, result):
    assert result.error is None, result.traceback
    model_class = MODELS.load(quick_model.class_name)
    assert set(result.metrics) == set(model_class.metrics_for(quick_model.hp_params))


def test_same_seed_gives_the_same_bits(quick_model, result):
    again = run_unit(Unit(5, 2, quick_model, 3, Limits()), "elsewhere")
    assert again.metrics == result.metrics
    assert again.predictions == result.predictions
    assert again.learning_curve == result.learning_curve


def test_loaded_model_evaluates_like_the_saved_one(quick_model, result, tmp_path):
    write_files(tmp_path, result.files)
    model = make_model(quick_model, 3, str(tmp_path))
    model.load_model()
    predictions, metrics = model.evaluate(open_data(quick_model))
    assert metrics == result.metrics
    assert list(predictions) == result.predictions


def test_environment_of_the_shipped_file_exists(quick_model, monkeypatch):
    monkeypatch.chdir(ROOT)
    learns_from = kinds_for(MODELS.load(quick_model.class_name))
    assert resolve_environment(quick_model.environment, learns_from) == quick_model.environment
