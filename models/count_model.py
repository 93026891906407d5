"""A model of data rather than of an environment: predicts a column by its sum over its count.

The smallest model that keeps the contract, and the example for models that learn from rows or from a Spark RDD.
"""

from __future__ import annotations

import dataclasses
import json
import math
from fractions import Fraction
from pathlib import Path
from typing import Any

from rliable.model import BaseModel
from rliable.schema import setting


@dataclasses.dataclass(frozen=True)
class CountHyperparameters:
    """What `hp_params` of a CountModel may hold."""

    increment: float = setting(1.0, "What each row adds to the count; 1 predicts the mean.", above=0)


class CountModel(BaseModel):
    """Predicts `sum / count` for every row, where each row adds its value to the sum and `increment` to the count.

    The data is rows of `{"value": number}`: a list, or an RDD with `"data": "rdd"`. Sums are exact before they are
    rounded once, so the answer does not depend on how an RDD is cut into partitions.
    """

    hyperparameters = CountHyperparameters
    metrics = ("mse",)
    learns_from = ("rows",)

    def __init__(self, sc: Any, cfg: dict[str, Any]) -> None:
        super().__init__(sc, cfg)
        self.increment = float(cfg["hp_params"].get("increment", 1.0))
        self.count = 0.0
        self.sum = 0.0

    def train(self, data: Any, *args: Any) -> None:
        self.count = self.increment * num_rows(data)
        self.sum = exact_sum(column_values(data))

    def evaluate(self, data: Any) -> tuple[list[float], dict[str, float]]:
        prediction = self.prediction
        errors = column_values(data).map(lambda v: (v - prediction) ** 2) if is_rdd(data) else squares(data, prediction)
        return self.predict(data), {"mse": exact_sum(errors) / num_rows(data)}

    def predict(self, data: Any) -> list[float]:
        return [self.prediction] * num_rows(data)

    @property
    def prediction(self) -> float:
        """The answer for every row; 0 before training."""
        return self.sum / self.count if self.count else 0.0

    def save(self) -> None:
        state = {"count": self.count, "sum": self.sum}
        self._file.write_text(json.dumps(state) + "\n", encoding="utf-8")

    def load_model(self) -> None:
        state = json.loads(self._file.read_text(encoding="utf-8"))
        self.count, self.sum = state["count"], state["sum"]

    @property
    def _file(self) -> Path:
        return Path(self.cfg["mdl_file"]) / "count_model.json"


def is_rdd(data: Any) -> bool:
    """Tells an RDD from a list of rows, without importing pyspark."""
    return hasattr(data, "mapPartitions")


def column_values(data: Any) -> Any:
    """The column `value`: an RDD of floats, or a list."""
    return data.map(lambda row: float(row["value"])) if is_rdd(data) else [float(row["value"]) for row in data]


def squares(rows: list[dict[str, Any]], prediction: float) -> list[float]:
    """The squared error of each row."""
    return [(value - prediction) ** 2 for value in column_values(rows)]


def num_rows(data: Any) -> int:
    """How many rows there are."""
    return int(data.count()) if is_rdd(data) else len(data)


def exact_sum(values: Any) -> float:
    """The sum of finite floats, rounded once at the end; the same bits in any order and partition."""
    return float(values.map(Fraction).sum()) if is_rdd(values) else math.fsum(values)
