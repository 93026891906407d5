"""A slot's computing process: `python -m rliable.executors.slots.compute FD`, started by the supervisor.

It lives as long as its slot, so models are imported once and compiled programs are there for the next unit.
"""

from __future__ import annotations

import contextlib
import ctypes
import dataclasses
import faulthandler
import os
import shutil
import sys
import tempfile
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import psutil

from rliable.config.claims import with_files
from rliable.executors.slots.child import MARK
from rliable.executors.slots.conversation import Conversation
from rliable.executors.slots.frames import receive, send
from rliable.executors.slots.messages import (
    Assist,
    Assisted,
    Began,
    Message,
    Play,
    Played,
    Refused,
    Result,
    Start,
    Train,
    pack,
)
from rliable.executors.slots.preflight import look_around
from rliable.executors.worker import (
    Exchange,
    ThisProcessOnly,
    error_line,
    import_libraries,
    make_model,
    open_data,
    plain_text,
    play_slice,
    run_unit,
)
from rliable.folder_files import write_files
from rliable.model import BaseModel, EpisodicModel
from rliable.registry import MODELS
from rliable.schema import ConfigError
from rliable.unit import Files, ModelConfig, Unit, UnitResult

#: Linux: orphans below this process become its children, so that they are found.
PR_SET_CHILD_SUBREAPER = 36
#: Helpers of Python's own that outlive a run on purpose.
SPARED = ("multiprocessing.resource_tracker", "multiprocessing.forkserver")


@dataclasses.dataclass
class Guest:
    """A model of another process's run, kept for what is to be done for that run next.

    Attributes:
      key: trial, run and attempt.
      folder: what it saves to and is loaded from.
      model: the model.
      data: what it plays or trains in here.
      is_trained: whether it was loaded.
    """

    key: tuple[int, int, int]
    folder: tempfile.TemporaryDirectory[str]
    model: BaseModel
    data: Any
    is_trained: bool = False


class Computer:
    """Runs units and plays slices as the supervisor hands them on."""

    def __init__(self, channel: Connection, start: Start) -> None:
        """Imports the models.

        Args:
          channel: to the supervisor.
          start: what it needs to know.
        """
        self._channel = channel
        self._slot = start.slot
        self._files = start.files
        self._is_helped = start.level == 2
        self._model, self._threads = start.model, start.threads
        self._guest: Guest | None = None
        for name in start.class_names:
            import_early(name, start.threads)
        self._home = os.open(".", os.O_RDONLY)  # a folder that is open can be gone back to even when it was removed

    def serve(self) -> None:
        """Works until the supervisor is gone."""
        self._send(look_around(self._model and self._model_at_home(self._model), self._threads))
        with contextlib.suppress(EOFError):
            while True:
                message = receive(self._channel)
                if isinstance(message, Train):
                    self._run(self._at_home(message.unit), message.checkpoint)
                elif isinstance(message, Play):
                    self._play(message)
                elif isinstance(message, Assist):
                    self._assist(message)

    def _send(self, message: Message) -> None:
        send(self._channel, pack(message))

    def _at_home(self, unit: Unit) -> Unit:
        """The unit with the places of the files that it names on this machine."""
        return dataclasses.replace(unit, model=self._model_at_home(unit.model))

    def _model_at_home(self, model: ModelConfig) -> ModelConfig:
        """The same of a model."""
        hp_params = model.hp_params
        with contextlib.suppress(ConfigError):  # no such class here: the result will say so
            hp_params = with_files(MODELS.load(model.class_name), hp_params, self._place)
        environment = self._files.get(model.environment, model.environment)
        return dataclasses.replace(model, environment=environment, hp_params=hp_params)

    def _place(self, name: str) -> str:
        """Where a file is: where it was named, if that is here as well, else where it was shipped to."""
        return name if Path(name).exists() else self._files.get(name, name)

    def _run(self, unit: Unit, checkpoint: Files | None) -> None:
        self._dismiss_guest()
        import_early(unit.model.class_name, unit.limits.threads)
        self._send(Began())
        talk = Conversation(self._channel)
        slices, helpers = (talk.share, talk) if self._is_helped else (None, None)
        result = run_unit(
            unit, self._slot, slices=slices, exchange=Exchange(talk.report, talk.keep, checkpoint, helpers)
        )
        self._tidy()
        if talk.has_offered:
            result = dataclasses.replace(result, files={})  # the driver has them
        try:
            self._send(Result(result))
        except (TypeError, ValueError, OverflowError) as error:
            self._send(Result(without_values(result, error)))

    def _play(self, order: Play) -> None:
        """Plays a slice of another process's run."""
        unit, key = self._at_home(order.unit), (order.unit.trial, order.unit.run, order.attempt)
        if order.files is None and not self._is_here(key, is_trained=True):  # the process before this one had it
            self._send(Refused())
            return

        def play() -> Message:
            if order.files is not None:
                self._dismiss_guest()
                self._guest = load_guest(unit, key, order.files)
            assert self._guest is not None and isinstance(self._guest.model, EpisodicModel)
            played = play_slice(self._guest.model, self._guest.data, range(*order.episodes), self._slot)
            return Played(played)

        answer = self._for_another(unit, play)
        self._tidy()
        self._send(answer)

    def _assist(self, order: Assist) -> None:
        """Does a part of the training of another process's run; what it has started for that stays for the next."""
        unit, key = self._at_home(order.unit), (order.unit.trial, order.unit.run, order.attempt)

        def assist() -> Message:
            if not self._is_here(key, is_trained=False):
                self._dismiss_guest()
                self._guest = new_guest(unit, key)
            assert self._guest is not None
            return Assisted(self._guest.model.help(self._guest.data, order.order))

        self._send(self._for_another(unit, assist))

    def _for_another(self, unit: Unit, work: Callable[[], Message]) -> Message:
        """Works on another process's run; whatever goes wrong is a refusal."""
        import_early(unit.model.class_name, unit.limits.threads)
        self._send(Began())
        try:
            with ThisProcessOnly():
                return work()
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            refused = Refused(error_line(error), plain_text(traceback.format_exc()))
            self._dismiss_guest()  # it may be in the midst of what it was told
            return refused

    def _dismiss_guest(self) -> None:
        """Gives up the model of another process's run, and takes back what that has changed here."""
        if self._guest is not None:
            self._guest = None
            self._tidy()

    def _is_here(self, key: tuple[int, int, int], is_trained: bool) -> bool:
        return self._guest is not None and (self._guest.key, self._guest.is_trained) == (key, is_trained)

    def _tidy(self) -> None:
        """Takes back what a run may have changed for the next: the working folder, processes that it left behind."""
        with contextlib.suppress(OSError):  # it may no longer be open to us, and the run has done its work
            os.fchdir(self._home)
        for process in psutil.Process().children(recursive=True) if has_children() else ():
            with contextlib.suppress(psutil.Error):
                if not any(name in word for word in process.cmdline() for name in SPARED):
                    process.kill()
                    process.wait(1.0)


def has_children() -> bool:
    """Whether this process has children, where that can be told quickly; else True."""
    files = list(Path("/proc/self/task").glob("*/children"))
    try:
        return not files or any(file.read_bytes() for file in files)
    except OSError:  # a thread has ended in between
        return True


def new_guest(unit: Unit, key: tuple[int, int, int]) -> Guest:
    """The model of another process's run, untrained."""
    folder = tempfile.TemporaryDirectory(prefix="rliable-")
    model = make_model(unit.model, unit.seed, folder.name, threads=unit.limits.threads)
    return Guest(key, folder, model, open_data(unit.model))


def load_guest(unit: Unit, key: tuple[int, int, int], files: Files) -> Guest:
    """The same, loaded from the files of the trained model, which come with its first slice."""
    guest = new_guest(unit, key)
    write_files(Path(guest.folder.name), files)
    guest.model.load_model()
    if not isinstance(guest.model, EpisodicModel):
        raise TypeError(f"{unit.model.class_name} has no episodes to share")
    return dataclasses.replace(guest, is_trained=True)


def import_early(class_name: str, threads: int) -> None:
    """Imports a model's class and what it needs; what goes wrong does so again in the unit, whose result says so."""
    try:
        with ThisProcessOnly():
            import_libraries(class_name, threads)
    except KeyboardInterrupt:
        raise
    except BaseException:
        pass


def without_values(result: UnitResult, error: Exception) -> UnitResult:
    """The failed result of a run whose values cannot be sent."""
    values: dict[str, Any] = {"metrics": None, "predictions": [], "learning_curve": [], "slices": [], "files": {}}
    return dataclasses.replace(result, error=error_line(error), traceback="", **values)


def adopt_orphans() -> None:
    """Makes this process the parent of processes below it whose own parents end; Linux only."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def main() -> None:
    """Serves the supervisor at the other end of the socket that was inherited."""
    faulthandler.enable()
    adopt_orphans()
    number = int(sys.argv[1])
    os.set_inheritable(number, False)
    channel = Connection(number)
    start = receive(channel)
    assert isinstance(start, Start)
    try:
        Computer(channel, start).serve()
    finally:
        shutil.rmtree(os.environ[MARK], ignore_errors=True)  # in case nobody is left to do it


if __name__ == "__main__":
    main()
