"""A study of the test model, written as a user would."""

import json

import pytest


@pytest.fixture
def study(tmp_path):
    """Writes a study of the test model; keys of both files can be set."""

    def write(grid=None, hp_params=None, **keys):
        model = {"class": "tests.study_models:Score", "environment": "tests/rows.jsonl", "mdl_file": "w"}
        (tmp_path / "model.json").write_text(json.dumps({**model, "hp_params": hp_params or {}}))
        content = {
            "config": str(tmp_path / "model.json"),
            "optim_name": "Test",
            "num_workers": 2,
            "grid": grid or {"x": [1, 2, 3, 4]},
            "metric": {"name": "score", "criteria": "max"},
            "max_iters": 4,
            "convergence": None,
            "sampler": "grid",
            **keys,
        }
        (tmp_path / "study.json").write_text(json.dumps(content))
        return tmp_path / "study.json"

    return write
