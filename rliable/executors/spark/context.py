"""Starts and stops Spark so that it is quiet, leaves Ctrl-C to us, and leaves no process behind."""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import shutil
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from py4j.protocol import Py4JError
from pyspark import SparkConf, SparkContext, SparkFiles
from pyspark.java_gateway import launch_gateway

from rliable.executors.base import ExecutorError, ExecutorOptions
from rliable.executors.spark.java import end_virtual_machine, find_java_home, java_reason, sessions_ended_on_error
from rliable.records.code import data_files, pack_code

#: Set by spark-submit for the program that it runs: the virtual machine is there already, and is not ours to end.
SUBMITTED = "PYSPARK_GATEWAY_PORT"
#: What Spark takes for its master when nobody has said anything.
UNSAID_MASTER = "local[*]"
QUIET = {
    "spark.ui.enabled": "false",
    "spark.scheduler.mode": "FAIR",
}


def make_context(options: ExecutorOptions) -> SparkContext:
    """Starts Spark, or joins the one that spark-submit started.

    Args:
      options: the master, the number of workers, the application's name and the log.

    Raises:
      ConfigError: there is no Java.
      ExecutorError: Spark does not start, with its reason.
    """
    if SUBMITTED not in os.environ and SparkContext._gateway is None:
        start_virtual_machine(options)
    try:
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


def start_virtual_machine(options: ExecutorOptions) -> None:
    """Starts Spark's virtual machine in a session of its own, out of reach of Ctrl-C, printing to the log."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(environment("JAVA_HOME", str(find_java_home())))
        log = stack.enter_context(open(options.log_path or os.devnull, "ab"))  # noqa: PTH123
        streams: dict[str, Any] = {"stdout": log, "stderr": log, "start_new_session": True}
        stack.enter_context(sessions_ended_on_error())
        try:
            SparkContext._ensure_initialized(gateway=launch_gateway(popen_kwargs=streams))
        except Exception as error:
            raise not_started(error) from error


def configure(conf: SparkConf, options: ExecutorOptions) -> SparkConf:
    """Adds our settings to what the user's files and spark-submit have set."""
    if options.master is not None:
        conf.setMaster(options.master)
    elif conf.get("spark.master", UNSAID_MASTER) == UNSAID_MASTER:
        conf.setMaster(f"local[{options.num_workers}]")
    conf.setIfMissing("spark.app.name", options.app_name)
    if conf.get("spark.app.name") == "pyspark-shell":
        conf.setAppName(options.app_name)
    conf.set("spark.speculation", "false")  # it would run a unit twice
    conf.set("spark.ui.showConsoleProgress", "false")  # pyspark's shell sets it to true
    for key, value in QUIET.items():
        conf.setIfMissing(key, value)
    if is_local(str(conf.get("spark.master"))):
        conf.setIfMissing("spark.driver.bindAddress", "127.0.0.1").setIfMissing("spark.driver.host", "127.0.0.1")
        return conf.set("spark.pyspark.python", sys.executable)
    python = os.environ.get("PYSPARK_PYTHON", sys.executable)
    return conf.setIfMissing("spark.pyspark.python", python)


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


def is_local(master: str) -> bool:
    """Tells whether all of a cluster is on this machine."""
    return master.startswith("local")


def not_connected(sc: SparkContext, error: Exception) -> ExecutorError:
    """What to tell the user when a context that has just started refuses to work.

    Spark gives up on a cluster that does not answer after a minute, and stops the context by itself.
    """
    with contextlib.suppress(Exception):
        if sc._jsc.sc().isStopped():
            return ExecutorError(f"--master: no cluster answers at {sc.master}")
    return not_started(error)


def not_started(error: Exception) -> ExecutorError:
    """What to tell the user: the line of Spark's or Java's error that says what is wrong."""
    return ExecutorError(f"--parallelized: Spark does not start: {java_reason(str(error)) or type(error).__name__}")


@contextlib.contextmanager
def kept_interrupt_handler() -> Iterator[None]:
    """Puts back the handler of Ctrl-C, which SparkContext replaces by its own."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handler = signal.getsignal(signal.SIGINT)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)


@contextlib.contextmanager
def environment(name: str, value: str) -> Iterator[None]:
    """Sets an environment variable for a while."""
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


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
        except Py4JError as error:
            known = not_connected(self.sc, error)
            self.close()
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
