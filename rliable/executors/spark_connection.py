"""A SparkContext whose workers have our code, the user's models and the data files."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from pathlib import Path

from pyspark import SparkContext

from rliable.executors.options import ExecutorOptions
from rliable.executors.shipping import data_files, pack_code
from rliable.executors.spark_context import make_context, stop_context


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
        self._folder = Path(tempfile.mkdtemp(prefix="rliable-ship-"))
        self._owned: SparkContext | None = None
        atexit.register(self.close)
        try:
            self.sc: SparkContext = make_context(options) if sc is None else sc
            self._owned = self.sc if sc is None else None
            self.sc.addPyFile(str(pack_code(options.class_names, self._folder)))
            self.files = data_files(options.files)
            for name, place in self.files.items():
                self._ship_file(name, place)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Stops Spark if it was started here. May be called twice."""
        atexit.unregister(self.close)
        owned, self._owned = self._owned, None
        if owned is not None:
            stop_context(owned)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _ship_file(self, name: str, place: str) -> None:
        shutil.copyfile(name, self._folder / place)
        self.sc.addFile(str(self._folder / place))
