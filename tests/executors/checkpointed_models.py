"""A model that keeps checkpoints and dies on the way, for tests."""

import os
import time
from pathlib import Path

from rliable.model import BaseModel


class DyingCounter(BaseModel):
    """Counts to ten with a checkpoint at each step, and kills its process once, after the sixth."""

    metrics = ("count", "first")
    first = 0

    def train(self, data, *args):
        for number in range(self.first + 1, 11):
            self.report(number, count=number)
            time.sleep(self.cfg["hp_params"].get("pause", 0.0))
            self.keep_checkpoint({"number": str(number).encode()})
            marker = Path(self.cfg["hp_params"]["folder"]) / f"died-{self.cfg['seed']}"
            if number == 6 and not marker.exists():
                marker.touch()
                os.kill(os.getpid(), 9)

    def restore(self, files):
        self.first = int(files["number"])

    def evaluate(self, data):
        return [], {"count": float(len(self.learning_curve)), "first": float(self.first)}

    def predict(self, data):
        return []

    def save(self):
        pass

    def load_model(self):
        pass
