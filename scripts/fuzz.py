"""Reads thousands of damaged files as the commands do, and writes what came of it into docs/security.md.

Every input is a real file, of the kinds in `fuzzing/targets.py`, damaged in a seeded way. It is lost if reading it ends
in anything but a result or one line for the user, takes too long, writes outside its folder, starts a process or runs a
file of the folder. `--inputs 10000` plays so many; `--only TARGET SEED` plays one again and shows its traceback.
"""

from __future__ import annotations

import argparse
import logging
import random
import shutil
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path

from fuzzing.damage import damaged
from fuzzing.targets import ROOT, TARGETS, Target, make_folder
from fuzzing.watch import Watch
from rliable.executors.base import ExecutorError
from rliable.records.writing import StudyFolderError, write_atomically
from rliable.schema import ConfigError

PAGE = ROOT / "docs" / "security.md"
BEGIN, END = "<!-- fuzz -->\n", "<!-- end of fuzz -->\n"


def main() -> int:
    """Plays what is asked for, then writes the table; 1 if an input was lost."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--inputs", type=int, default=10_000, help="how many inputs, of all kinds together")
    parser.add_argument("--only", nargs=2, metavar=("TARGET", "SEED"), help="play this one, and keep nothing")
    parser.add_argument("--no-page", action="store_true", help="keep nothing")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="rliable-fuzz-") as place:
        player = Player(Path(place))
        if arguments.only:
            name, seed = arguments.only
            print(player.play(next(target for target in TARGETS if target.name == name), int(seed), is_shown=True))
            return 0
        return play_all(player, arguments.inputs, is_kept=not arguments.no_page)


def play_all(player: Player, num_inputs: int, is_kept: bool) -> int:
    """Plays all kinds of inputs alike often, and writes the page if it is to be kept."""
    outcomes: Counter[tuple[str, str]] = Counter()
    started = time.process_time()
    for number in range(num_inputs):
        target, seed = TARGETS[number % len(TARGETS)], number // len(TARGETS)
        outcome = player.play(target, seed)
        kind = outcome if outcome in ("read", "one line") else "lost"
        outcomes[target.name, kind] += 1
        if kind == "lost":
            print(f"--only {target.name!r} {seed}: {outcome}", flush=True)
    table = table_of(outcomes, num_inputs, time.process_time() - started)
    print(table, end="")
    if is_kept:
        head, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
        write_atomically(PAGE, head + BEGIN + table + END + rest.partition(END)[2])
    return int(any(kind == "lost" for _, kind in outcomes))


def table_of(outcomes: Counter[tuple[str, str]], num_inputs: int, seconds: float) -> str:
    """What came of all inputs, as a table."""
    num_lost = sum(count for (_, kind), count in outcomes.items() if kind == "lost")
    lines = [f"**{num_inputs} inputs in {seconds:.0f} s of one core, {num_lost} lost.**\n\n"]
    lines += [
        "| what was damaged | inputs | read nevertheless | refused in one line | lost |\n|---|---:|---:|---:|---:|\n"
    ]
    for target in TARGETS:
        counts = [outcomes[target.name, kind] for kind in ("read", "one line", "lost")]
        lines.append(f"| {target.name} | {sum(counts)} | {' | '.join(map(str, counts))} |\n")
    return "".join(lines)


class Player:
    """Plays inputs in folders of their own, below one folder."""

    def __init__(self, place: Path) -> None:
        """Makes the files that are damaged.

        Args:
          place: an empty folder.
        """
        self._whole, self._folder, self._scratch = place / "whole", place / "damaged", place / "scratch"
        self._whole.mkdir()
        self._scratch.mkdir()
        make_folder(self._whole)
        self._watch = Watch()
        logging.disable(logging.WARNING)  # that a run begins anew, as after every other checkpoint here
        tempfile.tempdir = str(self._scratch)
        for target in TARGETS:  # what is imported at the first time is imported now
            self._read(target, self._copy())

    def play(self, target: Target, seed: int, is_shown: bool = False) -> str:
        """Plays one input.

        Returns:
          "read", "one line", or what was wrong with it.
        """
        rng = random.Random(f"{target.name} {seed}")
        folder = self._copy()
        file = folder / rng.choice(target.files)
        file.write_bytes(damaged(file.read_bytes(), rng))
        if is_shown:
            print(file.relative_to(folder), file.read_bytes()[:2000])
        try:
            with self._watch.over(folder, self._scratch):
                outcome = self._read(target, folder)
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            if is_shown:
                traceback.print_exc()
            outcome = f"{type(error).__name__}: {error!s:.300}"
        return "; ".join([*self._watch.seen, *([] if not self._watch.seen else [outcome])]) or outcome

    def _copy(self) -> Path:
        shutil.rmtree(self._folder, ignore_errors=True)
        shutil.copytree(self._whole, self._folder, symlinks=True)
        return self._folder

    def _read(self, target: Target, folder: Path) -> str:
        try:
            code = target.read(folder)
        except (ConfigError, StudyFolderError, ExecutorError, OSError) as error:
            lines = error.problems if isinstance(error, ConfigError) else [str(error)]
            assert lines and all(line and "\n" not in line for line in lines), f"no line: {lines!r:.300}"
            return "one line"
        return "one line" if isinstance(code, int) and code else "read"


if __name__ == "__main__":
    sys.exit(main())
