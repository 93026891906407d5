"""Small studies for tests, made without files."""

from __future__ import annotations

from typing import Any

from rliable.config.search_space import parse_search_space
from rliable.config.study_file import MetricConfig, Study, StudyConfig
from rliable.unit import ModelConfig


def make_study(grid: dict[str, Any], model: ModelConfig | None = None, metric: str = "score", **keys: Any) -> Study:
    """A study over a grid; other keys as in a study file."""
    defaults = {"max_iters": 5, "convergence": None, "num_workers": 1}
    goal = MetricConfig(metric, keys.pop("criteria", "max"), keys.pop("over_seeds", "mean"))
    space, problems = parse_search_space(grid)
    assert problems == []
    config = StudyConfig(config="", optim_name="Test", grid=grid, metric=goal, **{**defaults, **keys})
    return Study(config, model or ModelConfig("tests.study_models:Score", "tests/rows.jsonl", "", {}), space)
