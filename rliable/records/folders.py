"""The study folder: the name and place of every file that a study leaves."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from rliable.records.lock import FolderLock
from rliable.schema import ConfigError


class RunFolder:
    """What one run leaves, and what train.py leaves: the trained model and its figures."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def model_json(self) -> Path:
        """The model file as run, its seed, and the metrics of its final evaluation."""
        return self.path / "model.json"

    @property
    def model(self) -> Path:
        """The folder of what the model itself saved."""
        return self.path / "model"

    @property
    def checkpoint(self) -> Path:
        """What an unfinished run goes on from, if its model keeps checkpoints; gone when the run has finished."""
        return self.path / "checkpoint.bin"

    @property
    def returns_csv(self) -> Path:
        """One line per test episode: episode, return, and the slot and process that played it."""
        return self.path / "returns.csv"

    @property
    def predictions_json(self) -> Path:
        """What a model without episodes answered on the test data."""
        return self.path / "predictions.json"

    @property
    def learning_curve_png(self) -> Path:
        """The learning curve as a picture."""
        return self.path / "learning_curve.png"

    @property
    def log_txt(self) -> Path:
        """What TensorFlow and Gym said while train.py ran."""
        return self.path / "log.txt"

    @property
    def error_txt(self) -> Path:
        """The traceback of a run that failed."""
        return self.path / "error.txt"


class StudyFolder:
    """Every path below a study's folder.

    Attributes:
      path: the folder.
      lock: keeps two searches out of it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lock = FolderLock(path)

    @property
    def study_json(self) -> Path:
        """The study as run: defaults filled in, versions, commit."""
        return self.path / "study.json"

    @property
    def journal(self) -> Path:
        """Optuna's journal: the record that everything else is made from."""
        return self.path / "journal.log"

    @property
    def results_json(self) -> Path:
        """All trials, the best one and why the study stopped."""
        return self.path / "results.json"

    @property
    def trials_csv(self) -> Path:
        """One line per trial, for a spreadsheet."""
        return self.path / "trials.csv"

    @property
    def log(self) -> Path:
        """What TensorFlow, Spark and Gym said."""
        return self.path / "log.txt"

    @property
    def best(self) -> Path:
        """A link to the best trial's folder."""
        return self.path / "best"

    def trial(self, number: int) -> Path:
        """A trial's folder."""
        return self.path / trial_folder_name(number)

    def run(self, number: int, run: int) -> RunFolder:
        """The folder of one run of a trial."""
        return RunFolder(self.trial(number) / f"run_{run}")

    def trial_json(self, number: int) -> Path:
        """A trial's configuration, seeds and result."""
        return self.trial(number) / "trial.json"

    def create(self) -> None:
        """Makes the folder and locks it; one that a search has left before it wrote its study.json is used again.

        Raises:
          ConfigError: it holds a study, or anything else, already; or another process is writing here.
        """
        cure = "continue it with --resume, or" if self.study_json.exists() else "please"
        if not self._is_barely_begun():
            make_empty_folder(self.path, cure)
        self.require_no_way_out()
        self.lock.take()

    def require(self) -> None:
        """Raises a ConfigError unless a study was started here."""
        if self.study_json.is_file():
            return
        if self._is_barely_begun():
            cure = f"start it again, with --output {self.path}"
            raise ConfigError([f"{self.path}: the search ended before it had written its study.json; {cure}"])
        raise ConfigError([f"{self.path}: no study here (study.json is missing)"])

    def require_no_way_out(self) -> None:
        """Refuses a folder in which something may lead whoever writes there out of it, as in one that a stranger made.

        Raises:
          ConfigError: a link in it leads out, or something in it is neither a file nor a folder.
        """
        root = self.path.resolve()
        for place, folders, files in os.walk(root):
            for path in (Path(place, name) for name in (*folders, *files)):
                kind = kind_of_file(path)
                if kind == stat.S_IFLNK and not path.resolve().is_relative_to(root):
                    cure = "put in its place what it links to"
                    raise ConfigError([f"{path}: this link leads out of the study's folder; {cure}"])
                if kind not in (None, stat.S_IFLNK, stat.S_IFREG, stat.S_IFDIR):
                    raise ConfigError([f"{path}: neither a file nor a folder; remove it"])

    def _is_barely_begun(self) -> bool:
        """Whether a search has made this folder, and ended before its study.json was written."""
        names = {path.name for path in self.path.iterdir()} if self.path.is_dir() else set()
        is_begun = self.lock.file.name in names
        return is_begun and all(name == self.lock.file.name or name.startswith(".study.json.") for name in names)

    def link_best(self, number: int) -> None:
        """Points `best` at a trial, at once."""
        if self.best.is_symlink() and self.best.readlink() == Path(trial_folder_name(number)):
            return
        neighbour = self.path / ".best"
        neighbour.unlink(missing_ok=True)
        neighbour.symlink_to(trial_folder_name(number), target_is_directory=True)
        neighbour.replace(self.best)


def kind_of_file(path: Path) -> int | None:
    """What something in a folder is, as in `stat`; None if it has gone, as a search's own files do while it runs."""
    try:
        return stat.S_IFMT(path.lstat().st_mode)
    except FileNotFoundError:
        return None


def run_folders(trial: Path) -> list[RunFolder]:
    """The folders of a trial's runs, in the order of the runs: run_10 comes after run_2."""
    return [RunFolder(path) for path in sorted(trial.glob("run_*"), key=_length_first)]


def _length_first(path: Path) -> tuple[int, str]:
    return len(path.name), path.name


def make_empty_folder(path: Path, cure: str = "please") -> None:
    """Makes the folder for what a command leaves.

    Args:
      path: the value of `--output`.
      cure: words before "choose another", should the folder be in use.

    Raises:
      ConfigError: it holds something already, is a file, or may not be written.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        if any(path.iterdir()):
            raise ConfigError([f"--output {path}: this folder is not empty; {cure} choose another"])
        if not os.access(path, os.W_OK):
            raise ConfigError([f"--output {path}: this folder may not be written to"])
    except OSError as error:
        raise ConfigError([f"--output {path}: cannot make this folder: {error.strerror}"]) from error


def trial_folder_name(number: int) -> str:
    """A trial's folder, relative to the study's."""
    return f"trials/{number:04d}"
