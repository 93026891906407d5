"""Writes docs/reliability.md from the rounds that were played."""

from __future__ import annotations

from collections import Counter
from typing import Any

from faults.plan import MODES

HEAD = """# What studies survive

Written by `python scripts/fault_injection.py` (`make faults`), which breaks small studies in seeded ways: a round
begins one, strikes one to three times, damages its files perhaps, goes on with `--resume` until it has finished, in
another mode perhaps or with several resumes at once, and compares it with the same study undisturbed. It is lost unless

- there are exactly as many trials as asked for, none twice, with parameters, seeds, metrics, learning curves and the
  best bit-equal to the undisturbed study's;
- `results.json` and `trials.csv` were whole at every moment;
- no process and no temporary folder is left, and no second search was let in;
- the exit codes are those of docs/spark.md, and the user has seen lines and no traceback.

Every round is in [reliability.json](reliability.json); `--only NUMBER` plays one again. A round that finds a defect is
played again when that is mended; the last such was a temporary folder that a serial search left behind after `kill -9`.
Studies have six trials, too few for `cmaes` to learn from results; `tpe` does, on two slots, from round 340 on.

"""
HOSTS = """
## Hosts and batch queues

What a round cannot do on one host, tests do on hosts of their own: Linux namespaces, each with a name, processes and a
network of its own. They are part of `make test`; where a machine makes no hosts or has no Slurm, they are skipped and
say what is missing. They ran on Debian 12 with Spark 3.5.9 and Slurm 22.05 of its packages slurm-wlm and munge.

- [test_hosts.py](../tests/executors/spark/test_hosts.py): a standalone cluster on three hosts, level 2, with a driver
  whose name stands for a network that no worker can reach. One worker's cable is pulled and put back, then another
  worker's host is lost without a word. The study is bit-equal to a serial one, the host that is back gets work again,
  and one line on the terminal tells of each loss.
- [test_slurm.py](../tests/test_slurm.py): a job of one minute, too short for its study, drains, is requeued and ends
  bit-equal to a serial study. The cluster's secret is in no command line and in no file that others can read; no
  process and no file is left behind. Jobs of two nodes, and heterogeneous ones, have slots on both.
- [test_secret.py](../tests/executors/spark/test_secret.py): a cluster with a secret lets in no search that has another
  one or none, which ends with one line.
"""
ANCHORS = """
## What others do

Measured for this project on the same kind of machine, in single runs, with the versions named.

| what was done | system | what came of it |
|---|---|---|
| SIGKILL in mid-trial, then resumed, 6 trials asked | Optuna 5.0, journal | 10 trials, 1 running for ever |
| SIGKILL of the driver, 4 of 12 trials finished, restored | Ray Tune 2.60 | 18 runs: the finished ones again |
| SIGKILL of a Python worker, 6 trials asked | MLflow 3.17 on Spark | 8 trials, 7 complete and 1 running for ever |
| a trial raises, 6 asked | MLflow 3.17 on Spark | 5 trials, and the whole call raises |
| early stopping looks at an unfinished trial | hyperopt 0.3, SparkTrials | waits for ever |
"""


def page_of(rounds: dict[str, Any]) -> str:
    """The page.

    Args:
      rounds: by number: their `mode`, their `plan`, what was `done`, and `problems`.
    """
    lost = {number: facts for number, facts in rounds.items() if facts["problems"]}
    lines = [
        f"**{len(rounds)} rounds, {sum(len(one['done']) for one in rounds.values())} faults, {len(lost)} lost.**\n"
    ]
    by_mode = Counter(facts["mode"] for facts in rounds.values())
    lost_by_mode = Counter(facts["mode"] for facts in lost.values())
    lines += ["\n| mode | rounds | lost |\n|---|---:|---:|\n"]
    lines += [f"| {mode} | {by_mode[mode]} | {lost_by_mode[mode]} |\n" for mode in MODES]
    faults = Counter(blow for facts in rounds.values() for blow in facts["done"])
    lost_faults = Counter(blow for facts in lost.values() for blow in facts["done"])
    lines += ["\n| fault | times | in lost rounds |\n|---|---:|---:|\n"]
    lines += [f"| {blow} | {faults[blow]} | {lost_faults[blow]} |\n" for blow in sorted(faults)]
    lines += [f"\n- round {n}, {facts['plan']}: {'; '.join(facts['problems'])}" for n, facts in lost.items()]
    return HEAD + "".join(lines) + "\n" * bool(lost) + HOSTS + ANCHORS
