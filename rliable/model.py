"""The contracts of models: what anything that is trained and searched over has to offer."""

from __future__ import annotations

import functools
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar

from rliable.helping import Helpers
from rliable.metrics import RETURN_METRICS, return_metrics
from rliable.schema import ConfigError, check_record
from rliable.unit import Answer

#: What a model may learn from; `BaseModel.learns_from` says what each means.
DATA_KINDS = ("environment", "gymnasium", "rows", "name")
#: The methods a model class must have, inherited from `BaseModel` or not.
CONTRACT = ("train", "evaluate", "predict", "save", "load_model")


class RunStopped(BaseException):
    """Raised by `BaseModel.report` in a run that is to end now: the search needs no more of it.

    It is no `Exception`, so that a model's own handlers let it pass. A model that has to tidy up may catch it and raise
    it again, or set `stops_by_exception` to False.
    """


class RunPaused(RunStopped):
    """Raised instead where the run may go on later: a model that can should call `keep_checkpoint` before it ends."""


class BaseModel(ABC):
    """A model that can be trained, evaluated, saved and loaded.

    Life of an object: `__init__`, `train` once, `save` once, `evaluate` any number of times; or `__init__`,
    `load_model`, `evaluate`. One object serves one run (one configuration, one seed) and lives in one thread of one
    process. It never crosses a process boundary, so it may hold what cannot be pickled; what it saves does cross, as
    files. Nobody closes it: it is dropped when its run ends.

    A model draws every random number from `cfg["seed"]`, never from a global generator; then the same configuration
    and seed give the same result in every mode.

    Attributes:
      hyperparameters: a settings record (`rliable.schema.setting`) of everything `hp_params` may hold, or None when
        nothing is to be checked.
      metrics: the names of what `evaluate` reports, or empty when only running it can tell.
      version: changed whenever the same configuration and seed come to give other results; a study is not continued
        with another version than it was begun with, unless that is wished.
      learns_from: what `train` and `evaluate` take as their data, one or more of: "environment", an environment of ours
        or of the user's own that is made for the model (`rliable.environments.base`); "gymnasium", one that steps on
        the host (`rliable.environments.host`), where the name of one of ours means Gymnasium's; "rows", a list of dicts
        read from a JSON-lines or CSV file, or an RDD of them; "name", the `environment` of the model file as text,
        whatever it names, for models that make their environment themselves.
      runs_what_it_is_given: how what stands in a study's folder comes to be run by it, in few words, such as "it
        unpickles what it has saved"; empty if nothing does. Then a folder is continued or evaluated only if the user
        trusts it.
      learning_curve: rows that `report` collected, in order.
      stops_by_exception: how `report` tells that the run is to end: by raising `RunStopped`, or, if False, by its
        answer, upon which `train` should return soon. Nothing is saved or evaluated of a run that is stopped.
      on_report: called with each row as it is reported, or None; it answers whether the run goes on.
      on_checkpoint: called with each checkpoint, files by name, or None.
      helpers: who else may do parts of the training, or None.
    """

    hyperparameters: ClassVar[type | None] = None
    metrics: ClassVar[tuple[str, ...]] = ()
    version: ClassVar[str] = "1"
    runs_what_it_is_given: ClassVar[str] = ""
    stops_by_exception: ClassVar[bool] = True
    learns_from: ClassVar[tuple[str, ...]] = ("rows", "name")

    def __init__(self, sc: Any, cfg: dict[str, Any]) -> None:
        """Keeps the configuration; trains nothing yet.

        Args:
          sc: the SparkContext for models with `"data": "rdd"`, else None.
          cfg: the model file's keys (`class`, `environment`, `mdl_file`, `hp_params`, optionally `data`,
            `environment_kwargs` and `wrappers`), `seed`, a non-negative integer below 2**63, and optionally `threads`,
            how many cores to compute with (1).
        """
        self.sc = sc
        self.cfg = cfg
        self.learning_curve: list[dict[str, float]] = []
        self.on_report: Callable[[dict[str, float]], Answer] | None = None
        self.on_checkpoint: Callable[[dict[str, bytes]], None] | None = None
        self.helpers: Helpers | None = None

    @classmethod
    def missing_packages(cls) -> str | None:
        """What this machine lacks for the model, in one line with the cure; None if nothing.

        Asked before a study or a training starts; what it can tell without importing anything.
        """
        return None

    @classmethod  # noqa: B027
    def import_libraries(cls, threads: int) -> None:
        """Imports what training needs and this module did not: called before a run, whose time limit begins after it.

        Args:
          threads: cores that the run computes with.
        """

    def report(self, step: int, **values: float) -> bool:
        """Adds a row to the learning curve, and passes it on to the search.

        Args:
          step: environment steps (or rows of data) used so far.
          **values: figures by name, such as `average_return=21.5`.

        Returns:
          Whether to go on. The search answers a report while the run goes on, so this is the answer to an earlier one.

        Raises:
          RunStopped: the run is to end (`RunPaused`: for the time being), unless `stops_by_exception` is False.
        """
        row = {"step": step, **values}
        self.learning_curve.append(row)
        answer = Answer.GO_ON if self.on_report is None else self.on_report(row)
        if self.stops_by_exception and answer is not Answer.GO_ON:
            raise (RunPaused if answer is Answer.PAUSE else RunStopped)(f"{answer.value} at step {step}")
        return answer is Answer.GO_ON

    def keep_checkpoint(self, files: dict[str, bytes]) -> None:
        """Hands on all that the run needs to go on from here, in another process perhaps; the search keeps the latest.

        Where its process dies, the run goes on from there instead of from the beginning.

        Args:
          files: content by name; `restore` gets them back, and the learning curve comes back by itself.
        """
        if self.on_checkpoint is not None:
            self.on_checkpoint(files)

    def restore(self, files: dict[str, bytes]) -> None:
        """Has the next `train` go on from a checkpoint, to the same end as if nothing had come between.

        Args:
          files: what `keep_checkpoint` was called with.

        Raises:
          NotImplementedError: the model keeps no checkpoints.
        """
        raise NotImplementedError(f"{type(self).__name__} keeps no checkpoints")

    def help(self, data: Any, order: bytes) -> bytes:
        """Does a part of the training of a run in another process; see `rliable.helping`.

        Args:
          data: what `train` gets there; the same object for all orders of that run.
          order: what that run asked for.

        Raises:
          NotImplementedError: the model asks for no help.
        """
        raise NotImplementedError(f"{type(self).__name__} asks for no help")

    @classmethod
    def hyperparameters_for(cls, hp_params: Mapping[str, Any]) -> type | None:
        """Like `hyperparameters`, for a model in which some of `hp_params` decide what else they may hold.

        Args:
          hp_params: as they are in the model file, not checked yet.
        """
        return cls.hyperparameters

    @functools.cached_property
    def values(self) -> Any:
        """The checked hyperparameters of this object, defaults filled in, for a model that has a table of them."""
        hp_params = self.cfg["hp_params"]
        table = self.hyperparameters_for(hp_params)
        assert table is not None
        values, problems = check_record(table, hp_params, "hp_params")
        if problems:
            raise ConfigError(problems)
        return values

    @classmethod
    def metrics_for(cls, hp_params: Mapping[str, Any]) -> tuple[str, ...]:
        """Like `metrics`, for a model in which they follow from `hp_params`, which are not checked yet."""
        return cls.metrics

    @classmethod
    def with_files(cls, hp_params: dict[str, Any], place: Callable[[str], str]) -> dict[str, Any]:
        """The hyperparameters with the files that they name at other places, for a model that needs them where it runs.

        Args:
          hp_params: of the model, checked.
          place: gives for the name of a file its place, for any other the name itself.
        """
        return hp_params

    @abstractmethod
    def train(self, data: Any, *args: Any) -> None:
        """Trains on `data`.

        Args:
          data: one of what the model `learns_from`: an environment; rows (a list of dicts, or an RDD of them); or the
            name of an environment.
          *args: first, a separate instance of the same for evaluations during training.
        """

    @abstractmethod
    def evaluate(self, data: Any) -> tuple[list[Any], dict[str, float]]:
        """Evaluates the trained model on `data`, the test instance of what `train` got.

        Returns:
          The predictions (for an agent the return of each episode), and the metrics by name.
        """

    @abstractmethod
    def predict(self, data: Any) -> Any:
        """Answers for new inputs: actions for observations, predictions for rows."""

    @abstractmethod
    def save(self) -> None:
        """Writes the trained model into the existing folder `cfg["mdl_file"]`."""

    @abstractmethod
    def load_model(self) -> None:
        """Reads what `save` wrote into `cfg["mdl_file"]`; afterwards `evaluate` gives the same metrics as before."""


class EpisodicModel(BaseModel):
    """A model whose evaluation is a fixed number of independent episodes.

    Episode i has its own seed, and episodes are played in slices of `EPISODES_PER_SLICE`, so it does not matter which
    process plays which slice: at level 2 idle slots take slices of a run that is being evaluated elsewhere.
    """

    EPISODES_PER_SLICE: ClassVar[int] = 10
    metrics = RETURN_METRICS

    @property
    @abstractmethod
    def num_test_episodes(self) -> int:
        """How many episodes the final evaluation plays, at least 1."""

    @abstractmethod
    def run_episodes(self, data: Any, episodes: range) -> list[float]:
        """Plays test episodes with the trained policy.

        The answer depends on the policy, `cfg["seed"]` and the episode numbers alone: calling it twice, elsewhere or
        in another order gives the same bits.

        Args:
          data: the test environment.
          episodes: consecutive episode numbers, at most `EPISODES_PER_SLICE` of them.

        Returns:
          The return of each, in order.
        """

    @classmethod
    def lack_of_pictures(cls, data: Any) -> str | None:
        """Why `draw_episode` can draw nothing of a test environment, in one line; None if it can."""
        return f"{cls.__name__} draws nothing"

    def draw_episode(self, data: Any, episode: int) -> tuple[float, Iterator[Any]]:
        """Plays a test episode with the trained policy once more, and draws it; called where nothing is lacking.

        Args:
          data: the test environment.
          episode: its number.

        Returns:
          Pictures per second, and the pictures, of its beginning and after each step: uint8 [height, width, 3].
        """
        raise NotImplementedError(f"{type(self).__name__} draws nothing")

    def slices(self, num_episodes: int | None = None) -> list[range]:
        """The test episodes (the first `num_episodes`), cut into slices; only the last may be shorter."""
        size, total = self.EPISODES_PER_SLICE, num_episodes or self.num_test_episodes
        return [range(first, min(first + size, total)) for first in range(0, total, size)]

    def evaluate(self, data: Any) -> tuple[list[float], dict[str, float]]:
        returns = [episode_return for part in self.slices() for episode_return in self.run_episodes(data, part)]
        return returns, return_metrics(returns)
