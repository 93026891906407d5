"""A slot's computing process: `python -m rliable.executors.slots.compute FD`, started by the supervisor.

It lives as long as its slot, so models are imported once and compiled programs are there for the next unit.
"""

from __future__ import annotations

import contextlib
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

from rliable.executors.slots.messages import (
    Fields,
    Kind,
    Message,
    pack,
    pack_files,
    pack_result,
    read_files_of,
    read_unit,
    unpack,
)
from rliable.executors.worker import error_line, make_model, open_data, play_slice, run_unit
from rliable.model import EpisodicModel
from rliable.records.run_files import write_files
from rliable.registry import MODELS
from rliable.unit import Unit, UnitResult


@dataclasses.dataclass
class LoadedModel:
    """A trained model of another slot, kept for its next slice.

    Attributes:
      key: trial and run.
      folder: what it was loaded from.
      model: the loaded model.
      test_data: what it plays.
    """

    key: tuple[int, int]
    folder: tempfile.TemporaryDirectory[str]
    model: EpisodicModel
    test_data: Any


class Computer:
    """Runs units and plays slices as the supervisor hands them on."""

    def __init__(self, channel: Connection, start: Fields) -> None:
        """Imports the models.

        Args:
          channel: to the supervisor.
          start: the fields of the START message.
        """
        self._channel = channel
        self._slot: str = start["slot"]
        self._files: dict[str, str] = start["files"]
        self._shares_slices = start["level"] == 2
        self._loaded: LoadedModel | None = None
        for name in start["class_names"]:
            with contextlib.suppress(Exception):  # it will fail again, and be recorded, in the unit that needs it
                MODELS.load(name)

    def serve(self) -> None:
        """Works until the supervisor is gone."""
        self._channel.send_bytes(pack(Kind.READY))
        with contextlib.suppress(EOFError):
            while True:
                message = unpack(self._channel.recv_bytes())
                if message.kind is Kind.RUN:
                    self._run(self._unit_of(message))
                elif message.kind is Kind.PLAY:
                    self._play(message)

    def _unit_of(self, message: Message) -> Unit:
        """The message's unit, with the place of its data file on this machine."""
        unit = read_unit(message.fields["unit"])
        place = self._files.get(unit.model.environment, unit.model.environment)
        return dataclasses.replace(unit, model=dataclasses.replace(unit.model, environment=place))

    def _run(self, unit: Unit) -> None:
        self._loaded = None
        result = run_unit(unit, self._slot, slices=self._share if self._shares_slices else None)
        try:
            frame = pack_result(result)
        except (TypeError, ValueError) as error:
            frame = pack_result(without_values(result, error))
        self._channel.send_bytes(frame)

    def _share(self, model: EpisodicModel, files: dict[str, bytes]) -> Iterator[range]:
        """Opens the test episodes to idle slots, and yields the slices that are left to this one."""
        slices = [[part.start, part.stop] for part in model.slices()]
        self._channel.send_bytes(pack_files(Kind.OFFER, {"slices": slices}, files))
        while True:
            episodes = unpack(self._channel.recv_bytes()).fields["episodes"]
            if episodes is None:
                return
            yield range(*episodes)
            self._channel.send_bytes(pack(Kind.ASK))

    def _play(self, message: Message) -> None:
        unit = self._unit_of(message)
        if message.fields["is_loaded"] and not self._has_loaded(unit):  # the process before this one had
            self._channel.send_bytes(pack(Kind.PLAYED, {"needs_files": True}))
            return
        try:
            loaded = self._load(unit, message)
            record = play_slice(loaded.model, loaded.test_data, range(*message.fields["episodes"]), self._slot)
            frame = pack(Kind.PLAYED, vars(record))
        except Exception as error:
            fields = {"error": error_line(error), "traceback": traceback.format_exc(), "pid": os.getpid()}
            frame = pack(Kind.PLAYED, fields)
        self._channel.send_bytes(frame)

    def _load(self, unit: Unit, message: Message) -> LoadedModel:
        """The trained model, loaded from the files that come with its first slice."""
        if self._loaded is None or not self._has_loaded(unit):
            folder = tempfile.TemporaryDirectory(prefix="rliable-")
            write_files(Path(folder.name), read_files_of(message))
            model = make_model(unit.model, unit.seed, folder.name, threads=unit.limits.threads)
            model.load_model()
            if not isinstance(model, EpisodicModel):
                raise TypeError(f"{unit.model.class_name} has no episodes to share")
            self._loaded = LoadedModel((unit.trial, unit.run), folder, model, open_data(unit.model))
        return self._loaded

    def _has_loaded(self, unit: Unit) -> bool:
        return self._loaded is not None and self._loaded.key == (unit.trial, unit.run)


def without_values(result: UnitResult, error: Exception) -> UnitResult:
    """The failed result of a run whose values cannot be sent."""
    values: dict[str, Any] = {"metrics": None, "predictions": [], "learning_curve": [], "slices": [], "files": {}}
    return dataclasses.replace(result, error=error_line(error), traceback="", **values)


def main() -> None:
    """Serves the supervisor at the other end of the socket that was inherited."""
    faulthandler.enable()
    number = int(sys.argv[1])
    os.set_inheritable(number, False)
    channel = Connection(number)
    Computer(channel, unpack(channel.recv_bytes()).fields).serve()


if __name__ == "__main__":
    main()
