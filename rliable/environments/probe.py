"""Tries an environment in a process of its own, which it may hang or kill without harm to the search."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from rliable.environments.host import HostEnvironment

#: What the process runs; its arguments are name, constants and wrappers.
CODE = """
import json, sys
from rliable.config.constants import make_environment
from rliable.environments.recording import is_repeatable
name, constants, wrappers = json.loads(sys.argv[1])
environment = make_environment(name, constants, *([wrappers] if wrappers else []))
sys.exit(0 if is_repeatable(environment) else 3)
"""
NOT_REPEATABLE_CODE = 3
TIMEOUT_SECONDS = 30.0


def probe_repeatability(environment: HostEnvironment) -> bool:
    """Tells whether the same seed and actions give the same episode, in a new instance and in a used one.

    Where the environment fails, it does not: the run that fails by it says why.
    """
    told = json.dumps([environment.name, environment.constants, list(environment.wrappers)])
    path = os.pathsep.join([*(folder or "." for folder in sys.path)])
    command = [sys.executable, "-c", CODE, told]
    try:
        done = subprocess.run(
            command, env={**os.environ, "PYTHONPATH": path}, capture_output=True, timeout=TIMEOUT_SECONDS
        )
    except subprocess.TimeoutExpired:
        return True
    return done.returncode != NOT_REPEATABLE_CODE
