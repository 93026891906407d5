"""What `rliable environments --wrappers` prints: the wrappers by name, and the parameters of each."""

from __future__ import annotations

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from rliable.cli.models import first_line, hyperparameter_row
from rliable.registry import FORMS, WRAPPERS
from rliable.schema import declarations


def wrapper_table() -> Table:
    """Every wrapper: what it does, and its parameters in their order."""
    caption = f'In a model file: "wrappers": ["time_limit(500)", {{"frame_stack": 4}}], or {FORMS} of your own.'
    table = Table(box=SIMPLE_HEAD, pad_edge=False, caption=caption, caption_justify="left")
    table.add_column("wrapper", no_wrap=True)
    table.add_column("what it does")
    for name in sorted(WRAPPERS.table):
        table.add_row(name, Text("\n").join([Text(first_line(WRAPPERS.load(name))), *parameter_lines(name)]))
    return table


def parameter_lines(name: str) -> list[Text]:
    """A line for each parameter of a wrapper."""
    rows = [hyperparameter_row(key, declared) for key, declared in declarations(WRAPPERS.load(name)).items()]
    return [Text.assemble((f"{key} ({default}): ", "dim"), meaning) for key, default, meaning in rows]
