"""A driver in a process of its own: `study_script.py NAME DEED FOLDER`; prints what tests want to know of it."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from unit_makers import make_options, make_unit

from rliable.executors import make_executor
from rliable.executors.base import ExecutorError


def own_handler(number: int, frame: object) -> None:
    """What Ctrl-C does in this program."""
    raise KeyboardInterrupt


def main() -> None:
    """Runs units of one model until they end or the process does."""
    name, deed, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    signal.signal(signal.SIGINT, own_handler)
    uses_cluster = name == "Rows"
    options = make_options(name, num_workers=2, log_path=folder / "log.txt", uses_cluster=uses_cluster)
    executor = make_executor("spark", options)
    print("handler kept", signal.getsignal(signal.SIGINT) is own_handler)
    data = "rdd" if uses_cluster else "environment"
    units = [make_unit(name, i, data=data, deed=deed, started=str(folder / f"pids{i}")) for i in range(2)]
    try:
        for result in executor.execute(iter(units)):
            print("result", result.trial, result.error, flush=True)
    except KeyboardInterrupt:
        print("interrupted", flush=True)
    except ExecutorError as error:
        print("lost:", error, flush=True)
    if deed != "leave_open":
        executor.close()
    print("modules", sorted({"tensorflow", "gym"} & set(sys.modules)), flush=True)


if __name__ == "__main__":
    main()
