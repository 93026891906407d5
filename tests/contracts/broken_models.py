"""Models of which each breaks one part of the contract; their docstrings begin with the fault's name."""

import json
import random
from pathlib import Path

from rliable.model import BaseModel


class Sound(BaseModel):
    """Keeps the contract."""

    metrics = ("mean",)
    learns_from = ("rows",)

    def train(self, data, *args):
        self.mean = sum(row["value"] for row in data) / len(data) + self.cfg["seed"]
        self.report(1, mean=self.mean)

    def evaluate(self, data):
        return [self.mean], {"mean": self.mean}

    def predict(self, data):
        return [self.mean]

    def save(self):
        Path(self.cfg["mdl_file"], "mean.json").write_text(json.dumps(self.mean))

    def load_model(self):
        self.mean = json.loads(Path(self.cfg["mdl_file"], "mean.json").read_text())


class CannotTrain(Sound):
    """train: raises."""

    def train(self, data, *args):
        raise ZeroDivisionError("no rows")


class CannotSave(Sound):
    """save: raises."""

    def save(self):
        raise OSError("disk full")


class CannotEvaluate(Sound):
    """evaluate: gives a text."""

    def evaluate(self, data):
        return [], {"mean": "much"}


class SavesNothing(Sound):
    """load: finds no file."""

    def save(self):
        pass


class Forgets(Sound):
    """load: comes back as another."""

    def load_model(self):
        self.mean = 0.0


class Undeclared(Sound):
    """metrics: other ones than it declares."""

    def evaluate(self, data):
        return [self.mean], {"average": self.mean}


class Lucky(Sound):
    """seed: draws from the generator that all of a process share."""

    def train(self, data, *args):
        self.mean = random.random()
