"""Several hosts on one machine: namespaces of Linux with names, processes and network addresses of their own.

A host is one process, `sleep`, that is the first of its own process namespace. All others in it, its network and its
name go with it, and it goes with whoever made it, however that ends: nothing has to be cleaned up.
"""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

from faults.running import ROOT, Place

NAMESPACES = ("--net", "--uts", "--mount", "--pid")
BEGIN_SECONDS = 10.0
#: The network of the hosts, and another one of the first host, which no other can reach.
NETWORK, OTHER_NETWORK = "10.99.0", "10.98.0"


class Host:
    """One of them; the first is where the others' cables end.

    Attributes:
      name: its own.
      place: where its processes are started.
    """

    def __init__(self, name: str, number: int, names: Path) -> None:
        """Starts it.

        Args:
          name, number: its own; the first has 1.
          names: the file that says what names stand for there.

        Raises:
          OSError: this machine makes no hosts; its text says what is missing.
        """
        self.name = name
        life = ["setpriv", "--pdeathsig", "KILL", "unshare", *NAMESPACES, "--fork", "--kill-child=KILL", "--mount-proc"]
        begin = 'hostname "$0" && mount --bind "$1" /etc/hosts && ip link set lo up && exec sleep infinity'
        self._process = subprocess.Popen([*life, "sh", "-c", begin, name, str(names)], stderr=subprocess.PIPE)
        self.pid = self._wait_for_first_process()
        enter = ("nsenter", "--target", str(self.pid), *NAMESPACES, f"--wdns={ROOT}")
        self.place = Place(f"{NETWORK}.{number}", enter)

    def ip(self, words: str) -> None:
        """Calls `ip` in its network."""
        command = ["nsenter", "--target", str(self.pid), "--net", "ip", *words.split()]
        subprocess.run(command, check=True, capture_output=True, text=True)

    def kill(self) -> None:
        """Ends all that runs in it, at once."""
        self._process.kill()
        self._process.wait()

    def _wait_for_first_process(self) -> int:
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        deadline = time.monotonic() + BEGIN_SECONDS
        while self._process.poll() is None and time.monotonic() < deadline:
            pids = children.read_text().split()
            if pids and Path(f"/proc/{pids[0]}/comm").read_text() == "sleep\n":
                return int(pids[0])
            time.sleep(0.02)
        self._process.kill()
        assert self._process.stderr is not None
        raise OSError(self._process.stderr.read().decode().strip() or "namespaces do not start")


class Network:
    """Hosts with a cable each to the first of them, which has a network besides that none of the others can reach."""

    def __init__(self, names: list[str], folder: Path, is_first_astray: bool = False) -> None:
        """Starts them.

        Args:
          names: of the hosts.
          folder: for files.
          is_first_astray: whether the first one's name stands for its address in the other network.

        Raises:
          OSError: this machine makes no hosts; its text says what is missing.
        """
        self.hosts: list[Host] = []
        try:
            known = [f"{NETWORK}.{number} {name}" for number, name in enumerate(names, 1)]
            known[0] = f"{OTHER_NETWORK}.1 {names[0]}" if is_first_astray else known[0]
            file = folder / "hosts"
            file.write_text("\n".join(["127.0.0.1 localhost", *known, ""]))
            for number, name in enumerate(names, 1):
                self.hosts.append(Host(name, number, file))
            self._lay()
        except FileNotFoundError as error:
            self.close()
            raise OSError(f"there is no {error.filename}") from error
        except subprocess.CalledProcessError as error:
            self.close()
            raise OSError(f"{' '.join(error.cmd[4:])}: {error.stderr.strip()}") from error
        except BaseException:
            self.close()
            raise

    def cut(self, host: Host) -> None:
        """Pulls a host's cable."""
        self.hosts[0].ip(f"link set to-{host.name} down")

    def heal(self, host: Host) -> None:
        """Puts it back."""
        self.hosts[0].ip(f"link set to-{host.name} up")

    def close(self) -> None:
        """Ends all hosts."""
        for host in self.hosts:
            host.kill()

    def _lay(self) -> None:
        head, *others = self.hosts
        for command in (
            "link add other type bridge",
            f"addr add {OTHER_NETWORK}.1/24 dev other",
            "link set other up",
            "link add bridge type bridge",
            f"addr add {head.place.address}/24 dev bridge",
            "link set bridge up",
        ):
            head.ip(command)
        for host in others:
            head.ip(f"link add to-{host.name} type veth peer name cable netns {host.pid}")
            head.ip(f"link set to-{host.name} master bridge up")
            host.ip(f"addr add {host.place.address}/24 dev cable")
            host.ip("link set cable up")
