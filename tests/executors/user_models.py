"""Models as a user would write them, in one file, for the tests of executors."""

from __future__ import annotations

import asyncio
import builtins
import contextlib
import ctypes
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

from rliable.helping import deal
from rliable.model import BaseModel, EpisodicModel

#: A process that leaves its session and its parent, says its number and sleeps.
DAEMON = """
import os
os.setsid()
if os.fork():
    os._exit(0)
print(os.getpid(), flush=True)
os.execvp("sleep", ["sleep", "300"])
"""
LEAK: list[np.ndarray] = []  # what a process never gives back


def error_named(name: str) -> type[BaseException]:
    """An exception's class by its name."""
    found: type[BaseException] = getattr(asyncio, name, None) or getattr(builtins, name)
    return found


class Plain(BaseModel):
    """Does at once, or after `seconds`, what its hyperparameters say."""

    def train(self, data: Any, *args: Any) -> None:
        params = self.cfg["hp_params"]
        if params.get("started"):
            Path(params["started"]).write_text(str(os.getpid()))
        time.sleep(params.get("seconds", 0))
        getattr(self, params.get("deed", "nothing"))()
        self.report(1, value=float("inf"), other=float(np.float32(0.1)))

    def nothing(self) -> None:
        pass

    leave_open = nothing

    def fail(self) -> None:
        raise ValueError("a model's own mistake\nwith details")

    def die(self) -> None:
        print("last words", flush=True)
        os.kill(os.getpid(), signal.SIGKILL)

    def die_of_a_real_time_signal(self) -> None:
        os.kill(os.getpid(), signal.SIGRTMIN + 1)

    def die_once(self) -> None:
        mark = Path(self.cfg["hp_params"]["mark"])
        if not mark.exists():
            mark.touch()
            self.die()

    def leave(self) -> None:
        os._exit(3)

    def hang(self) -> None:
        while True:
            time.sleep(0.05)

    def hang_and_swallow(self) -> None:
        with contextlib.suppress(BaseException):
            self.hang()

    def spawn_and_hang(self) -> None:
        child = subprocess.Popen(["sleep", "300"])
        Path(self.cfg["hp_params"]["started"]).write_text(f"{os.getpid()} {child.pid}")
        self.hang()

    def swell(self) -> None:
        blocks = []
        while True:
            blocks.append(np.ones(5_000_000))  # 40 MB
            time.sleep(0.02)

    def grow(self) -> None:
        LEAK.append(np.ones(37_500_000))  # 300 MB

    def fork_and_exit(self) -> None:
        if os.fork() == 0:
            sys.exit(0)
        os.wait()

    def fork_and_raise(self) -> None:
        if os.fork() == 0:
            raise ValueError("in a forked child")
        os.wait()

    def fork_and_return(self) -> None:
        if os.fork() != 0:
            os.wait()

    def hang_in_native_code(self) -> None:
        ctypes.PyDLL(None).sleep(300)  # holds Python's lock all the time

    def crash_in_native_code(self) -> None:
        ctypes.string_at(0)

    def raise_odd(self) -> None:
        raise asyncio.CancelledError

    def raise_named(self) -> None:
        raise error_named(self.cfg["hp_params"]["error"])

    def change_folder(self) -> None:
        os.chdir(self.cfg["hp_params"]["folder"])

    def remove_its_folder(self) -> None:
        self.change_folder()
        Path(self.cfg["hp_params"]["folder"]).rmdir()

    def tell_folder(self) -> None:
        self.report(0, is_here=float(Path("user_models.py").exists() or Path("rliable").exists()))

    def leave_a_session_behind(self) -> None:
        child = subprocess.Popen(["sleep", "300"], start_new_session=True)
        self.end_after(child.pid)

    def leave_a_daemon_behind(self) -> None:
        child = subprocess.Popen([sys.executable, "-c", DAEMON], stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        self.end_after(int(child.stdout.readline()))

    def end_after(self, pid: int) -> None:
        Path(self.cfg["hp_params"]["started_file"]).write_text(str(pid))
        if self.cfg["hp_params"]["ending"] == "crash":
            ctypes.string_at(0)
        if self.cfg["hp_params"]["ending"] == "hang":
            self.hang()

    def swell_elsewhere(self) -> None:
        code = "import time; block = bytearray(600_000_000); time.sleep(60)"
        subprocess.Popen(["setsid", sys.executable, "-c", code]).wait()

    def print_a_lot(self) -> None:
        for _ in range(100):
            print("x" * 1_000_000)

    def report_on(self) -> None:
        for step in range(1, 200):
            self.report(step, average_return=float(step))
            time.sleep(self.cfg["hp_params"].get("pause", 0))

    def report_a_lot(self) -> None:
        for step in range(2, 20_002):
            self.report(step, average_return=1.0)

    def odd_result(self) -> None:
        self.odd = True

    def evaluate(self, data: Any) -> tuple[list[Any], dict[str, float]]:
        values = np.random.default_rng(self.cfg["seed"]).standard_normal(3)
        if hasattr(self, "odd"):
            return [object()], {"mse": 0.0}
        predictions = [*values.tolist(), float("nan"), os.getpid() if self.cfg["hp_params"].get("pid") else 0]
        metrics = {"mse": float(values.sum())}
        if self.cfg["hp_params"].get("tells_tensorflow"):
            metrics["has_tensorflow"] = float("tensorflow" in sys.modules)
        return predictions, metrics

    def predict(self, data: Any) -> Any:
        return 0

    def save(self) -> None:
        if self.cfg["hp_params"].get("bytes"):
            Path(self.cfg["mdl_file"], "weights.bin").write_bytes(os.urandom(self.cfg["hp_params"]["bytes"]))

    def load_model(self) -> None:
        pass


class Asking(Plain):
    """Is told by the answer of `report` that it is to stop, and takes its time."""

    stops_by_exception = False

    def report_on_and_ask(self) -> None:
        step = 1
        while self.report(step, average_return=1.0):
            step += 1
            time.sleep(self.cfg["hp_params"]["pause"])


class SlowImport(Plain):
    """Imports for a long time."""

    @classmethod
    def import_libraries(cls, threads: int) -> None:
        time.sleep(2.0)


class ForkingImport(Plain):
    """Forks while it imports."""

    @classmethod
    def import_libraries(cls, threads: int) -> None:
        os.fork()


class ExitingImport(Plain):
    """Wants to exit while it imports."""

    @classmethod
    def import_libraries(cls, threads: int) -> None:
        sys.exit(3)


class Seeing(Plain):
    """Tells which GPUs its process sees."""

    def evaluate(self, data: Any) -> tuple[list[Any], dict[str, float]]:
        return [os.environ.get("CUDA_VISIBLE_DEVICES")], {"mse": 0.0}


class Rows(Plain):
    """Gives the mean of a column of its data, rows or RDD."""

    def use_spark_without_end(self) -> None:
        while True:
            self.sc.parallelize([1]).collect()

    def evaluate(self, data: Any) -> tuple[list[Any], dict[str, float]]:
        values = [row["x"] for row in (data if self.sc is None else data.map(lambda row: row).collect())]
        return values, {"mse": float(np.mean(values))}


class Walker(EpisodicModel):
    """Its policy is one number; an episode sums random steps around it."""

    @property
    def num_test_episodes(self) -> int:
        return int(self.cfg["hp_params"].get("num_eval_episodes", 25))

    def train(self, data: Any, *args: Any) -> None:
        time.sleep(self.cfg["hp_params"].get("train_seconds", 0))
        self.weight = float(np.random.default_rng(self.cfg["seed"]).standard_normal())
        self.report(1, weight=self.weight)

    def run_episodes(self, data: Any, episodes: range) -> list[float]:
        params = self.cfg["hp_params"]
        self.misbehave(params, episodes)
        time.sleep(params.get("slice_seconds", 0))
        if params.get("idle_helper_dies"):
            self.die_if_idle(Path(params["idle_helper_dies"]))
        return [self.weight + float(np.random.default_rng([self.cfg["seed"], i]).standard_normal()) for i in episodes]

    def misbehave(self, params: dict[str, Any], episodes: range) -> None:
        is_helper = not hasattr(self, "is_learner")
        if params.get("helper_dies") and is_helper and not Path(params["helper_dies"]).exists():
            Path(params["helper_dies"]).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        if params.get("helper_disk_is_full") and is_helper:
            raise OSError(28, "No space left on device")
        if params.get("helper_raises") and is_helper:
            raise error_named(params["helper_raises"])
        if params.get("forks_in") == "run_episodes":
            os.fork()
        if params.get("bad_episode") in episodes:
            raise RuntimeError(f"episode {params['bad_episode']} is broken")

    def die_if_idle(self, mark: Path) -> None:
        """Has a helper's process die, once, when no other slice follows within half a second."""
        if hasattr(self, "timer"):
            self.timer.cancel()
        if not hasattr(self, "is_learner") and not mark.exists():
            self.timer = threading.Timer(0.5, lambda: (mark.touch(), os.kill(os.getpid(), signal.SIGKILL)))
            self.timer.start()

    def predict(self, data: Any) -> Any:
        return self.weight

    def save(self) -> None:
        Path(self.cfg["mdl_file"], "policy.json").write_text(json.dumps({"weight": self.weight}))
        self.is_learner = True

    def load_model(self) -> None:
        self.weight = json.loads(Path(self.cfg["mdl_file"], "policy.json").read_text())["weight"]
        if self.cfg["hp_params"].get("forks_in") == "load_model":
            os.fork()


class Squares(Plain):
    """Adds up the squares of 0 ... 11, `rounds` times; a part of each round is done by whoever helps."""

    def train(self, data: Any, *args: Any) -> None:
        params = self.cfg["hp_params"]
        params["is_trainer"] = True
        for number in range(params.get("rounds", 20)):
            blocks = deal(self.helpers, 12, self.order_for, self.squares, lambda _, answer: json.loads(answer))
            self.report(number, total=sum(value for _, values in blocks for value in values))
            if params.get("trainer_dies") and number == 5 and not Path(params["trainer_dies"]).exists():
                Path(params["trainer_dies"]).touch()
                os.kill(os.getpid(), signal.SIGKILL)

    def order_for(self, numbers: range) -> bytes:
        return json.dumps([numbers.start, numbers.stop]).encode()

    def help(self, data: Any, order: bytes) -> bytes:
        params = self.cfg["hp_params"]
        if params.get("helper_raises"):
            raise error_named(params["helper_raises"])
        getattr(self, params.get("deed", "nothing"))()
        if params.get("helper_dies") and not Path(params["helper_dies"]).exists():
            Path(params["helper_dies"]).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return json.dumps(self.squares(range(*json.loads(order)))).encode().ljust(params.get("answer_bytes", 0))

    def squares(self, numbers: range) -> list[int]:
        params = self.cfg["hp_params"]
        time.sleep(params.get("seconds", 0.01) * len(numbers))
        if params.get("is_trainer") and len(numbers) < 12:  # others have a part
            time.sleep(params.get("trainer_sleeps", 0))
        if params.get("marks"):
            Path(params["marks"], f"{'trainer' if params.get('is_trainer') else 'helper'} {os.getpid()}").touch()
        return [number**2 for number in numbers]
