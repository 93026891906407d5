"""Breaks studies in hundreds of seeded ways and looks at what comes of them: writes docs/reliability.md.

A round begins a study, does one thing or several to its processes or its files, goes on with `--resume` until it has
finished, and compares it with the same study undisturbed. `--rounds 360` plays what is missing of 360 rounds; what is
in docs/reliability.json is never repeated. `--only 17 18` plays these again and keeps nothing.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import psutil

from faults.page import page_of
from faults.plan import DAMAGES, DISK, LEARNING, MODES, READ_ONLY, Blow, Round, round_of
from faults.running import MOST_SECONDS, ROOT, Cluster, Disk, Search, Watch
from rliable.records.results import load_record
from rliable.records.writing import write_atomically

ROUNDS = ROOT / "docs" / "reliability.json"
WALK = f"{ROOT}/scripts/faults/walking_model.py:Walk"
PAGE = ROOT / "docs" / "reliability.md"
NUM_TRIALS = 6
#: A trial takes so many steps of so many seconds.
STEPS, STEP_SECONDS = 30, 0.05
MOST_RESUMES = 6
#: What a search may end with, besides 0, after what was done to its driver.
CODES = {"SIGKILL": 137, "SIGTERM": 143, "SIGINT": 130, "SIGUSR1": 75}
WRONG_WORDS = re.compile(r"Traceback \(most recent call last\)|AssertionError")


def main() -> int:
    """Plays what is asked for, then writes the page; 1 if a round was lost."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=360, help="how many rounds there are to be")
    parser.add_argument("--only", nargs="+", type=int, help="play these rounds, and keep nothing of them")
    arguments = parser.parse_args()
    only = arguments.only
    rounds = [round_of(n) for n in only or range(arguments.rounds) if only or str(n) not in known_rounds()]
    expected = undisturbed(rounds)
    facts = {one.number: facts_of(one, expected[kind_of(one)], is_kept=only is None) for one in rounds}
    if only is None:
        write_atomically(PAGE, page_of(known_rounds()))
    return int(any(fact["problems"] for fact in facts.values()))


def facts_of(one: Round, expected: Any, is_kept: bool) -> dict[str, Any]:
    """Plays a round, says what came of it and keeps that."""
    place, started = Path(tempfile.mkdtemp(prefix=f"round-{one.number}-")), time.monotonic()
    try:
        done, problems = play(one, expected, place)
    finally:  # after Ctrl-C there are some
        for process in processes_of(place):
            process.kill()
    seconds = round(time.monotonic() - started, 1)
    print(f"round {one.number}: {one}: {'; '.join(problems) or 'ok'}, {seconds} s", flush=True)
    if not problems:
        shutil.rmtree(place)
    facts = {"mode": one.mode, "plan": str(one), "done": done, "seconds": seconds, "problems": problems}
    if is_kept:
        write_atomically(ROUNDS, json.dumps({**known_rounds(), str(one.number): facts}, indent=1) + "\n")
    return facts


def play(one: Round, expected: Any, place: Path) -> tuple[list[str], list[str]]:
    """Plays a round.

    Returns:
      What was done, and what was wrong.
    """
    study, output = write_study(place, *kind_of(one)), place / "disk" / "study"
    output.parent.mkdir()
    with open_cluster(one, place) as cluster, open_disk(one, output.parent) as disk:
        search = Search([str(study), "--output", str(output), *arguments_of(one.mode, cluster)], place, cluster, disk)
        watch = Watch(output)
        watch.start()
        done, code = disturb(search, one, output)
        watch.close()
        if disk is not None:
            disk.mend()
        problems = code_problems(code, done, search.said) + sorted(watch.wrong)
        if code != 0 and one.damage and (output / "journal.log").exists():
            problems += damage(one, output, place, cluster, disk)
        problems += go_on(one, code, output, place, cluster)
        if not (output / "results.json").exists() or outcome(output) != expected:
            problems.append("the study is another than the undisturbed one")
        words = WRONG_WORDS.search(search.said)
        problems += [f"the user saw {words[0]!r}"] if words else []
        return [str(blow) for blow in done], problems + left_behind(place)


@contextlib.contextmanager
def open_cluster(one: Round, place: Path) -> Iterator[Cluster | None]:
    """The standalone cluster of a round that needs one."""
    if "standalone" not in one.mode + one.next_mode:
        yield None
        return
    cluster = Cluster(place)
    try:
        yield cluster
    finally:
        cluster.close()


@contextlib.contextmanager
def open_disk(one: Round, folder: Path) -> Iterator[Disk | None]:
    """The file system of a round in which it is struck."""
    if one.damage != READ_ONLY and not any(blow.victim == DISK for blow in one.blows):
        yield None
        return
    disk = Disk(folder)
    try:
        yield disk
    finally:
        disk.close()


def arguments_of(mode: str, cluster: Cluster | None) -> list[str]:
    """What a mode is on the command line."""
    return [word if cluster is None or word != "MASTER" else cluster.master for word in MODES[mode]]


def disturb(search: Search, one: Round, output: Path) -> tuple[list[Blow], int | None]:
    """Strikes a search; gives the blows that met somebody, and the exit code with which it ends."""
    deadline = time.monotonic() + MOST_SECONDS
    while one.has_begun and search.process.poll() is None and not list(output.glob("trials/*/trial.json")):
        time.sleep(0.05)
        if time.monotonic() > deadline:
            break
    done = []
    for blow in one.blows:
        time.sleep(blow.after)
        if search.process.poll() is None and search.strike(blow):
            done.append(blow)
    return done, search.wait()


def code_problems(code: int | None, blows: Sequence[Blow], said: str) -> list[str]:
    """What is wrong with how a search has ended that was struck."""
    allowed = {0, *(CODES.get(blow.deed.partition(",")[0], 0) for blow in blows if blow.victim == "driver")}
    if any(blow.victim in ("virtual machine", DISK) for blow in blows):
        allowed.add(1)  # nothing is left to run in, or no file can be written: that is said in one line
    if code is None:
        return [f"it did not end within {MOST_SECONDS:g} s; it said: {said[-200:]!r}"]
    return [] if code in allowed else [f"exit code {code}; it said: {said[-200:]!r}"]


def damage(one: Round, output: Path, place: Path, cluster: Cluster | None, disk: Disk | None) -> list[str]:
    """Does to a study's folder what a round does to it between searches; gives what was wrong."""
    if one.damage in DAMAGES:
        DAMAGES[one.damage](output)
        return []
    assert disk is not None
    before = contents_of(output)
    with disk.protected() as is_read_only:
        resumed = ["--resume", str(output), "--trust", WALK, *arguments_of(one.next_mode, cluster)]
        search = Search(resumed, place, cluster)
        code = search.wait()
    if not is_read_only or (code in (1, 2) and contents_of(output) == before):
        return []
    return [f"in a read-only folder a search ended with {code}; it said: {search.said[-200:]!r}"]


def contents_of(folder: Path) -> dict[Path, bytes]:
    """All files of a study but the logs."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.suffix != ".txt"}


def go_on(one: Round, code: int | None, output: Path, place: Path, cluster: Cluster | None) -> list[str]:
    """Resumes a study until it has finished; gives what was wrong."""
    is_there = (output / "study.json").exists()  # else it was struck before it had written anything
    resumed = ["--resume", str(output), "--trust", WALK]
    arguments = resumed if is_there else [str(place / "study.json"), "--output", str(output)]
    for _ in range(MOST_RESUMES):
        if code == 0:
            return []
        if not is_there:
            empty(output)
        how_often = one.num_resumes if is_there else 1
        command = [*arguments, *arguments_of(one.next_mode, cluster)]
        searches = [Search(command, place, cluster) for _ in range(how_often)]
        codes = [search.wait() for search in searches]
        if not set(codes) <= {0, 2}:
            return [f"going on ended with {codes}; it said: {searches[0].said[-300:]!r}"]
        code = 0 if 0 in codes else None
    return [f"not finished after {MOST_RESUMES} resumes"]


def empty(folder: Path) -> None:
    """Takes everything out of a folder, which may be a file system of its own."""
    for path in folder.iterdir() if folder.exists() else ():
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def left_behind(place: Path) -> list[str]:
    """Processes and files that are there though all searches have ended."""
    deadline = time.monotonic() + 10
    while (found := list(processes_of(place))) and time.monotonic() < deadline:
        time.sleep(0.2)
    wrong = [f"left behind: {' '.join(process.cmdline())[:120]}" for process in found]
    files = [path.name for path in (place / "tmp").iterdir() if path.name.startswith("rliable-")]
    return wrong + [f"left behind: {name}" for name in files]


def processes_of(place: Path) -> Iterator[psutil.Process]:
    """Those whose temporary files are in a place."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if str(place) in process.environ().get("TMPDIR", "") and process.status() != psutil.STATUS_ZOMBIE:
                yield process


def kind_of(one: Round) -> tuple[str, int, int]:
    """What decides the study of a round: its sampler, its slots, and the environment's processes of each run."""
    return one.sampler, one.num_slots, int(one.has_environment)


def undisturbed(rounds: Sequence[Round]) -> dict[tuple[str, int, int], Any]:
    """What the studies of rounds come to when nothing happens to them, by `kind_of`."""
    found = {}
    for kind in sorted({kind_of(one) for one in rounds}):
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder)
            search = Search([str(write_study(place, *kind)), "--output", str(place / "study")], place)
            if search.wait() != 0:
                raise SystemExit(f"the undisturbed study does not run: {search.said}")
            found[kind] = outcome(place / "study")
    return found


def known_rounds() -> dict[str, Any]:
    """The rounds that were played, by number."""
    known: dict[str, Any] = json.loads(ROUNDS.read_text()) if ROUNDS.is_file() else {}
    return known


def write_study(
    folder: Path,
    sampler: str,
    num_slots: int = 2,
    env_workers: int = 0,
    *,
    num_trials: int = NUM_TRIALS,
    seconds: float = STEP_SECONDS,
) -> Path:
    """The study's files, for runs of `STEPS` steps of so many seconds; gives the study file."""
    hp_params = {"steps": STEPS, "seconds": seconds, "env_workers": env_workers}
    model = {"class": WALK, "environment": "none", "mdl_file": "w", "hp_params": hp_params}
    values = [1, 2, 3, 4, 5, 6] if sampler == "grid" else {"min": 0.1, "max": 10.0}
    study = {"config": "model.json", "optim_name": "Walk", "num_workers": num_slots, "grid": {"x": values}}
    study |= {"metric": {"name": "reward", "criteria": "max"}, "max_iters": num_trials, "convergence": None}
    study |= {"seed": 5, "sampler": sampler, "max_attempts": 10}
    study |= {"sampler_options": {"n_startup_trials": 2}} if sampler in LEARNING and num_slots > 1 else {}
    (folder / "model.json").write_text(json.dumps(model))
    (folder / "study.json").write_text(json.dumps(study))
    return folder / "study.json"


def outcome(folder: Path) -> Any:
    """What a disturbance must not change."""
    record = load_record(folder)
    trials = [(t.number, t.state, t.params, t.value, t.metrics, [run.seed for run in t.runs]) for t in record.trials]
    curves = [path.read_text() for path in sorted(folder.glob("trials/*/run_*/learning_curve.csv"))]
    return json.loads(json.dumps([trials, record.best, record.stop_reason, curves]))


if __name__ == "__main__":
    sys.exit(main())
