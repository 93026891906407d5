"""Searches and clusters as real processes, and what can be done to them."""

from __future__ import annotations

import contextlib
import csv
import dataclasses
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil
import pyspark

from faults.plan import DISK, EVERYTHING, MACHINE, Blow
from rliable.executors.spark.java import find_java_home
from rliable.records.results import load_record
from rliable.schema import ConfigError

ROOT = Path(__file__).resolve().parents[2]
HEARTBEAT_SECONDS = 15.0
MOST_SECONDS = 240.0
#: How processes of a study are known by their command lines; the driver is its root.
VICTIMS = {
    "computing process": r"rliable\.executors\.slots\.compute",
    "supervisor": r"pyspark\.daemon",
    "Spark's Python daemon": r"pyspark\.daemon",
    "executor": r"CoarseGrainedExecutorBackend",
    "virtual machine": r"SparkSubmit",
    "environment's process": r"rliable\.environments\.worker_process",
    "guard": r"rliable-guard",
}


@dataclasses.dataclass(frozen=True)
class Place:
    """Where processes are started.

    Attributes:
      address: of the host.
      prefix: before a command, takes it there.
    """

    address: str = "127.0.0.1"
    prefix: tuple[str, ...] = ()


class Search:
    """One search as a user starts it, where its cluster has its master; it has a session and a temporary folder."""

    def __init__(
        self, arguments: list[str], place: Path, cluster: Cluster | None = None, disk: Disk | None = None
    ) -> None:
        self.temporary, self._out = place / "tmp", place / "out.txt"
        self.temporary.mkdir(exist_ok=True)
        prefix = cluster.prefix if cluster else ()
        command = [*prefix, sys.executable, str(ROOT / "optimize.py"), *arguments, "--no-plots"]
        with self._out.open("ab") as out:
            self.process = subprocess.Popen(
                command,
                stdout=out,
                stderr=out,
                cwd=place,
                start_new_session=True,
                env={**os.environ, "TMPDIR": str(self.temporary)},
            )
        self._driver, self._cluster, self._disk = psutil.Process(self.process.pid), cluster, disk

    @property
    def said(self) -> str:
        """What this search and those before it in this place have printed."""
        return self._out.read_text(errors="replace")

    def find(self, victim: str) -> psutil.Process | None:
        """A process of the search, None if it has no such one."""
        if victim == "driver":
            return self._driver
        found = []
        for process in self._below():
            with contextlib.suppress(psutil.Error):
                if re.search(VICTIMS[victim], " ".join(process.cmdline())):
                    found.append(process)
        if victim in ("supervisor", "Spark's Python daemon"):  # the daemon forks the supervisors
            pids = {process.pid for process in found}
            with contextlib.suppress(psutil.Error):
                found = [one for one in found if (one.ppid() in pids) == (victim == "supervisor")]
        return found[-1] if found else None

    def _below(self) -> list[psutil.Process]:
        """All that the driver has started, and the cluster for it."""
        roots = [self._driver, *(self._cluster.workers if self._cluster else ())]
        found = []
        for root in roots:
            with contextlib.suppress(psutil.Error):
                found += root.children(recursive=True)
        return found

    def strike(self, blow: Blow) -> bool:
        """Does it; whether there was anybody to do it to."""
        if blow.victim == MACHINE:
            return self._cluster is not None and self._cluster.lose_machine()
        if blow.victim == DISK:
            return self._disk is not None and self._disk.fill()
        found = [self._driver, *self._below()] if blow.victim == EVERYTHING else [self.find(blow.victim)]
        struck = [process for process in found if process is not None]
        name, _, how = blow.deed.partition(", ")
        send(getattr(signal, name), struck)
        if how == "twice":
            time.sleep(0.2)
            send(getattr(signal, name), struck)
        if name == "SIGSTOP":
            time.sleep(HEARTBEAT_SECONDS + 5 if how == "long" else 2.0)
            send(signal.SIGCONT, struck)
        return bool(struck)

    def wait(self) -> int | None:
        """Its exit code, as a shell shows it; None if it does not end, and it is ended then."""
        try:
            code = self.process.wait(MOST_SECONDS)
            return code if code >= 0 else 128 - code
        except subprocess.TimeoutExpired:
            for process in [*self._below(), self._driver]:
                with contextlib.suppress(psutil.Error):
                    process.kill()
            self.process.wait()
            return None


def send(number: signal.Signals, processes: list[psutil.Process]) -> None:
    """Sends a signal to those that are still there."""
    for process in processes:
        with contextlib.suppress(psutil.Error):
            process.send_signal(number)


class Disk:
    """A small file system for a study's folder, which may be full or read-only for a while; needs to be root."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._filler = folder, folder / "filler"
        command = ["mount", "-t", "tmpfs", "-o", "size=8m", "rliable", str(folder)]
        self._is_there = subprocess.run(command, stderr=subprocess.DEVNULL).returncode == 0

    def fill(self) -> bool:
        """Leaves no room in it, if it is there."""
        if self._is_there:
            with contextlib.suppress(OSError), self._filler.open("wb", buffering=0) as file:
                while file.write(b"\1" * 4096):
                    pass
        return self._is_there

    def mend(self) -> None:
        """Makes it as it was."""
        if self._is_there:
            self._filler.unlink(missing_ok=True)

    @contextlib.contextmanager
    def protected(self) -> Iterator[bool]:
        """Lets nobody write to it within the block; gives whether it is there."""
        if self._is_there:
            subprocess.run(["mount", "-o", "remount,ro", str(self._folder)], check=True)
        yield self._is_there
        if self._is_there:
            subprocess.run(["mount", "-o", "remount,rw", str(self._folder)], check=True)

    def close(self) -> None:
        """Takes it away."""
        if self._is_there:
            subprocess.run(["umount", "--lazy", str(self._folder)])


class Cluster:
    """A standalone cluster of Spark: a master and machines of one core, each a process of its own.

    Attributes:
      master: its address.
      prefix: before a command, takes it to where the master is.
      workers: those that are left.
    """

    def __init__(self, place: Path, hosts: Sequence[Place] = (Place(), Place(), Place())) -> None:
        """Starts the master on the first host, and a machine on each of the others."""
        self._place = place / "cluster"
        self._place.mkdir()
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        head, *others = hosts
        self.master, self.prefix = f"spark://{head.address}:{port}", head.prefix
        self._master = self._start(head, "master.Master", "--port", str(port))
        self.workers: list[psutil.Popen] = []
        try:
            self.add_machines(*others)
        except BaseException:
            self.close()
            raise

    def add_machines(self, *hosts: Place) -> None:
        """Starts a machine on each of these hosts, and waits for them."""
        machine = ["--cores", "1", "--memory", "1g", "--work-dir", str(self._place), self.master]
        self.workers += [self._start(host, "worker.Worker", *machine) for host in hosts]
        self._wait_for_workers()

    def lose_machine(self) -> bool:
        """Kills one of the machines that are left, all its processes at once; keeps the last one."""
        if len(self.workers) < 2:
            return False
        self._kill(self.workers.pop())
        return True

    def close(self) -> None:
        """Ends all."""
        for process in [*self.workers, self._master]:
            self._kill(process)

    def _wait_for_workers(self) -> None:
        log, deadline = self._place / "log.txt", time.monotonic() + MOST_SECONDS
        while log.read_text(errors="replace").count("Successfully registered with master") < len(self.workers):
            if time.monotonic() > deadline:
                raise SystemExit(f"the cluster does not start: {log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.2)

    def _start(self, host: Place, name: str, *arguments: str) -> psutil.Popen:
        home = Path(pyspark.__file__).parent
        program = [*host.prefix, str(home / "bin" / "spark-class"), f"org.apache.spark.deploy.{name}"]
        command = [*program, "--host", host.address, "--webui-port", "0", *arguments]
        places = {"SPARK_HOME": str(home), "JAVA_HOME": str(find_java_home()), "SPARK_DAEMON_MEMORY": "256m"}
        own = {**os.environ, **places}
        with (self._place / "log.txt").open("ab") as log:
            return psutil.Popen(command, stdout=log, stderr=log, env=own, start_new_session=True)

    def _kill(self, process: psutil.Popen) -> None:
        with contextlib.suppress(psutil.Error):
            for child in process.children(recursive=True):
                with contextlib.suppress(psutil.Error):
                    child.kill()
        with contextlib.suppress(psutil.Error):
            process.kill()
            process.wait()


class Watch(threading.Thread):
    """Reads what people read while a study runs; each moment it has to be whole.

    Attributes:
      wrong: what was not.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(daemon=True)
        self.wrong: set[str] = set()
        self._folder = folder
        self._is_over = threading.Event()

    def run(self) -> None:
        while not self._is_over.wait(0.05):
            if (self._folder / "results.json").exists():
                self._look()

    def close(self) -> None:
        """Ends it."""
        self._is_over.set()
        self.join()

    def _look(self) -> None:
        try:
            with (self._folder / "trials.csv").open(newline="") as file:
                rows = list(csv.reader(file))
            if len({len(row) for row in rows}) > 1:
                self.wrong.add("trials.csv was half written")
            load_record(self._folder)
        except FileNotFoundError:
            return  # the second of two files that a new study writes
        except ConfigError as error:
            self.wrong.add(f"results.json: {error}")
