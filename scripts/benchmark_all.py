"""Runs the benchmarks and writes docs/benchmarks.md: `make benchmark`; `--only` measures some of them again."""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
#: The latest figures of each script, with what they were measured on.
FIGURES = ROOT / "docs" / "benchmarks.json"

#: Script -> the heading of its table.
SCRIPTS = {
    "benchmark_training.py": "Training: agents beside Stable-Baselines3, one core",
    "benchmark_host.py": "Training on the host: Gymnasium's environments, made without a render mode, one core",
    "benchmark_studies.py": "Whole searches",
    "benchmark_executors.py": "Executors",
    "benchmark_scale.py": "Scale: many slots, many trials, large models",
    "benchmark_memory.py": "Memory and time of a slot, in trials of many shapes",
}

#: The scripts that measure Stable-Baselines3 as well.
WITH_PEERS = ("benchmark_training.py", "benchmark_host.py")

HEAD = """# Benchmarks

Written by `make benchmark`. `scripts/benchmark_*.py` measure one table each; every figure is from one run of its
script. Machines differ and are noisy, so ratios say more than seconds; peers are measured in the same run on the same
machine.
"""


def main() -> None:
    """Runs the scripts one after another."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peer-python", required=True, help="the interpreter that has scripts/peers-requirements.txt")
    parser.add_argument("--only", nargs="+", choices=SCRIPTS, default=list(SCRIPTS), help="scripts to run")
    args = parser.parse_args()
    figures: dict[str, Any] = json.loads(FIGURES.read_text()) if FIGURES.is_file() else {}
    for name in args.only:
        figures[name] = {"measured": circumstances(), "rows": run(name, args.peer_python)}
        FIGURES.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
        write_page(figures)


def write_page(figures: dict[str, Any]) -> None:
    """Writes the page from the figures that are there."""
    sections = [section(name, **figures[name]) for name in SCRIPTS if name in figures]
    (ROOT / "docs" / "benchmarks.md").write_text(HEAD + "".join(sections), encoding="utf-8")


def section(name: str, measured: str, rows: list[dict[str, Any]]) -> str:
    """The table of one script."""
    return f"\n## {SCRIPTS[name]}\n\n`scripts/{name}`, {measured}.\n\n{table(rows)}"


def run(name: str, peer: str) -> list[dict[str, Any]]:
    """The rows of one script."""
    with tempfile.TemporaryDirectory(prefix="rliable-") as folder:
        path = Path(folder) / "rows.json"
        extra = ["--peer-python", peer] if name in WITH_PEERS else []
        command = [sys.executable, str(ROOT / "scripts" / name), "--json", str(path), *extra]
        subprocess.run(command, check=True, cwd=ROOT)
        rows: list[dict[str, Any]] = json.loads(path.read_text())
        return rows


def table(rows: list[dict[str, Any]]) -> str:
    """Rows as a Markdown table."""
    lines = [f"| {row['name']} | {number(row['value'])} {row['unit']} | {row['target'] or ''} |\n" for row in rows]
    return "| what | measured | asked |\n|---|---:|---|\n" + "".join(lines)


def number(value: float) -> str:
    """A figure with three significant digits, whole ones with commas."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def circumstances() -> str:
    """Date and machine."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    machine = f"{os.cpu_count()} cores of {processor_name()}, {memory:.0f} GB of memory"
    return f"{datetime.date.today().isoformat()}: {machine}, Python {platform.python_version()}"


def processor_name() -> str:
    """The processor's name where the system tells it."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


if __name__ == "__main__":
    main()
