"""What is done to a study in a round: all of it follows from the round's number."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable, Sequence
from pathlib import Path

MODES = {
    "serial": [],
    "level 1": ["--parallelized"],
    "level 2": ["--parallelized", "--plevel", "2"],
    "level 1, local-cluster": ["--parallelized", "--master", "local-cluster[2,1,1024]"],
    "level 2, local-cluster": ["--parallelized", "--plevel", "2", "--master", "local-cluster[2,1,1024]"],
    "level 1, standalone": ["--parallelized", "--master", "MASTER"],
    "level 2, standalone": ["--parallelized", "--plevel", "2", "--master", "MASTER"],
}
LEARNING = ("tpe", "cmaes")
SAMPLERS = ("random", "grid", "qmc", *LEARNING)
#: Rounds from this number on are about samplers that learn, on two slots; before it these have one.
LEARNING_FROM = 340
#: All processes of a search, as when a laptop is closed.
EVERYTHING = "whole search"
#: The file system on which the study's folder lies.
DISK = "disk"
SERIAL = ("driver", "computing process", EVERYTHING, DISK)
ON_SPARK = (*SERIAL, "supervisor", "Spark's Python daemon", "virtual machine")
#: Of a standalone cluster: a worker with all that it has started.
MACHINE = "machine"
#: What rounds from this number on strike as well, so that those before it stay what they are.
LATER_FROM = 300
LATER = ("environment's process", "guard")
#: What may be done to a study's folder besides `DAMAGES`; it ends with the first search that it stops.
READ_ONLY = "a read-only folder"
SLEEPS = ("SIGSTOP, short", "SIGSTOP, long")
DEEDS = ("SIGKILL", "SIGKILL", "SIGTERM", *SLEEPS)
DEEDS_TO_DRIVER = (*DEEDS, "SIGINT", "SIGUSR1", "SIGTERM, twice")


@dataclasses.dataclass(frozen=True)
class Blow:
    """One thing that is done to a study that runs.

    Attributes:
      victim: "driver", `EVERYTHING`, `MACHINE`, `DISK`, or one of `ON_SPARK` or `LATER`, or "executor".
      deed: a signal's name, "SIGSTOP, short" or "SIGSTOP, long" (and SIGCONT after it), "SIGTERM, twice", or
        "full".
      after: when, in seconds after the one before, or after the beginning.
    """

    victim: str
    deed: str
    after: float

    def __str__(self) -> str:
        return f"a {self.deed} {DISK}" if self.victim == DISK else f"{self.deed} to the {self.victim}"

    @property
    def ends_search(self) -> bool:
        """Whether the study has to be resumed after it."""
        return self.victim in ("driver", "virtual machine", DISK) and not self.deed.startswith("SIGSTOP")


@dataclasses.dataclass(frozen=True)
class Round:
    """What is done in a round.

    Attributes:
      number: its own, which decides all else.
      mode, sampler: of the study.
      has_begun: whether the study has finished its first trial before the first blow.
      blows: in order.
      damage: what is done to the folder afterwards, a key of `DAMAGES`, `READ_ONLY`, or empty.
      next_mode: in which the study goes on.
      num_resumes: how many searches try to go on at once.
    """

    number: int
    mode: str
    sampler: str
    has_begun: bool
    blows: tuple[Blow, ...]
    damage: str
    next_mode: str
    num_resumes: int

    @property
    def num_slots(self) -> int:
        """Of the study file."""
        return 1 if self.sampler in LEARNING and self.number < LEARNING_FROM else 2

    @property
    def has_environment(self) -> bool:
        """Whether the study's model steps an environment in a process of its own."""
        return self.number >= LATER_FROM

    def __str__(self) -> str:
        early = "" if self.has_begun else "early, "
        words = [f"{self.mode}, {self.sampler}: {early}{', '.join(map(str, self.blows))}"]
        words += [self.damage] if self.damage else []
        words += [f"resumed in {self.next_mode}"] if self.next_mode != self.mode else []
        words += [f"{self.num_resumes} resumes at once"] if self.num_resumes > 1 else []
        return ", ".join(words)


def round_of(number: int) -> Round:
    """The round of a number."""
    draw = random.Random(number)
    samplers = LEARNING if number >= LEARNING_FROM else SAMPLERS
    mode, sampler, has_begun = draw.choice(list(MODES)), draw.choice(samplers), draw.random() < 0.7
    later, damages = (LATER, [*DAMAGES, READ_ONLY, READ_ONLY]) if number >= LATER_FROM else ((), list(DAMAGES))
    blows = tuple(blow_in(mode, has_begun, draw, later) for _ in range(draw.choice([1, 1, 2, 3])))
    damage, next_mode = draw.choice(["", "", *damages]), draw.choice([mode, mode, *MODES])
    is_ended = any(blow.ends_search for blow in blows)
    afterwards = (damage, next_mode, draw.choice([1, 1, 2, 3])) if is_ended else ("", mode, 1)
    return Round(number, mode, sampler, has_begun, blows, *afterwards)


def blow_in(mode: str, has_begun: bool, draw: random.Random, later: Sequence[str] = ()) -> Blow:
    """One thing that may be done in a mode; every second one to one of `later`."""
    victims = SERIAL if mode == "serial" else ON_SPARK
    if later and draw.random() < 0.5:
        return Blow(draw.choice(later), draw.choice(DEEDS), draw.uniform(0.0, 4.0 if has_begun else 10.0))
    victims += ("executor",) if "cluster" in mode else ("executor", MACHINE) if "standalone" in mode else ()
    victim = draw.choice(victims)
    deeds = {"driver": DEEDS_TO_DRIVER, MACHINE: ("SIGKILL",), EVERYTHING: SLEEPS, DISK: ("full",)}.get(victim, DEEDS)
    return Blow(victim, draw.choice(deeds), draw.uniform(0.0, 4.0 if has_begun else 10.0))


def torn(folder: Path) -> None:
    """The journal's last line was cut off."""
    journal = folder / "journal.log"
    content = journal.read_bytes()
    journal.write_bytes(content[: content.rstrip(b"\n").rfind(b"\n") + 1 + 7])


def padded(folder: Path) -> None:
    """The journal ends in zeros, as some file systems leave it after a power cut."""
    with (folder / "journal.log").open("ab") as file:
        file.write(b"\0" * 512)


def lost_views(folder: Path) -> None:
    """What is made from the journal has gone."""
    for name in ("results.json", "trials.csv"):
        (folder / name).unlink(missing_ok=True)
    for trial in folder.glob("trials/*/trial.json"):
        trial.unlink()


def foreign_views(folder: Path) -> None:
    """What is made from the journal holds something else."""
    (folder / "results.json").write_text('{"half": ')
    (folder / "trials.csv").write_bytes(b"\0\0\0")


DAMAGES: dict[str, Callable[[Path], None]] = {
    "a torn journal": torn,
    "a journal that ends in zeros": padded,
    "views lost": lost_views,
    "views damaged": foreign_views,
}
