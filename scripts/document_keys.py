"""Writes the tables of keys in config/README.md from the records that check the files; `--check` only compares."""

from __future__ import annotations

import inspect
import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from models.baselines.settings import BaselineHyperparameters  # noqa: E402
from models.count_model import CountHyperparameters  # noqa: E402
from models.dqn import QHyperparameters  # noqa: E402
from models.scripts.settings import CommandHyperparameters  # noqa: E402
from models.scripts.source import FigureSource  # noqa: E402
from rliable.cli.environments import action_words, numbers  # noqa: E402
from rliable.config.constants import constants_of  # noqa: E402
from rliable.config.model_file import ModelFile  # noqa: E402
from rliable.config.study_file import MetricConfig, StudyConfig  # noqa: E402
from rliable.json_types import type_name  # noqa: E402
from rliable.records.encoding import to_json  # noqa: E402
from rliable.registry import ENVIRONMENTS, MODELS, SAMPLERS, WRAPPERS  # noqa: E402
from rliable.schema import REQUIRED, Declaration, declarations  # noqa: E402
from rliable.training.exploration import NoisyHyperparameters  # noqa: E402
from rliable.training.hyperparameters import (  # noqa: E402
    OffPolicyHyperparameters,
    OnPolicyHyperparameters,
    RunHyperparameters,
)
from rliable.training.model import AgentModel  # noqa: E402
from rliable.tuning.samplers.base import Sampler  # noqa: E402

RECORDS = {
    "study": StudyConfig,
    "metric": MetricConfig,
    "model": ModelFile,
    "CountModel": CountHyperparameters,
    "Command": CommandHyperparameters,
    "figures": FigureSource,
    "SB3": BaselineHyperparameters,
}
#: What agents inherit, under the words by which the page calls it.
SHARED = {
    "every agent": RunHyperparameters,
    "off-policy": OffPolicyHyperparameters,
    "values of actions": QHyperparameters,
    "noise": NoisyHyperparameters,
    "on-policy": OnPolicyHyperparameters,
}
AGENTS = {name: MODELS.load(name) for name in MODELS.table if issubclass(MODELS.load(name), AgentModel)}


def main() -> int:
    """Rewrites the file, or tells whether it is up to date."""
    path = ROOT / "config" / "README.md"
    text = path.read_text(encoding="utf-8")
    written = text
    hyperparameters = {name: agent.hyperparameters for name, agent in AGENTS.items()}
    tables = {name: key_table(record) for name, record in {**RECORDS, **SHARED, **hyperparameters}.items()}
    lists = {"agents": agents(), "samplers": samplers(), "environments": environments(), "wrappers": wrappers()}
    for name, table in {**tables, **lists}.items():
        written = replace_table(written, name, table)
    if "--check" in sys.argv:
        return int(written != text)
    path.write_text(written, encoding="utf-8")
    return 0


def replace_table(text: str, name: str, table: str) -> str:
    """The text with what stands between a table's two marks replaced."""
    pattern = rf"(<!-- table: {name} -->\n).*?(<!-- end -->)"
    assert re.search(pattern, text, re.DOTALL), f"config/README.md has no place for the table {name!r}"
    return re.sub(pattern, lambda match: match[1] + table + match[2], text, flags=re.DOTALL)


def key_table(record: type) -> str:
    """One line per key that is not the same in the tables of what it inherits: default, type, range, unit, meaning."""
    bases = shared_by(record)
    inherited = key_rows(SHARED[bases[-1]]) if bases else []
    rows = [row for row in key_rows(record) if row not in inherited]
    return "| key | default | value | meaning |\n|---|---|---|---|\n" + "".join(rows) if rows else "None of its own.\n"


def shared_by(record: type) -> list[str]:
    """The tables that a record inherits, from the most general on."""
    return [name for name, base in SHARED.items() if base is not record and issubclass(record, base)]


def key_rows(record: type) -> list[str]:
    """The lines of all keys."""
    return [key_row(key, declared) for key, declared in declarations(record).items()]


def key_row(key: str, declared: Declaration) -> str:
    """A key's line."""
    rule = declared.rule
    shown = "required" if declared.default is REQUIRED else f"`{to_json(declared.default)}`"
    value = ", ".join(part for part in (type_name(declared.hint), rule.allowed()) if part)
    unit = f" ({rule.unit})" if rule.unit else ""
    return f"| `{key}` | {shown} | {value}{unit} | {rule.doc} |\n"


def agents() -> str:
    """One line per agent."""
    rows = [
        f"| `{name}` | {first_line(agent).partition(': ')[2].rstrip('.')} | {agent.acts} | "
        f"{', '.join(shared_by(agent.hyperparameters))}, {name} |\n"
        for name, agent in AGENTS.items()
    ]
    return "| agent | what it does | actions | its knobs are in the tables |\n|---|---|---|---|\n" + "".join(rows)


def samplers() -> str:
    """One line per sampler."""
    entries = {name: SAMPLERS.load(name) for name in SAMPLERS.table}
    rows = [
        f"| `{name}` | {first_line(entry)} | {'yes' if entry.uses_results else 'no'} | {options_of(entry)} |\n"
        for name, entry in entries.items()
    ]
    head = "| sampler | what it does | learns from results | `sampler_options` |\n|---|---|---|---|\n"
    return head + "".join(rows)


def wrappers() -> str:
    """One line per wrapper."""
    rows = []
    for name in sorted(WRAPPERS.table):
        found = WRAPPERS.load(name)
        parameters = "; ".join(parameter_words(key, declared) for key, declared in declarations(found).items())
        rows.append(f"| `{name}` | {first_line(found)} | {parameters or 'none'} |\n")
    return "| wrapper | what it does | parameters, in their order |\n|---|---|---|\n" + "".join(rows)


def parameter_words(key: str, declared: Declaration) -> str:
    """A wrapper's parameter: its default and range."""
    shown = "required" if declared.default is REQUIRED else f"`{to_json(declared.default)}`"
    return f"`{key}` {shown}" + (f", {declared.rule.allowed()}" if declared.rule.allowed() else "")


def environments() -> str:
    """One line per environment."""
    head = (
        "| environment | what it is | observation | action | time limit | threshold | constants |\n"
        "|---|---|---|---|---|---|---|\n"
    )
    return head + "".join(environment_row(name) for name in ENVIRONMENTS.table)


def environment_row(name: str) -> str:
    """An environment's line."""
    factory = ENVIRONMENTS.load(name)
    made = factory()
    threshold = "none" if made.threshold is None else f"{made.threshold:g}"
    spaces = f"{numbers(made.observation_size)} | {action_words(made)}"
    constants = ", ".join(f"`{constant}`" for constant in constants_of(factory)) or "none"
    what = first_line(factory)
    return f"| `{name}` | {what} | {spaces} | {made.max_episode_steps} | {threshold} | {constants} |\n"


def options_of(sampler: type[Sampler]) -> str:
    """Where a sampler's options are described."""
    optuna_class = sampler.optuna_class()
    return f"arguments of Optuna's `{optuna_class.__name__}`" if optuna_class else "none"


def first_line(entry: type) -> str:
    """What users read of a sampler or an environment."""
    return (inspect.getdoc(entry) or "").partition("\n")[0]


if __name__ == "__main__":
    sys.exit(main())
