"""The process that computes for a slot, seen from the supervisor that starts, watches and kills it."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from multiprocessing.connection import Connection
from pathlib import Path

import psutil

from rliable.executors.slots.frames import send
from rliable.executors.slots.gpus import GPU_VARIABLE, gpus_of, visible_gpus
from rliable.executors.slots.messages import Start, pack
from rliable.processes import import_path, python_path_variables, signal_name
from rliable.threads import thread_variables
from rliable.unit import ModelConfig

MODULE = "rliable.executors.slots.compute"
#: Runs it without the working folder on its path, where a file of the user's might hide a module of Python's.
IN_PYTHON_3_10 = ("-c", f"import sys; del sys.path[0]; from {MODULE} import main; main()")
START = ("-P", "-m", MODULE) if sys.version_info >= (3, 11) else IN_PYTHON_3_10
TAIL_BYTES = 4000
GROWTH_BYTES = 850 * 10**6
#: When the supervisor is gone, however it died, its end of the pipe is closed, and the guard clears up.
GUARD = """
read -r _
kill -9 "-$1"
for file in $(grep -ls -- "$2" /proc/[0-9]*/environ); do file=${file#/proc/}; kill -9 "${file%/environ}"; done
sleep 0.2
rm -rf -- "$2"
"""
#: Names the process's folder in the environment of all that the process starts, so that they can be found.
MARK = "RLIABLE_PROCESS"
#: A log that has grown above the first is cut down to the second.
LOG_BYTES, KEPT_LOG_BYTES = 20 * 10**6, 10**6
#: How often a run with limits is looked at.
CHECK_SECONDS = 0.1
#: The last line of a Python traceback.
RAISED = re.compile(r"[\w.]+(Error|Exception): ")


@dataclasses.dataclass(frozen=True)
class SlotSettings:
    """The same for all slots of a study.

    Attributes:
      address: host and port of the driver's door.
      key: the study's.
      level: 1 or 2.
      class_names: models to import before the first unit comes.
      model: to try before that, as the model file has it.
      files: names of shipped data files -> where a worker finds them, relative to Spark's folder for files.
      threads: cores that a process computes with.
      gpus_per_slot: GPUs that a process sees; a fraction shares one, None hides none.
      gpus: those that the process of this slot sees; None hides none.
      start_seconds: how long a process may take to import what it needs; from a cold network disk it can take minutes.
      log_folder: a folder for what processes print, or None for Spark's folder for files.
    """

    address: tuple[str, int]
    key: bytes = dataclasses.field(repr=False)
    level: int = 1
    class_names: tuple[str, ...] = ()
    model: ModelConfig | None = None
    files: dict[str, str] = dataclasses.field(default_factory=dict)
    threads: int = 1
    gpus_per_slot: float | None = None
    gpus: tuple[str, ...] | None = None
    start_seconds: float = 300.0
    log_folder: str | None = None

    def at(self, folder: str) -> SlotSettings:
        """The same on one machine, where `folder` is Spark's folder for files."""
        files = {name: f"{folder}/{place}" for name, place in self.files.items()}
        return dataclasses.replace(self, files=files, log_folder=self.log_folder or folder)

    def sharing_gpus(self, slot: int) -> SlotSettings:
        """The same for one slot of this machine, whose GPUs are shared out among its slots."""
        return self if self.gpus_per_slot is None else self.seeing(gpus_of(slot, self.gpus_per_slot, visible_gpus()))

    def seeing(self, gpus: Iterable[str]) -> SlotSettings:
        """The same for one slot, which sees these GPUs."""
        return dataclasses.replace(self, gpus=tuple(gpus))


def slot_name(slot: int) -> str:
    """The name of a slot in records and logs."""
    return f"slot {slot}"


class ComputeProcess:
    """One process in a session of its own, with its own folder for temporary files, and a guard beside it.

    Attributes:
      channel: to the process.
      pid: of the process, which is also its process group.
      is_ready: whether it has said that it waits for work; the supervisor sets it.
    """

    _first_bytes: int | None = None  # resident after its first run

    def __init__(self, settings: SlotSettings, slot: str, log: Path) -> None:
        """Starts it.

        Args:
          settings: of the study.
          slot: the slot's name.
          log: the file its output is appended to.
        """
        self._log = log
        self._folder = tempfile.mkdtemp(prefix="rliable-")
        ours, theirs = socket.socketpair()
        with theirs, log.open("ab") as output:
            self._log_start = output.tell()
            self._process = subprocess.Popen(
                [sys.executable, *START, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=os.environ | process_environment(settings, self._folder),
                start_new_session=True,
            )
        self.pid = self._process.pid
        self._guard = start_guard(self.pid, self._folder)
        self._watched = psutil.Process(self.pid)
        self.channel = Connection(ours.detach())
        self.is_ready = False
        start = Start(slot, settings.level, settings.class_names, settings.files, settings.threads, settings.model)
        with contextlib.suppress(OSError):  # one that died at once shows when it is next read
            send(self.channel, pack(start))

    @property
    def has_ended(self) -> bool:
        """Whether the process is gone."""
        return self._process.poll() is not None

    def memory_bytes(self) -> int:
        """Resident memory of the process and all below it."""
        return resident_bytes(self._watched)

    def has_outgrown_its_slot(self) -> bool:
        """Whether it has grown so much since its first run that a new process should take its place.

        Called after each run. TensorFlow frees compiled programs only when its process ends: about 50 MB for each new
        shape of network or batch.
        """
        now = own_resident_bytes(self._watched)
        self._first_bytes = now if self._first_bytes is None else self._first_bytes
        return now - self._first_bytes > GROWTH_BYTES

    def kill(self) -> str:
        """Kills the process and all that it started, removes its folder, and says how it ended."""
        members = descendants(self._watched)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        kill_all(members)  # those with sessions of their own
        code = self._process.wait()
        kill_all(marked_processes(self._folder))  # those whose parents have gone
        self.shorten_log()
        self.channel.close()
        shutil.rmtree(self._folder, ignore_errors=True)
        self._guard.kill()
        self._guard.communicate()
        return ending(code, self.last_lines())

    def end(self) -> str:
        """Waits a moment for a process that is ending by itself, clears up, and says how it ended."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(1.0)
        return self.kill()

    def shorten_log(self) -> None:
        """Keeps what a process prints without end from filling the disk: all but the last of it is thrown away."""
        with contextlib.suppress(OSError), self._log.open("r+b") as file:
            if file.seek(0, os.SEEK_END) - self._log_start < LOG_BYTES:
                return
            file.seek(-KEPT_LOG_BYTES, os.SEEK_END)
            last = file.read()
            file.truncate(self._log_start)
            file.seek(self._log_start)
            file.write(b"... what came before is cut off\n" + last)

    def last_lines(self) -> str:
        """The end of what it printed, if the log is still there."""
        with contextlib.suppress(OSError), self._log.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(self._log_start, size - TAIL_BYTES))
            return file.read().decode(errors="replace")
        return ""


def start_guard(group: int, folder: str) -> subprocess.Popen[bytes]:
    """Starts a shell that kills a process group and removes a folder as soon as this process is gone."""
    return subprocess.Popen(
        ["/bin/sh", "-c", GUARD, "rliable-guard", str(group), folder],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def process_environment(settings: SlotSettings, folder: str) -> dict[str, str]:
    """What the process finds in its environment besides the supervisor's own."""
    own = {"TMPDIR": folder, "PYTHONUNBUFFERED": "1", MARK: folder}
    gpus = {} if settings.gpus is None else {GPU_VARIABLE: ",".join(settings.gpus)}
    return thread_variables(settings.threads) | python_path_variables(import_path()) | gpus | own


def descendants(process: psutil.Process) -> list[psutil.Process]:
    """All processes below one, as far as they can still be found."""
    try:
        return process.children(recursive=True)
    except psutil.Error:
        return []


def marked_processes(folder: str) -> list[psutil.Process]:
    """All processes whose environment names a process's folder, whoever their parents are by now; Linux only."""
    mark = f"{MARK}={folder}\0".encode()
    found = []
    for file in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError, psutil.Error):
            if mark in file.read_bytes():
                found.append(psutil.Process(int(file.parent.name)))
    return found


def kill_all(processes: Iterable[psutil.Process]) -> None:
    """Kills processes, as far as they are still there."""
    for process in processes:
        with contextlib.suppress(psutil.Error):
            process.kill()


def ending(code: int, output: str) -> str:
    """How a process ended, from its exit code and the end of what it printed."""
    if code < 0:
        return f"worker process died ({signal_name(-code)})"
    last = next((line for line in reversed(output.splitlines()) if line.strip()), "")
    return f"worker process ended with exit code {code}" + (f": {last}" if RAISED.match(last) else "")


def resident_bytes(process: psutil.Process) -> int:
    """Resident memory of a process and all below it; 0 when it is gone."""
    try:
        tree = [process, *process.children(recursive=True)]
    except psutil.Error:
        return 0
    return sum(own_resident_bytes(member) for member in tree)


def own_resident_bytes(process: psutil.Process) -> int:
    """Resident memory of one process; 0 when it is gone."""
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0
