"""A Python that is too old is refused in one line."""

import sys

import pytest

from rliable.python_version import require_python


@pytest.mark.parametrize("version", [(3, 10, 0), (3, 11, 7), (3, 13, 0), (4, 0, 0)])
def test_python_3_10_and_newer_are_accepted(monkeypatch, version):
    monkeypatch.setattr(sys, "version_info", version)
    require_python()


@pytest.mark.parametrize("version", [(3, 8, 1), (3, 9, 18)])
def test_any_older_is_refused_in_one_line(monkeypatch, capsys, version):
    monkeypatch.setattr(sys, "version_info", version)
    with pytest.raises(SystemExit) as ended:
        require_python()
    assert ended.value.code == 2
    found = f"{version[0]}.{version[1]}"
    assert capsys.readouterr().err == f"error: RLiable needs Python 3.10 or newer, but this is Python {found}\n"
