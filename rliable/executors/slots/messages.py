"""What goes over the channel: messages in MessagePack, each behind one byte for its kind; never a pickle.

Floats keep every bit, files travel as bytes. Both ends run the same code, so a message carries no version.
"""

from __future__ import annotations

from typing import Any

import msgspec

from rliable.unit import Answer, Files, ModelConfig, PlayedSlice, Unit, UnitResult

Episodes = tuple[int, int]  # the first, and one past the last


class Hello(msgspec.Struct):
    """Supervisor to driver: this slot is free."""

    slot: str
    host: str


class Beat(msgspec.Struct):
    """Supervisor to driver: still here."""


class Train(msgspec.Struct):
    """Driver to process: train and evaluate this unit.

    Attributes:
      unit: the run.
      checkpoint: what it begins with; None to begin anew.
    """

    unit: Unit
    checkpoint: Files | None = None


class Began(msgspec.Struct):
    """Process to supervisor: all is imported, and the work on the order begins; limits count from here."""


class Reported(msgspec.Struct):
    """Process to driver: a row of the learning curve of its run."""

    step: int
    figures: dict[str, float]


class Answered(msgspec.Struct):
    """Driver to process: what the run is told to its last report."""

    answer: Answer


class Kept(msgspec.Struct):
    """Process to driver: a checkpoint of its run, files by name."""

    files: Files


class Result(msgspec.Struct):
    """Process to driver: what came of its unit."""

    result: UnitResult


class Offer(msgspec.Struct):
    """Process to driver: these test episodes may be played elsewhere, with these files; one slice for me."""

    slices: list[Episodes]
    files: Files


class Ask(msgspec.Struct):
    """Process to driver: one more slice for me."""


class Next(msgspec.Struct):
    """Driver to process: the slice, or none."""

    episodes: Episodes | None


class Play(msgspec.Struct):
    """Driver to process: play this slice of another process's run.

    Attributes:
      unit: the run.
      attempt: which of its attempts trained the model.
      episodes: the slice.
      files: the trained model; None when the process has loaded it already.
    """

    unit: Unit
    attempt: int
    episodes: Episodes
    files: Files | None


class Played(msgspec.Struct):
    """Process to driver: the returns of a slice."""

    played: PlayedSlice


class Refused(msgspec.Struct):
    """Process to driver: what another process's run asked for could not be done here.

    For a slice, without an error only because the trained model is needed again.
    """

    error: str | None = None
    traceback: str = ""


class Invite(msgspec.Struct):
    """Process to driver: slots that have nothing else to do may help with the training of this run."""


class Joined(msgspec.Struct):
    """Driver to process: this slot helps from now on."""

    helper: str


class Delegate(msgspec.Struct):
    """Process to driver: this slot is to do this, in the model's own words."""

    helper: str
    order: bytes


class Assist(msgspec.Struct):
    """Driver to process: do a part of the training of another process's run.

    Attributes:
      unit: the run.
      attempt: which of its attempts.
      order: what that run asked for.
    """

    unit: Unit
    attempt: int
    order: bytes


class Assisted(msgspec.Struct):
    """Process to driver: what came of the order."""

    answer: bytes


class Await(msgspec.Struct):
    """Process to driver: it reads now, until this slot's answer comes."""

    helper: str


class Delivered(msgspec.Struct):
    """Driver to process: what the slot made of its order; None if it helps no more."""

    helper: str
    answer: bytes | None


class Died(msgspec.Struct):
    """Supervisor to driver: the process ended while it worked.

    Attributes:
      error: how, in one line.
      is_final: True when another attempt would end the same way (a limit).
      pid: of the process.
      output: the end of what it printed.
    """

    error: str
    is_final: bool
    pid: int
    output: str


class Stop(msgspec.Struct):
    """Driver to supervisor: end."""


class Start(msgspec.Struct):
    """Supervisor to process: what it needs to know.

    Attributes:
      slot: the slot's name.
      level: 1 or 2.
      class_names: models to import before the first unit comes.
      files: names of shipped data files -> where they lie on this machine.
      threads: cores to compute with.
      model: to try before the first unit comes, as the model file has it.
    """

    slot: str
    level: int
    class_names: tuple[str, ...]
    files: dict[str, str]
    threads: int
    model: ModelConfig | None = None


class Ready(msgspec.Struct):
    """Process to supervisor: it waits for work. The slot's first one goes on to the driver.

    Attributes:
      versions: of Python and of the packages that a result depends on.
      processor: its kind.
      cores, memory_mb: of the machine.
      problem: why no run can succeed here, in one line; None if one can.
    """

    versions: dict[str, str] = {}
    processor: str = ""
    cores: int = 0
    memory_mb: int = 0
    problem: str | None = None


Message = (
    Hello
    | Beat
    | Train
    | Began
    | Reported
    | Answered
    | Kept
    | Result
    | Offer
    | Ask
    | Next
    | Play
    | Played
    | Refused
    | Invite
    | Joined
    | Delegate
    | Assist
    | Assisted
    | Await
    | Delivered
    | Died
    | Stop
    | Start
    | Ready
)
MESSAGE_KINDS: tuple[type[Any], ...] = Message.__args__  # type: ignore[attr-defined]
CODES = {kind: bytes([code]) for code, kind in enumerate(MESSAGE_KINDS)}
DECODERS = [msgspec.msgpack.Decoder(kind) for kind in MESSAGE_KINDS]


def pack(message: Message) -> bytes:
    """Makes a frame.

    Raises:
      TypeError, ValueError, OverflowError: it holds what cannot be sent.
    """
    return CODES[type(message)] + msgspec.msgpack.encode(message)


def unpack(frame: bytes | memoryview) -> Message:
    """Reads a frame, or what the frames of one message came to; contents of files are views of it.

    Raises:
      ValueError: it is none of ours.
    """
    try:
        message: Message = DECODERS[frame[0]].decode(memoryview(frame)[1:])
    except (IndexError, msgspec.MsgspecError) as error:
        raise ValueError(f"not a message of ours: {error}") from error
    return message


def kind_of_frame(frame: bytes | memoryview) -> type[Any]:
    """The kind of a message that is passed on unread, from its first byte."""
    return MESSAGE_KINDS[frame[0]]
