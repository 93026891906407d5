"""Where the study's key may be seen, on a cluster that authenticates and encrypts by Spark's own settings."""

import base64
import contextlib
from pathlib import Path

import pytest
from unit_makers import make_options, make_units

from rliable.executors.slots.channel import Door
from rliable.executors.spark.executor import SparkExecutor

SETTINGS = {
    "spark.authenticate": "true",
    "spark.authenticate.secret": "a-secret-of-this-test-alone",
    "spark.network.crypto.enabled": "true",
    "spark.io.encryption.enabled": "true",
}


@pytest.fixture
def keys(monkeypatch):
    """The keys of all doors that are opened."""
    seen, open_door = [], Door.__init__

    def note(door, *args, **options):
        open_door(door, *args, **options)
        seen.append(door.key)

    monkeypatch.setattr(Door, "__init__", note)
    return seen


@pytest.fixture
def executor(tmp_path, monkeypatch):
    """A slot in an executor of its own, with what an administrator writes into spark-defaults.conf."""
    (tmp_path / "conf").mkdir()
    lines = [f"{name} {value}\n" for name, value in SETTINGS.items()]
    (tmp_path / "conf/spark-defaults.conf").write_text("".join(lines))
    monkeypatch.setenv("SPARK_CONF_DIR", str(tmp_path / "conf"))
    (tmp_path / "study").mkdir()
    log = tmp_path / "study/log.txt"
    made = SparkExecutor(make_options("Plain", num_workers=1, master="local-cluster[1,1,1024]", log_path=log))
    yield made
    made.close()


def forms_of(key):
    """A key as it might be written somewhere."""
    texts = [key.hex(), key.hex().upper(), base64.b64encode(key).decode(), base64.urlsafe_b64encode(key).decode()]
    return [key, repr(key)[2:-1].encode(), *(text.rstrip("=").encode() for text in texts)]


def what_processes_show():
    """The command lines and environments of all processes that may be looked at, by their files."""
    shown = {}
    for file in [*Path("/proc").glob("[0-9]*/cmdline"), *Path("/proc").glob("[0-9]*/environ")]:
        with contextlib.suppress(OSError):
            shown[file] = file.read_bytes()
    return shown


@pytest.mark.slow
def test_the_key_is_in_no_argument_variable_log_or_result_and_sparks_own_encryption_is_kept(executor, keys, tmp_path):
    shown, results = {}, []
    for result in executor.execute(iter(make_units("Plain", 2, seconds=0.5))):
        shown |= what_processes_show()
        results.append(result)

    assert [result.error for result in results] == [None] * 2
    conf = executor._spark.sc.getConf()
    assert {name: conf.get(name) for name in SETTINGS} == SETTINGS
    assert any(b"rliable.executors.slots.compute" in text for text in shown.values())
    written = {file: file.read_bytes() for file in (tmp_path / "study").rglob("*") if file.is_file()}
    assert written
    (key,) = keys
    everything = {**shown, **written, "the results": repr(results).encode()}
    assert [place for place, text in everything.items() if any(form in text for form in forms_of(key))] == []
