"""A user's model for the tests of whole studies."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import numpy as np

from rliable.model import BaseModel, RunPaused


class Score(BaseModel):
    """Scores `x` plus a little of its seed; its other hyperparameters make it slow, wrong or talkative."""

    def train(self, data: Any, *args: Any) -> None:
        params = self.cfg["hp_params"]
        if "diary" in params:
            with Path(params["diary"]).open("a") as diary:
                diary.write(f"{params.get('x')} {self.cfg['seed']}\n")
        if "prints" in params:
            subprocess.run(["echo", params["prints"]], check=True)
        time.sleep(params.get("seconds", 0))
        for step in range(params.get("rows", 0)):
            self.report(step, score=float(step))
            time.sleep(params.get("pause", 0))
        if params.get("ignores_interrupts"):
            with contextlib.suppress(KeyboardInterrupt):
                os.kill(os.getpid(), signal.SIGINT)
        if params.get("x") in params.get("bad", []):
            raise ValueError(f"x = {params['x']} is bad")

    def evaluate(self, data: Any) -> tuple[list[Any], dict[str, float]]:
        params = self.cfg["hp_params"]
        noise = float(np.random.default_rng(self.cfg["seed"]).standard_normal())
        value = float("nan") if params.get("x") in params.get("undefined", []) else params.get("x", 0)
        return [], {"score": value + params.get("noise", 0) * noise, "cost": 1.0}

    def predict(self, data: Any) -> Any:
        return self.cfg["hp_params"].get("x")

    def save(self) -> None:
        Path(self.cfg["mdl_file"], "score.txt").write_text(str(self.cfg["seed"]))

    def load_model(self) -> None:
        pass


class Incomplete:
    """Lacks a method of the contract."""

    def train(self, data: Any, *args: Any) -> None:
        pass

    def evaluate(self, data: Any) -> tuple[list[Any], dict[str, float]]:
        return [], {}

    def predict(self, data: Any) -> Any:
        return None

    def save(self) -> None:
        pass


class Told(Score):
    """Makes its environment itself, and says what it was told of it."""

    def evaluate(self, data: Any) -> tuple[list[Any], dict[str, float]]:
        return [data, self.cfg["environment"]], {"score": 1.0}


class Forking(Score):
    """Forks while it is loaded."""

    def load_model(self) -> None:
        os.fork()


class Odd(Score):
    """Gives back what models in the wild give back."""

    def evaluate(self, data: Any) -> tuple[Any, dict[str, Any]]:
        deed = self.cfg["hp_params"]["deed"]
        if deed == "text in curve":
            self.learning_curve.append({"step": 1, "loss": None})  # type: ignore[dict-item]
        if deed == "undecodable error":
            raise ValueError("bad \udcff name")
        if deed == "exit":
            raise SystemExit(3)
        predictions = {"numpy": np.arange(3, dtype=np.float32), "a set": [{1, 2}]}.get(deed, [])
        return predictions, {"score": np.float32(0.5)}


class Talkative(Score):
    """Reports `reports` times with a pause of `pause` seconds, figures that grow with its step and `x`."""

    def train(self, data: Any, *args: Any) -> None:
        super().train(data, *args)
        params = self.cfg["hp_params"]
        for step in range(1, params["reports"] + 1):
            time.sleep(params.get("pause", 0))
            self.report(step, loss=1 / step, average_return=params["x"] + step)


class Patient(Score):
    """Takes `steps` steps of `pause` seconds, writes each into `diary`, and goes on where it was paused."""

    first = 1

    def train(self, data: Any, *args: Any) -> None:
        params = self.cfg["hp_params"]
        for step in range(self.first, params["steps"] + 1):
            time.sleep(params.get("pause", 0))
            with Path(params["diary"]).open("a") as diary:
                diary.write(f"{params['x']} {step}\n")
            try:
                self.report(step, score=float(step))
            except RunPaused:
                self.keep_checkpoint({"step": str(step).encode()})
                raise

    def restore(self, files: dict[str, bytes]) -> None:
        self.first = int(files["step"]) + 1
