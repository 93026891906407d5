"""The JSON object of a study."""

import dataclasses
import json
import math

from example_records import FINISHED, STUDY

from rliable.report.terminal.ending import summary


def test_summary_is_json_with_the_best_and_the_files(tmp_path):
    (tmp_path / "report.html").touch()
    facts = summary(FINISHED, tmp_path)
    assert json.loads(json.dumps(facts, allow_nan=False)) == facts
    assert facts["best"]["number"] == 3
    assert facts["best"]["seeds"] == [77]
    assert facts["num_failed"] == 1
    assert facts["files"] == {"report": str(tmp_path / "report.html")}


def test_summary_of_a_study_without_results_has_no_best(tmp_path):
    facts = summary(dataclasses.replace(STUDY, slot_utilisation=math.nan), tmp_path)
    assert facts["best"] is None
    assert facts["slot_utilisation"] is None
