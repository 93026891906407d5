"""Works on one unit, whatever it asks for, in whatever process it is called."""

from __future__ import annotations

import dataclasses
import json
import os
import socket
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from numbers import Real
from types import TracebackType
from typing import Any

from rliable.config.environment import kinds_for
from rliable.environments import load_data
from rliable.environments.orders import EnvironmentDied
from rliable.folder_files import read_files
from rliable.helping import Helpers
from rliable.metrics import evaluation_fields
from rliable.model import BaseModel, EpisodicModel, RunPaused, RunStopped
from rliable.processes import same_folder
from rliable.records.run_files import SavedRun
from rliable.registry import MODELS
from rliable.schema import ConfigError
from rliable.threads import limit_threads
from rliable.unit import Answer, Files, ModelConfig, PlayedSlice, Unit, UnitResult, result_of

#: The file of a checkpoint that holds the learning curve.
CURVE_FILE = "learning_curve.json"
#: Called with a trained model and the files it saved; yields the slices of test episodes to play here.
Slices = Callable[[EpisodicModel, Files], Iterator[range]]


@dataclasses.dataclass(frozen=True)
class Exchange:
    """What passes between a run and the search while it goes on.

    Attributes:
      on_row: called with each row of the learning curve as the model reports it; answers whether the run goes on.
      on_checkpoint: called with each checkpoint that the model keeps, files by name.
      checkpoint: such files, with which the run begins; None to begin anew.
      helpers: who else may do parts of the training.
    """

    on_row: Callable[[dict[str, float]], Answer | None] | None = None
    on_checkpoint: Callable[[Files], None] | None = None
    checkpoint: Files | None = None
    helpers: Helpers | None = None


def run_unit(
    unit: Unit, slot: str, sc: Any = None, slices: Slices | None = None, exchange: Exchange | None = None
) -> UnitResult:
    """Trains, saves and evaluates one run.

    Args:
      unit: what to run.
      slot: the name of the place it runs in, for the record.
      sc: the SparkContext for models with `data: rdd`.
      slices: which slices of an agent's test episodes to play here; all of them when None. If some are left to
        others, `metrics` is None and `evaluation_fields` completes the result.
      exchange: with the search, while it goes on.

    Returns:
      Its result. Whatever the model raises, also its wish to exit, becomes a result with `error` set; only an interrupt
      passes through.
    """
    started = time.time()
    try:
        told = train_and_evaluate(unit, slot, sc, slices, exchange or Exchange())
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        told = {"error": error_line(error), "traceback": plain_text(traceback.format_exc())}
        told["is_lost"] = isinstance(error, EnvironmentDied)
    return result_of(unit, slot, started, told)


def train_and_evaluate(unit: Unit, slot: str, sc: Any, slices: Slices | None, exchange: Exchange) -> dict[str, Any]:
    """The work of `run_unit`: the fields of the result that depend on the model."""
    with tempfile.TemporaryDirectory(prefix="rliable-") as folder, ThisProcessOnly(), same_folder():
        model = make_model(unit.model, unit.seed, folder, sc, unit.limits.threads)
        answer = train_model(model, unit, sc, exchange)
        if answer is not Answer.GO_ON:
            is_paused = answer is Answer.PAUSE
            return {"is_stopped": True, "is_paused": is_paused, "learning_curve": plain_curve(model)}
        model.save()
        files = read_files(folder)
        evaluated = evaluate_here(model, files, open_data(unit.model, sc), slot, slices)
        return {"files": files, "learning_curve": plain_curve(model), **evaluated}


class ThisProcessOnly:
    """Ends a process that a model has forked inside the block as soon as it leaves the block, by whatever way.

    It would otherwise go on as a second worker, and throw away the folder that it shares with the first.
    """

    def __enter__(self) -> None:
        self._pid = os.getpid()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if os.getpid() != self._pid:
            sys.stdout.flush()
            os._exit(0 if error is None else 1)


def train_model(model: BaseModel, unit: Unit, sc: Any, exchange: Exchange) -> Answer:
    """Trains a model, from its checkpoint if it has one; gives the last answer to its reports."""
    talk = Talk(model, exchange)
    model.on_report, model.on_checkpoint, model.helpers = talk.tell, talk.keep, exchange.helpers
    if exchange.checkpoint is not None:
        talk.restore(exchange.checkpoint)
    try:
        model.train(open_data(unit.model, sc), open_data(unit.model, sc))
    except RunStopped as stop:
        return Answer.PAUSE if isinstance(stop, RunPaused) else Answer.STOP
    return talk.answer


class Talk:
    """Passes a model's rows and checkpoints on; once an answer is to stop or to pause, it stays so.

    Attributes:
      answer: the last answer.
    """

    def __init__(self, model: BaseModel, exchange: Exchange) -> None:
        self._model = model
        self._exchange = exchange
        self.answer = Answer.GO_ON

    def tell(self, row: dict[str, float]) -> Answer:
        """Passes a row on."""
        if self._exchange.on_row is not None and self.answer is Answer.GO_ON:
            self.answer = self._exchange.on_row(row) or Answer.GO_ON
        return self.answer

    def keep(self, files: Files) -> None:
        """Passes a checkpoint on, with the learning curve up to it."""
        if self._exchange.on_checkpoint is not None:
            curve = json.dumps(plain_curve(self._model)).encode()
            self._exchange.on_checkpoint({**files, CURVE_FILE: curve})

    def restore(self, files: Files) -> None:
        """Hands the model its checkpoint, and gives it its learning curve back."""
        self._model.restore({name: bytes(content) for name, content in files.items() if name != CURVE_FILE})
        self._model.learning_curve = json.loads(bytes(files[CURVE_FILE]))


def evaluate_here(model: Any, files: Files, test_data: Any, slot: str, slices: Slices | None) -> dict[str, Any]:
    """The final evaluation, as far as it is done in this process: the result's fields that follow from it."""
    if isinstance(model, EpisodicModel):
        parts = slices(model, files) if slices else iter(model.slices())
        played = [play_slice(model, test_data, part, slot) for part in parts]
        return evaluation_fields(played, model.num_test_episodes)
    predictions, metrics = model.evaluate(test_data)
    return {"predictions": plain_values(predictions), "metrics": plain_numbers(metrics)}


def play_slice(model: EpisodicModel, test_data: Any, episodes: range, slot: str) -> PlayedSlice:
    """Plays one slice of test episodes in this process."""
    returns = [float(value) for value in model.run_episodes(test_data, episodes)]
    return PlayedSlice(episodes.start, len(episodes), slot, os.getpid(), socket.gethostname(), returns)


def make_model(config: ModelConfig, seed: int, folder: str, sc: Any = None, threads: int = 1) -> BaseModel:
    """A new model object that saves to `folder`, loads from it and computes on `threads` cores."""
    model: BaseModel = MODELS.load(config.class_name)(sc, config.as_cfg(seed, folder, threads))
    return model


def import_libraries(class_name: str, threads: int) -> None:
    """Imports a model's class and, if it says how, what it needs for training."""
    prepare = getattr(MODELS.load(class_name), "import_libraries", None)
    if prepare is not None:
        prepare(threads)


def open_data(config: ModelConfig, sc: Any = None) -> Any:
    """A new instance of what the model is trained and evaluated on."""
    learns_from = kinds_for(MODELS.load(config.class_name))
    context = sc if config.data == "rdd" else None
    return load_data(config.environment, context, learns_from, config.environment_kwargs, config.wrappers)


def error_line(error: BaseException) -> str:
    """An exception as one line: its type and the first line of its message."""
    message = plain_text(str(error)).strip()
    return f"{type(error).__name__}: {message.splitlines()[0]}" if message else type(error).__name__


def as_plain(value: Any) -> Any:
    """NumPy's and TensorFlow's numbers and arrays as plain numbers and lists; a `default` for `json.dumps`.

    Raises:
      TypeError: it is something else.
    """
    if hasattr(value, "numpy"):
        value = value.numpy()
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"a model's results must be numbers, texts, lists and dicts, not {type(value).__name__}")


def plain_values(values: Any) -> list[Any]:
    """Predictions as plain data, bit for bit.

    Raises:
      TypeError: there is something among them that JSON cannot hold.
    """
    plain: list[Any] = json.loads(json.dumps(list(values), default=as_plain))
    return plain


def plain_numbers(numbers: Mapping[str, Any]) -> dict[str, float]:
    """Figures by name as floats.

    Raises:
      TypeError: one of them is no number.
    """
    return {str(name): plain_number(name, value) for name, value in numbers.items()}


def plain_number(name: str, value: Any) -> float:
    """One figure as a float; a text or a truth value is none, even where Python would make one of it."""
    try:
        number = value.numpy() if hasattr(value, "numpy") and not hasattr(value, "item") else value
        number = number.item() if hasattr(number, "item") else number
    except (ValueError, RuntimeError):  # several numbers
        number = value
    if isinstance(number, bool) or not isinstance(number, Real):
        raise TypeError(f"the model reported {name} = {value!r:.40}, which is not a number")
    return float(number)


def plain_curve(model: Any) -> list[dict[str, float]]:
    """The rows that a model has reported."""
    return [plain_row(row) for row in getattr(model, "learning_curve", [])]


def plain_row(row: Mapping[str, Any]) -> dict[str, float]:
    """A row of a learning curve: `step` whole, all else floats."""
    return {**plain_numbers(row), "step": int(row["step"])}


def plain_text(text: str) -> str:
    """A text that can be written as UTF-8: what cannot be is shown as an escape."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


@dataclasses.dataclass(frozen=True)
class Reevaluation:
    """What an evaluation found.

    Attributes:
      metrics: what the model reports, by name.
      returns: of each episode, empty for a model without episodes.
    """

    metrics: dict[str, float]
    returns: list[float]


def evaluate_run(run: SavedRun, num_episodes: int | None, seed: int | None, sc: Any = None) -> Reevaluation:
    """Loads a trained model and evaluates it.

    Args:
      run: the model; its seed decides the test episodes unless `seed` is given.
      num_episodes: how many episodes; as recorded when None.
      seed: of the test episodes.
      sc: the SparkContext for models with `data: rdd`.

    Raises:
      ConfigError: a number of episodes was given for a model without episodes.
    """
    limit_threads(run.threads)
    with ThisProcessOnly(), same_folder():
        model = make_model(run.model, run.seed if seed is None else seed, str(run.model_folder), sc, run.threads)
        model.load_model()
        return evaluate_loaded(model, run, num_episodes, open_data(run.model, sc))


def evaluate_loaded(model: BaseModel, run: SavedRun, num_episodes: int | None, data: Any) -> Reevaluation:
    """Evaluates a trained model that has been loaded; see `evaluate_run`."""
    if isinstance(model, EpisodicModel):
        parts = model.slices(num_episodes or run.num_episodes)
        return Reevaluation({}, [value for part in parts for value in play_slice(model, data, part, "driver").returns])
    if num_episodes is not None:
        raise ConfigError([f"--episodes: {run.model.class_name} is evaluated on data and has no episodes"])
    _, metrics = model.evaluate(data)
    return Reevaluation(plain_numbers(metrics), [])
