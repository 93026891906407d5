"""A run whose process dies goes on from its last checkpoint, in whatever slot; so does one whose driver died."""

from pathlib import Path

import pytest
from unit_makers import make_options

from rliable.executors import make_executor
from rliable.records.checkpoints import Checkpoints
from rliable.records.folders import StudyFolder
from rliable.unit import Answer, Limits, ModelConfig, Unit

MODEL = f"{Path(__file__).with_name('checkpointed_models.py')}:DyingCounter"


def make_unit(tmp_path, pause=0.0):
    return Unit(0, 0, ModelConfig(MODEL, "nothing", "", {"folder": str(tmp_path), "pause": pause}), 3, Limits())


@pytest.fixture
def kept(tmp_path):
    return Checkpoints(StudyFolder(tmp_path / "study"), "2")


def run(mode, kept, unit, on_report=None):
    executor = make_executor(mode, make_options("Plain", checkpoints=kept))
    try:
        return next(iter(executor.execute(iter([unit]), on_report)))
    finally:
        executor.close()


def test_a_killed_run_goes_on_from_its_last_checkpoint(tmp_path, kept):
    result = run("serial", kept, make_unit(tmp_path))

    assert result.error is None, result.traceback
    assert (result.attempts, result.metrics) == (2, {"count": 10.0, "first": 6.0})
    assert [row["step"] for row in result.learning_curve] == list(range(1, 11))


def test_without_a_place_for_checkpoints_it_begins_anew(tmp_path):
    result = run("serial", None, make_unit(tmp_path))

    assert (result.attempts, result.metrics) == (2, {"count": 10.0, "first": 0.0})


@pytest.mark.parametrize("mode", ["serial", "in-process"])
def test_a_run_that_another_search_has_begun_goes_on(tmp_path, kept, mode):
    (tmp_path / "died-3").touch()
    kept.keep(0, 0, {"number": b"4", "learning_curve.json": b'[{"step": 1}, {"step": 2}, {"step": 3}, {"step": 4}]'})

    result = run(mode, kept, make_unit(tmp_path))

    assert result.metrics == {"count": 10.0, "first": 4.0}


def test_a_damaged_checkpoint_is_none(tmp_path, kept, caplog):
    kept.keep(0, 0, {"number": b"4"})
    path = StudyFolder(tmp_path / "study").run(0, 0).checkpoint
    path.write_bytes(path.read_bytes()[:5])

    assert kept.latest(0, 0) is None
    assert "begins anew" in caplog.text


@pytest.mark.parametrize("mode", ["serial", "in-process"])
def test_a_paused_run_says_so_and_leaves_its_checkpoint(tmp_path, kept, mode):
    (tmp_path / "died-3").touch()

    def pause_from_two(report):
        return Answer.PAUSE if report.step >= 2 else Answer.GO_ON

    result = run(mode, kept, make_unit(tmp_path, pause=0.1), pause_from_two)

    assert (result.is_stopped, result.is_paused, result.metrics, result.error) == (True, True, None, None)
    assert int(kept.latest(0, 0)["number"]) >= 2


def test_a_checkpoint_of_another_version_of_the_model_is_none(tmp_path, kept, caplog):
    kept.keep(0, 0, {"number": b"4"})

    assert Checkpoints(StudyFolder(tmp_path / "study"), "3").latest(0, 0) is None
    assert (
        "trial 0 run 0 begins anew" in caplog.text
        and "of version 2 of its model, which is version 3 now" in caplog.text
    )
    assert kept.latest(0, 0) == {"number": b"4"}
