"""An environment packed by scripts/pack_environment.sh, in which the workers of a standalone cluster run a study."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from faults.running import Cluster, Search

ROOT = Path(__file__).parents[1]
#: What a slot imports besides what is shipped with a study, and the model with it.
PACKAGES = ("msgspec", "numpy", "psutil", "threadpoolctl")
#: A model that keeps where its Python is, and whether that has more packages than the archive.
MODEL = """
import importlib.util
import sys
from pathlib import Path
from models.count_model import CountModel

class Telling(CountModel):
    def save(self):
        super().save()
        has_more = importlib.util.find_spec("optuna") is not None
        Path(self.cfg["mdl_file"], "python.txt").write_text(f"{sys.prefix} {has_more}")
"""


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """A small environment, packed."""
    folder = tmp_path_factory.mktemp("packed")
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    pins = [line.partition("#")[0].strip() for line in lines if line.partition("==")[0] in PACKAGES]
    own = folder / "small"
    commands = [
        [sys.executable, "-m", "venv", str(own)],
        [str(own / "bin/python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *pins],
        [str(ROOT / "scripts/pack_environment.sh"), str(own), str(folder / "small.tar.gz")],
    ]
    for command in commands:
        done = subprocess.run(command, capture_output=True, text=True, timeout=200)
        assert done.returncode == 0, done.stderr
    python = Path(sys.executable).resolve()
    assert done.stdout.strip().endswith(f"it takes from {python} on the workers")
    return folder / "small.tar.gz"


def write_telling_study(folder):
    (folder / "telling.py").write_text(MODEL)
    data = str(ROOT / "config/data/counts.jsonl")
    model = {"class": "telling.py:Telling", "environment": data, "mdl_file": "m", "hp_params": {}}
    study = json.loads((ROOT / "config/optim_count.json").read_text())
    (folder / "model.json").write_text(json.dumps(model))
    (folder / "study.json").write_text(json.dumps({**study, "config": "model.json"}))
    return folder / "study.json"


def test_workers_that_lack_the_packages_take_them_from_the_archive(archive, tmp_path, monkeypatch):
    monkeypatch.setenv("PYSPARK_PYTHON", "./environment/bin/python")
    monkeypatch.setenv("PYSPARK_SUBMIT_ARGS", f"--archives {archive}#environment pyspark-shell")
    cluster = Cluster(tmp_path)
    try:
        options = ["--parallelized", "--master", cluster.master, "--output", str(tmp_path / "study")]
        search = Search([str(write_telling_study(tmp_path)), *options], tmp_path, cluster)
        assert search.wait() == 0, search.said
    finally:
        cluster.close()
    told = [file.read_text() for file in (tmp_path / "study").glob("trials/*/run_*/model/python.txt")]
    assert len(told) == 4
    assert all(words.startswith(str(tmp_path / "cluster")) and words.endswith("/environment False") for words in told)
