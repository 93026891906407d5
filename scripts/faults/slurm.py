"""A Slurm of our own on hosts of our own: its daemons, its files, nothing of the machine's."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from faults.hosts import Host, Network

PROGRAMS = {"munged": "munge", "slurmctld": "slurm-wlm", "slurmd": "slurm-wlm", "sbatch": "slurm-wlm"}
CORES_PER_NODE = 2
MOST_START_SECONDS = 60.0
#: How long a job that is requeued waits for what it left behind; two minutes if nobody says so.
REQUEUE_SECONDS = 5
CONFIGURATION = """
ClusterName=rliable
SlurmctldHost={head}({address})
SlurmUser=root
SlurmctldPort=6817
SlurmdPort=6818
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket={folder}/munge/socket,cred_expire={requeue_seconds}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SlurmdParameters=config_overrides
{nodes}
PartitionName=all Nodes=ALL Default=YES State=UP
"""


def missing_packages() -> list[str]:
    """Debian's packages of the programs that are not installed."""
    return sorted({package for program, package in PROGRAMS.items() if shutil.which(program) is None})


class Slurm:
    """Its daemons on the hosts of a network, the controller on the first; they end with the hosts."""

    def __init__(self, folder: Path, network: Network) -> None:
        """Starts it and waits until all nodes are there.

        Args:
          folder: for all its files.
          network: of its nodes.
        """
        self._folder, self._hosts = folder, network.hosts
        for name in ("state", "munge"):
            (folder / name).mkdir(parents=True)
        (folder / "slurm.conf").write_text(self._configuration())
        self._start_munge()
        self._start(self._hosts[0], "slurmctld", "-D")
        for host in self._hosts:
            self._start(host, "slurmd", "-D")
        self._wait_for(self._has_idle_nodes, "Slurm does not start")

    def call(self, *command: str, **environment: str) -> str:
        """What one of its commands prints."""
        done = subprocess.run(
            [*self._hosts[0].place.prefix, *command],
            env={**self._environment, **environment},
            capture_output=True,
            text=True,
            timeout=60,
        )
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(command)}: {done.stderr}")
        return done.stdout

    def facts_of(self, job: str) -> dict[str, str]:
        """What it knows of a job."""
        words = self.call("scontrol", "--oneliner", "show", "job", job).split()
        return dict(word.split("=", 1) for word in words if "=" in word)

    @property
    def _environment(self) -> dict[str, str]:
        return {**os.environ, "SLURM_CONF": str(self._folder / "slurm.conf")}

    def _configuration(self) -> str:
        head = self._hosts[0]
        lines = [
            f"NodeName={host.name} NodeAddr={host.place.address} CPUs={CORES_PER_NODE} State=UNKNOWN"
            for host in self._hosts
        ]
        return CONFIGURATION.format(
            head=head.name,
            address=head.place.address,
            folder=self._folder,
            requeue_seconds=REQUEUE_SECONDS,
            nodes="\n".join(lines),
        )

    def _start_munge(self) -> None:
        munge = self._folder / "munge"
        (munge / "key").write_bytes(secrets.token_bytes(128))
        (munge / "key").chmod(0o400)
        files = [f"--{name}-file={munge / name}" for name in ("key", "pid", "log", "seed")]
        self._start(self._hosts[0], "munged", "--foreground", "--force", f"--socket={munge / 'socket'}", *files)
        self._wait_for((munge / "socket").exists, "munged does not start")

    def _start(self, host: Host, *command: str) -> None:
        with (self._folder / "daemons.txt").open("ab") as log:
            subprocess.Popen([*host.place.prefix, *command], stdout=log, stderr=log, env=self._environment)

    def _has_idle_nodes(self) -> bool:
        with contextlib.suppress(RuntimeError):
            return self.call("sinfo", "--noheader", "--format", "%D %T").split() == [str(len(self._hosts)), "idle"]
        return False

    def _wait_for(self, condition: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + MOST_START_SECONDS
        while not condition():
            if time.monotonic() > deadline:
                raise RuntimeError(f"{what}: {(self._folder / 'daemons.txt').read_text()[-2000:]}")
            time.sleep(0.2)
