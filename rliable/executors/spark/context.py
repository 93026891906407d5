"""A SparkContext for our own use: quiet, out of reach of Ctrl-C, with the user's code, and gone when it is closed."""

from __future__ import annotations

import atexit
import contextlib
import logging
import math
import os
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

from py4j.protocol import Py4JError
from pyspark import SparkConf, SparkContext, SparkFiles

from rliable.executors.base import ExecutorError, ExecutorOptions
from rliable.executors.slots.gpus import num_slots_for, visible_gpus
from rliable.executors.spark.driver_address import driver_address
from rliable.executors.spark.java import find_java_home, is_one_process, is_submitted
from rliable.executors.spark.virtual_machine import end_virtual_machine, start_virtual_machine
from rliable.records.code import data_files, pack_code

#: What Spark takes for its master when nobody has said anything.
UNSAID_MASTER = "local[*]"
QUIET = {
    "spark.ui.enabled": "false",
    "spark.scheduler.mode": "FAIR",
}


class SparkConnection:
    """Starts Spark and ships; stops what it started.

    Attributes:
      sc: the context.
      files: the data files' names -> where workers find them, relative to Spark's folder for files.
    """

    def __init__(self, options: ExecutorOptions, sc: SparkContext | None = None) -> None:
        """Makes it.

        Args:
          options: the master, and what to ship.
          sc: a running context to use, which stays open; None to start one.

        Raises:
          ConfigError: there is no Java.
          ExecutorError: Spark does not start.
        """
        self.sc: SparkContext = make_context(options) if sc is None else sc
        self._owned = self.sc if sc is None else None
        atexit.register(self.close)
        try:
            self.files = ship(self.sc, options)
        except (Py4JError, OSError) as error:  # where Spark stops by itself, it takes its folder away as well
            known = not_connected(self.sc, error)
            self.close()
            if known is None:
                raise
            raise known from error
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Stops Spark if it was started here. May be called twice."""
        atexit.unregister(self.close)
        owned, self._owned = self._owned, None
        if owned is not None:
            stop_context(owned)


def ship(sc: SparkContext, options: ExecutorOptions) -> dict[str, str]:
    """Sends code and data to the workers, from a folder that lives as long as the context.

    Executors that come later fetch the files as well. Names follow from contents, so shipping the same twice is fine.

    Returns:
      The data files' names -> where workers find them.
    """
    folder = Path(SparkFiles.getRootDirectory()) / "rliable-shipped"
    folder.mkdir(exist_ok=True)
    sc.addPyFile(str(pack_code(options.class_names, folder)))
    places = data_files(options.files)
    for name, place in places.items():
        shutil.copyfile(name, folder / place)
        sc.addFile(str(folder / place))
    return places


def make_context(options: ExecutorOptions) -> SparkContext:
    """Starts Spark, or joins the one that spark-submit started.

    Args:
      options: the master, the number of workers, the application's name and the log.

    Raises:
      ConfigError: there is no Java.
      ExecutorError: Spark does not start, with its reason.
    """
    has_java = is_submitted() or SparkContext._gateway is not None
    java_home = None if has_java else find_java_home()
    try:
        if java_home is not None:
            start_virtual_machine(java_home, options.log_path)
        SparkContext._ensure_initialized()
        with kept_interrupt_handler():
            sc = SparkContext(conf=configure(SparkConf(), options))
        sc.pythonExec = str(sc.getConf().get("spark.pyspark.python"))
        sc.setLogLevel("ERROR")
        logging.getLogger("py4j").setLevel(logging.CRITICAL)  # a lost connection is reported by who needs it
    except Exception as error:
        known = not_started(error)  # while Java can still tell
        stop_context(None)
        raise known from error
    except BaseException:
        stop_context(None)
        raise
    return sc


def configure(conf: SparkConf, options: ExecutorOptions) -> SparkConf:
    """Adds our settings to what the user's files and spark-submit have set."""
    if options.master is not None:
        conf.setMaster(options.master)
    elif conf.get("spark.master", UNSAID_MASTER) == UNSAID_MASTER:
        conf.setMaster(f"local[{num_cores_here(options)}]")
    conf.setIfMissing("spark.task.cpus", str(options.threads))
    conf.setIfMissing("spark.app.name", options.app_name)
    if conf.get("spark.app.name") == "pyspark-shell":
        conf.setAppName(options.app_name)
    conf.set("spark.speculation", "false")  # it would run a unit twice
    conf.set("spark.ui.showConsoleProgress", "false")  # pyspark's shell sets it to true
    for key, value in QUIET.items():
        conf.setIfMissing(key, value)
    if options.gpus is not None and not is_one_process(str(conf.get("spark.master"))):
        conf.setIfMissing("spark.task.resource.gpu.amount", f"{options.gpus:g}")
        conf.setIfMissing("spark.executor.resource.gpu.amount", str(math.ceil(options.gpus)))
    if is_local(str(conf.get("spark.master"))):
        conf.setIfMissing("spark.driver.bindAddress", "127.0.0.1").setIfMissing("spark.driver.host", "127.0.0.1")
        return conf.set("spark.pyspark.python", sys.executable)
    address = driver_address(str(conf.get("spark.master")))
    if address is not None:
        conf.setIfMissing("spark.driver.host", address)
    python = os.environ.get("PYSPARK_PYTHON", sys.executable)
    return conf.setIfMissing("spark.pyspark.python", python)


def num_cores_here(options: ExecutorOptions) -> int:
    """The cores that Spark is to use on this machine where nobody has named a master."""
    if options.num_workers is not None:
        return options.num_workers * options.threads
    most = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    gpus = math.inf if options.gpus is None else num_slots_for(len(visible_gpus()), options.gpus) * options.threads
    return max(options.threads, int(min(most, gpus)))


def num_places(sc: SparkContext) -> int:
    """How many tasks Spark runs at the same time with the cores that it has now."""
    return max(1, sc.defaultParallelism // int(sc.getConf().get("spark.task.cpus", "1") or 1))


def is_local(master: str) -> bool:
    """Tells whether all of a cluster is on this machine."""
    return master.startswith("local")


def stop_context(sc: SparkContext | None) -> None:
    """Stops a context and, unless spark-submit started it, its virtual machine. Quick; may be called twice."""
    with contextlib.suppress(Exception):
        if sc is not None:
            sc.stop()
    gateway = SparkContext._gateway
    process = getattr(gateway, "proc", None)
    if gateway is None or process is None:
        return
    SparkContext._gateway = SparkContext._jvm = SparkContext._active_spark_context = None
    with contextlib.suppress(Exception):
        gateway.shutdown()
    end_virtual_machine(process)


@contextlib.contextmanager
def kept_interrupt_handler() -> Iterator[None]:
    """Puts back the handler of Ctrl-C, which SparkContext replaces by its own in the main thread."""
    handler = signal.getsignal(signal.SIGINT)
    try:
        yield
    finally:
        if signal.getsignal(signal.SIGINT) is not handler:
            signal.signal(signal.SIGINT, handler)


def cancel_jobs(sc: SparkContext, group: str) -> None:
    """Cancels a group's jobs; a Spark that is gone has none."""
    with contextlib.suppress(Py4JError, OSError):
        sc.cancelJobGroup(group)


def is_running(sc: SparkContext) -> bool:
    """Tells whether a context still works."""
    try:
        return not sc._jsc.sc().isStopped()
    except Exception:  # there is no virtual machine to ask
        return False


def not_connected(sc: SparkContext, error: Exception) -> ExecutorError | None:
    """What to tell the user when a context that has just started refuses to work; None if it is not Spark's doing."""
    reason = why_stopped(sc)
    if reason is not None:
        return ExecutorError(f"--master: {reason}")
    return not_started(error) if isinstance(error, Py4JError) else None


def why_stopped(sc: SparkContext) -> str | None:
    """Why Spark has stopped a context by itself, which it does a minute after the cluster's last answer; else None."""
    with contextlib.suppress(Exception):
        if sc._jsc.sc().isStopped():
            return f"no cluster answers at {sc.master}, or it wants another spark.authenticate.secret"
    return None


def not_started(error: Exception) -> ExecutorError:
    """What to tell the user: the line of Spark's or Java's error that says what is wrong."""
    return ExecutorError(f"--parallelized: Spark does not start: {java_reason(str(error)) or type(error).__name__}")


def java_reason(text: str) -> str:
    """The line of a Py4J error that holds Java's own message, or the first line there is."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    messages = [line.removeprefix(": ") for line in lines if line.startswith(": ")]
    return (messages or lines or [""])[0]
