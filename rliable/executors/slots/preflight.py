"""Looks at a slot before it gets work: what its machine has, whether the model can be imported and its data be opened.

A process says what it has found when it is ready for work; the driver compares the slots, tells each fault once, and
gives no run to a slot that none could succeed in.
"""

from __future__ import annotations

import collections
import logging
import platform
import time
from collections.abc import Collection
from pathlib import Path

import psutil

from rliable.config.claims import missing_devices
from rliable.executors.base import ExecutorError, ExecutorOptions
from rliable.executors.slots.messages import Ready
from rliable.executors.slots.slot import Slot
from rliable.executors.worker import ThisProcessOnly, error_line, import_libraries, open_data
from rliable.extras import cure, missing_package
from rliable.processes import same_folder
from rliable.records.provenance import package_versions
from rliable.registry import MODELS
from rliable.schema import ConfigError
from rliable.unit import ModelConfig

#: How long other slots may take to come when none of those that have come is fit.
OTHERS_SECONDS = 20.0
#: So many cores that slots compute with, for each that there is, are told of.
CROWDED = 2
logger = logging.getLogger(__name__)


def look_around(model: ModelConfig | None, threads: int) -> Ready:
    """What there is where this process runs, and why a model cannot run here.

    Args:
      model: as the model file has it, with the places of files on this machine; None tries nothing.
      threads: cores to compute with.
    """
    problem = None if model is None else problem_of(model, threads)
    cores, memory_mb = psutil.cpu_count() or 1, psutil.virtual_memory().total // 10**6
    return Ready(package_versions(), processor_kind(), cores, memory_mb, problem)


def problem_of(model: ModelConfig, threads: int) -> str | None:
    """Why a model cannot run in this process, in one line: its import, its device, its data, its first step."""
    where = f"the model {model.class_name} cannot be imported"
    try:
        with ThisProcessOnly(), same_folder():
            import_libraries(model.class_name, threads)
            for lack in missing_devices(MODELS.load(model.class_name), model.hp_params):
                return str(lack)
            where = f"{model.environment} cannot be opened"
            data = open_data(model)
            where = f"the first step in {model.environment}"
            getattr(data, "take_first_step", lambda: None)()
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        missing = missing_package(error)
        words = str(error) if isinstance(error, ConfigError) else error_line(error)
        return f"{where}: {words}" + (f"; {cure(missing)}" if missing is not None else "")
    return None


def processor_kind() -> str:
    """The processor's name, where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return (names or [platform.processor() or platform.machine()])[0]


class Preflight:
    """What the slots of a search have found, and what was said of it.

    Attributes:
      hosts: the machine of each slot that has ever come, by the slot's name.
    """

    def __init__(self, options: ExecutorOptions) -> None:
        """Has seen nothing yet.

        Args:
          options: what the slots were asked for.
        """
        self.hosts: dict[str, str] = {}
        self._options = options
        self._versions = package_versions()
        self._kinds: dict[str, str] = {}  # of processors: the first machine that has each
        self._told: set[str] = set()
        self._has_been_fit = False  # any slot, which may come again when it is lost
        self._last_came = time.monotonic()

    def came(self, slot: Slot) -> None:
        """Notes a slot that has connected."""
        self.hosts[slot.name], self._last_came = slot.host, time.monotonic()

    def passed(self, slot: Slot, found: Ready) -> None:
        """Takes what a slot has found, and lets it work if a run can succeed there."""
        slot.problem = found.problem
        slot.is_free = found.problem is None
        self._has_been_fit |= slot.is_free
        if found.problem is not None:
            return
        self._compare_versions(slot.host, found)
        self._compare_processors(slot.host, found)
        self._compare_sizes(slot.host, found)

    def review(self, slots: Collection[Slot]) -> None:
        """Tells of slots that are not fit, and ends a search for which none is that has come, nor others will soon.

        Raises:
          ExecutorError: with the fault of the first of them.
        """
        unfit = [slot for slot in slots if slot.problem is not None]
        if len(unfit) < len(slots):
            for slot in unfit:
                self._tell(f"{slot.host}: {slot.problem}; its slots get no run")
        elif unfit and not (self._has_been_fit or self._expects_others(len(slots))):
            raise ExecutorError(f"no slot can run this study; {unfit[0].host}: {unfit[0].problem}")

    def _expects_others(self, num_slots: int) -> bool:
        """Whether more slots may come than so many: not all have, and the last came a moment ago."""
        asked = self._options.num_workers
        return (asked is None or num_slots < asked) and time.monotonic() - self._last_came < OTHERS_SECONDS

    def _compare_versions(self, host: str, found: Ready) -> None:
        others = {
            name: version for name, version in found.versions.items() if self._versions.get(name, version) != version
        }
        if others:
            here = ", ".join(f"{name} {version} (here {self._versions[name]})" for name, version in others.items())
            self._tell(f"{host} has {here}: its results may be others; install the same versions there")

    def _compare_processors(self, host: str, found: Ready) -> None:
        """Says once that there are several kinds, by which sums may be rounded otherwise."""
        self._kinds.setdefault(found.processor, host)
        if len(self._kinds) == 2:
            kinds = " and ".join(f"{kind} ({first})" for kind, first in self._kinds.items())
            self._tell(f"there are processors of several kinds, {kinds}: results may differ in their last bits")

    def _compare_sizes(self, host: str, found: Ready) -> None:
        """Says of a machine that its slots are to use more than it has."""
        num_slots = collections.Counter(self.hosts.values())[host]
        cores, memory_mb = num_slots * self._options.threads, num_slots * (self._options.memory_mb or 0)
        most = CROWDED * found.cores
        if cores > most:
            told = f"{host} has {found.cores} cores, and its slots compute with more than {most}"
            self._tell(f"{told}: they slow each other down")
        if memory_mb > found.memory_mb:
            told = f"{host} has {found.memory_mb:,} MB of memory and slots that may use more (max_trial_memory_mb)"
            self._tell(f"{told}: the system may kill their processes")

    def _tell(self, words: str) -> None:
        """Says something, but the same only once."""
        if words not in self._told:
            self._told.add(words)
            logger.warning("%s", words)
