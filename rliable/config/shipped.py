"""Where the files of config/ lie that come with the packages: in a checkout beside them, installed among them."""

from __future__ import annotations

from pathlib import Path

HERE = Path(__file__).parent


def shipped_folder(name: str) -> Path:
    """The folder `spaces` or `zoo`."""
    installed = HERE / name
    return installed if installed.is_dir() else HERE.parents[1] / "config" / name
