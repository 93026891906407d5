"""Another Python is refused in one line."""

import sys

import pytest

from rliable.python_version import require_python


def test_python_3_11_is_accepted():
    require_python()


@pytest.mark.parametrize("version", [(3, 8, 1), (3, 12, 0), (4, 0, 0)])
def test_any_other_is_refused_in_one_line(monkeypatch, capsys, version):
    monkeypatch.setattr(sys, "version_info", version)
    with pytest.raises(SystemExit) as ended:
        require_python()
    assert ended.value.code == 2
    found = f"{version[0]}.{version[1]}"
    assert (
        capsys.readouterr().err
        == f"error: RLiable needs Python 3.11 (for tf-agents 0.19), but this is Python {found}\n"
    )
