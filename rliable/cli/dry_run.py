"""`optimize --dry-run`: shows what a study would do."""

from __future__ import annotations

import dataclasses
import itertools
import tempfile
from pathlib import Path

from rliable.config.study_file import Study
from rliable.records.encoding import to_json
from rliable.tuning.journal import Journal

NUM_FIRST = 5


def print_dry_run(study: Study, seed: int) -> None:
    """Prints the checked study, the search space and the first configurations."""
    print(to_json({**dataclasses.asdict(study.config), "seed": seed}, indent=2))
    size = study.space.size
    print(f"\nsearch space ({'endless' if size is None else size} configurations):")
    for name, words in study.space.describe().items():
        print(f"  {name}: {words}")
    print("\nfirst configurations:")
    for number, params in enumerate(first_configurations(study, seed)):
        print(f"  trial {number}: {to_json(params)}")


def first_configurations(study: Study, seed: int) -> list[dict[str, object]]:
    """The parameters of the first trials, as far as they can be known before any result."""
    with tempfile.TemporaryDirectory(prefix="rliable-") as folder:
        journal = Journal(Path(folder) / "journal.log", study, seed)
        known = itertools.takewhile(journal.may_ask, range(min(NUM_FIRST, study.num_trials)))
        return [journal.ask(number) for number in known]
