"""A slot's computing process: `python -m rliable.executors.slots.compute FD`, started by the supervisor.

It lives as long as its slot, so models are imported once and compiled programs are there for the next unit.
"""

from __future__ import annotations

import contextlib
import ctypes
import dataclasses
import faulthandler
import os
import sys
import tempfile
import traceback
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import psutil

from rliable.config.claims import with_files
from rliable.executors.slots.messages import (
    Answered,
    Ask,
    Began,
    Kept,
    Message,
    Next,
    Offer,
    Play,
    Played,
    Ready,
    Refused,
    Reported,
    Result,
    Start,
    Train,
    pack,
    unpack,
)
from rliable.executors.worker import (
    Exchange,
    ThisProcessOnly,
    error_line,
    make_model,
    open_data,
    plain_row,
    plain_text,
    play_slice,
    run_unit,
)
from rliable.folder_files import write_files
from rliable.model import EpisodicModel
from rliable.registry import MODELS
from rliable.schema import ConfigError
from rliable.unit import Answer, Unit, UnitResult

#: Linux: orphans below this process become its children, so that they are found.
PR_SET_CHILD_SUBREAPER = 36
#: Helpers of Python's own that outlive a run on purpose.
SPARED = ("multiprocessing.resource_tracker", "multiprocessing.forkserver")


@dataclasses.dataclass
class LoadedModel:
    """A trained model of another slot, kept for its next slice.

    Attributes:
      key: trial, run and attempt.
      folder: what it was loaded from.
      model: the loaded model.
      test_data: what it plays.
    """

    key: tuple[int, int, int]
    folder: tempfile.TemporaryDirectory[str]
    model: EpisodicModel
    test_data: Any


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
        self._shares_slices = start.level == 2
        self._loaded: LoadedModel | None = None
        self._awaits_answer = False
        self._answer = Answer.GO_ON
        for name in start.class_names:
            import_early(name, start.threads)
        self._home = os.open(".", os.O_RDONLY)  # a folder that is open can be gone back to even when it was removed

    def serve(self) -> None:
        """Works until the supervisor is gone."""
        self._send(Ready())
        with contextlib.suppress(EOFError):
            while True:
                message = unpack(self._channel.recv_bytes())
                if isinstance(message, Train):
                    self._run(self._at_home(message.unit), message.checkpoint)
                elif isinstance(message, Play):
                    self._play(message)

    def _send(self, message: Message) -> None:
        self._channel.send_bytes(pack(message))

    def _at_home(self, unit: Unit) -> Unit:
        """The unit with the places of the files that it names on this machine."""
        if not self._files:
            return unit
        model, hp_params = unit.model, unit.model.hp_params
        with contextlib.suppress(ConfigError):  # no such class here: the result will say so
            hp_params = with_files(MODELS.load(model.class_name), hp_params, self._place)
        environment = self._files.get(model.environment, model.environment)
        return dataclasses.replace(unit, model=dataclasses.replace(model, environment=environment, hp_params=hp_params))

    def _place(self, name: str) -> str:
        """Where a file is: where it was named, if that is here as well, else where it was shipped to."""
        return name if Path(name).exists() else self._files.get(name, name)

    def _run(self, unit: Unit, checkpoint: dict[str, bytes] | None) -> None:
        self._loaded = None
        self._answer, self._awaits_answer = Answer.GO_ON, False
        import_early(unit.model.class_name, unit.limits.threads)
        self._send(Began())
        slices = self._share if self._shares_slices else None
        exchange = Exchange(self._report, self._keep, checkpoint)
        result = run_unit(unit, self._slot, slices=slices, exchange=exchange)
        self._tidy()
        try:
            self._send(Result(result))
        except (TypeError, ValueError, OverflowError) as error:
            self._send(Result(without_values(result, error)))

    def _report(self, row: dict[str, float]) -> Answer:
        """Sends a row, unless the one before is still unanswered; gives the last answer."""
        while self._channel.poll():
            self._take_answer(unpack(self._channel.recv_bytes()))
        if self._answer is Answer.GO_ON and not self._awaits_answer:
            with contextlib.suppress(TypeError, ValueError):  # the result says what is wrong with it
                plain = plain_row(row)
                self._send(Reported(int(plain.pop("step")), plain))
                self._awaits_answer = True
        return self._answer

    def _keep(self, files: dict[str, bytes]) -> None:
        """Sends a checkpoint."""
        self._send(Kept(files))

    def _take_answer(self, message: Message) -> None:
        if isinstance(message, Answered):
            self._awaits_answer, self._answer = False, message.answer

    def _share(self, model: EpisodicModel, files: dict[str, bytes]) -> Iterator[range]:
        """Opens the test episodes to idle slots, and yields the slices that are left to this one."""
        self._send(Offer([(part.start, part.stop) for part in model.slices()], files))
        while (episodes := self._next_slice()) is not None:
            yield episodes
            self._send(Ask())

    def _next_slice(self) -> range | None:
        """Waits for the next slice; an answer to a late report may come before it."""
        while not isinstance(message := unpack(self._channel.recv_bytes()), Next):
            self._take_answer(message)
        return None if message.episodes is None else range(*message.episodes)

    def _play(self, order: Play) -> None:
        unit, key = self._at_home(order.unit), (order.unit.trial, order.unit.run, order.attempt)
        if order.files is None and (self._loaded is None or self._loaded.key != key):  # the process before this one had
            self._send(Refused())
            return
        import_early(unit.model.class_name, unit.limits.threads)
        self._send(Began())
        try:
            with ThisProcessOnly():
                loaded = self._load(unit, key, order.files)
                played = play_slice(loaded.model, loaded.test_data, range(*order.episodes), self._slot)
            answer: Message = Played(played)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            answer = Refused(error_line(error), plain_text(traceback.format_exc()))
        self._tidy()
        self._send(answer)

    def _load(self, unit: Unit, key: tuple[int, int, int], files: dict[str, bytes] | None) -> LoadedModel:
        """The trained model, loaded from the files that come with its first slice."""
        if self._loaded is None or files is not None:
            folder = tempfile.TemporaryDirectory(prefix="rliable-")
            write_files(Path(folder.name), files or {})
            model = make_model(unit.model, unit.seed, folder.name, threads=unit.limits.threads)
            model.load_model()
            if not isinstance(model, EpisodicModel):
                raise TypeError(f"{unit.model.class_name} has no episodes to share")
            self._loaded = LoadedModel(key, folder, model, open_data(unit.model))
        return self._loaded

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


def import_early(class_name: str, threads: int) -> None:
    """Imports a model's class and what it needs; what goes wrong does so again in the unit, whose result says so."""
    try:
        with ThisProcessOnly():
            import_libraries(class_name, threads)
    except KeyboardInterrupt:
        raise
    except BaseException:
        pass


def import_libraries(class_name: str, threads: int) -> None:
    """Imports a model's class and, if it says how, what it needs for training."""
    prepare = getattr(MODELS.load(class_name), "import_libraries", None)
    if prepare is not None:
        prepare(threads)


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
    start = unpack(channel.recv_bytes())
    assert isinstance(start, Start)
    Computer(channel, start).serve()


if __name__ == "__main__":
    main()
