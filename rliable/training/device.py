"""Where an agent learns: on the processor, or on a GPU."""

from __future__ import annotations

import functools
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import Any

from rliable.environments.base import Spaces
from rliable.environments.runtime import open_devices
from rliable.processes import environment_for_python
from rliable.registry import NETWORKS
from rliable.schema import Problem
from rliable.training.hyperparameters import RunHyperparameters
from rliable.training.networks.base import Network, default_network

#: Prints the name of the GPU that a process finds here; TensorFlow itself takes too long for whoever only asks.
CODE = """
from rliable.environments.runtime import open_devices, prepare_tensorflow
prepare_tensorflow()
print(open_devices(with_gpu=True) or "")
"""
#: What to say where a GPU is wished and there is none.
NO_GPU = Problem(
    "hp_params.device",
    "'gpu', but TensorFlow sees no GPU here; 'auto' learns on the CPU where there is none, 'cpu' everywhere",
)


def device_of(wish: str, gains_from_gpu: bool, has_gpu: bool) -> str:
    """Where a run learns: "CPU" or "GPU".

    Args:
      wish: the hyperparameter `device`.
      gains_from_gpu: whether its network does.
      has_gpu: whether its process sees one.
    """
    return "GPU" if has_gpu and (wish == "gpu" or (wish == "auto" and gains_from_gpu)) else "CPU"


def may_need_gpu(wish: str, environment: Spaces) -> bool:
    """Whether a process in which runs learn so has to see a GPU.

    It depends on what all trials of a study share, and not on the network, which may be searched over: so each of them
    finds the same devices, whichever came first in its process.
    """
    return wish == "gpu" or (wish == "auto" and environment.image_shape is not None)


def open_device(wish: str, environment: Spaces, network: Network) -> str:
    """`device_of` for a run in this process; its first call decides which devices the process has."""
    gpu = open_devices(may_need_gpu(wish, environment))
    return device_of(wish, network.gains_from_gpu, gpu is not None)


@functools.cache
def gpu_of_machine() -> str | None:
    """The name of the GPU that a new process would find here, which takes a few seconds to say; None for none."""
    command, ours = [sys.executable, "-P", "-c", CODE], environment_for_python()
    done = subprocess.run(command, env=ours, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return done.stdout.strip() or None


def device_words(hp_params: Mapping[str, Any], make_environment: Callable[[], Spaces], is_here: bool) -> str:
    """Where runs learn, for people; as far as it is known before they do.

    Args:
      hp_params: as checked; without `network` where a study searches over it.
      make_environment: makes what they learn in.
      is_here: whether they do on this machine.
    """
    wish = hp_params.get("device", RunHyperparameters.device)
    if wish == "gpu":
        name = gpu_of_machine() if is_here else None
        return f"GPU ({name})" if name else "GPU of each worker"
    if wish == "cpu" or not may_need_gpu(wish, environment := make_environment()):
        return "CPU"
    if "network" not in hp_params:
        return "GPU where there is one and the network is convolutional, else CPU"
    network = NETWORKS.load(hp_params["network"] or default_network(environment))
    return "GPU where there is one, else CPU" if network.gains_from_gpu else "CPU"
