"""The shipped configuration learns CartPole-v0."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rliable.executors.worker import run_unit
from rliable.unit import Limits, ModelConfig, Unit

CONFIG = Path(__file__).parents[2] / "config" / "config_dqn.json"


@pytest.mark.parametrize("seed", [11, 12, 13])
def test_shipped_configuration_reaches_195_over_100_episodes(seed: int) -> None:
    data = json.loads(CONFIG.read_text())
    model = ModelConfig(data["class"], data["environment"], data["mdl_file"], data["hp_params"])
    result = run_unit(Unit(0, 0, model, seed, Limits()), "test")
    assert result.error is None
    assert len(result.predictions) == 100
    assert result.metrics is not None and result.metrics["reward"] >= 195
