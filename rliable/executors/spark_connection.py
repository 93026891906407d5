"""A SparkContext whose workers have our code, the user's models and the data files."""

from __future__ import annotations

import atexit
import shutil
from pathlib import Path

from py4j.protocol import Py4JError
from pyspark import SparkContext, SparkFiles

from rliable.executors.options import ExecutorOptions
from rliable.executors.shipping import data_files, pack_code
from rliable.executors.spark_context import make_context, not_connected, stop_context


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
