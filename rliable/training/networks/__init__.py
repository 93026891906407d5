"""What agents see through: networks by name.

The registry maps a name to "module:Class". Importing this module imports no network.
"""

from __future__ import annotations

NETWORKS: dict[str, str] = {
    "mlp": "rliable.training.networks.base:FullyConnected",
    "nature_cnn": "rliable.training.networks.nature:NatureCNN",
    "impala_cnn": "rliable.training.networks.impala:ImpalaCNN",
}
