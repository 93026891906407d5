"""Which of this machine's addresses executors are told to find the driver at."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import re
import socket

#: With these a user says it; Spark reads them itself.
SAID_BY = ("SPARK_LOCAL_IP", "SPARK_LOCAL_HOSTNAME")
STANDALONE = re.compile(r"spark://(?:\[([^]]+)\]|([^:,]+)):(\d+)")


def driver_address(master: str) -> str | None:
    """The address from which the way to a standalone master leads, as its workers can be reached on that way too.

    Spark itself takes what the machine's name stands for, which on a machine with several networks may be another.

    Args:
      master: as for Spark.

    Returns:
      None where it is left to Spark: the master is none, is on this machine, or the user has said it.
    """
    found = STANDALONE.match(master)
    if found is None or any(name in os.environ for name in SAID_BY):
        return None
    with contextlib.suppress(OSError):
        places = socket.getaddrinfo(found[1] or found[2], int(found[3]), type=socket.SOCK_DGRAM)
        for family, kind, _, _, place in places:
            with contextlib.suppress(OSError), socket.socket(family, kind) as way:
                way.connect(place)  # sends nothing
                address = str(way.getsockname()[0])
                return None if ipaddress.ip_address(address).is_loopback else address
    return None
