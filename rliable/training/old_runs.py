"""Reads what version 1 of the training side left: a TensorFlow checkpoint of the one agent that it knew."""

from __future__ import annotations

import re
from pathlib import Path

from rliable.environments.runtime import tf
from rliable.training.networks.dense import Weights, padded_layer

CHECKPOINT = Path("checkpoint", "model")
KERNEL = re.compile(r"network/.*/kernel/.ATTRIBUTES/VARIABLE_VALUE")


def is_old_run(folder: Path) -> bool:
    """Tells whether version 1 saved this model."""
    return (folder / f"{CHECKPOINT}.index").is_file()


def load_old_network(folder: Path) -> Weights:
    """The network that such a run trained, filled up as networks are now."""
    reader = tf.train.load_checkpoint(str(folder / CHECKPOINT))
    names = sorted(filter(KERNEL.fullmatch, reader.get_variable_to_shape_map()), key=in_order)
    layers = [(reader.get_tensor(name), reader.get_tensor(name.replace("/kernel/", "/bias/"))) for name in names]
    return {
        f"layer_{index}": padded_layer(kernel, bias, index == 0, index == len(layers) - 1)
        for index, (kernel, bias) in enumerate(layers)
    }


def in_order(name: str) -> list[tuple[int, str]]:
    """Sorts names by the numbers in them: the hidden layers are numbered, and the last layer comes behind them."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in name.split("/")]
