"""Pictures of learning curves: a few beside the search, the best first afterwards."""

import time

from fake_studies import make_study

from rliable.records.folders import StudyFolder
from rliable.report.plots import drawer
from rliable.report.plots.drawer import CurveDrawer, draw_missing_curves

ROWS = [{"step": 0, "average_return": 1.0}, {"step": 10, "average_return": 2.0}]


def pictures_in(folder):
    return sorted(folder.glob("trials/*/run_*/learning_curve.png"))


def test_a_picture_is_drawn_while_the_search_goes_on(tmp_path):
    picture = tmp_path / "run_0" / "learning_curve.png"
    with CurveDrawer() as drawn:
        drawn.draw(ROWS, picture, "trial 0")
        deadline = time.monotonic() + 30
        while not picture.exists() and time.monotonic() < deadline:
            time.sleep(0.05)

    assert picture.exists()


def test_many_quick_runs_get_few_pictures_and_hold_up_nobody(tmp_path):
    started = time.process_time()
    with CurveDrawer() as drawn:
        for number in range(1000):
            drawn.draw(ROWS, tmp_path / f"{number}.png", "trial")
        time.sleep(1.0)

    assert 0 < len(list(tmp_path.iterdir())) <= 3
    assert time.process_time() - started < 3


def test_a_picture_that_cannot_be_drawn_takes_no_other_with_it(tmp_path, monkeypatch):
    monkeypatch.setattr(drawer, "PAUSE_FACTOR", 0)
    (tmp_path / "file").touch()
    picture = tmp_path / "good.png"
    with CurveDrawer() as drawn:
        drawn.draw(ROWS, tmp_path / "file" / "bad.png", "trial 0")
        drawn.draw(ROWS, picture, "trial 1")
        deadline = time.monotonic() + 30
        while not picture.exists() and time.monotonic() < deadline:
            time.sleep(0.05)

    assert picture.exists()


def test_missing_pictures_are_drawn(tmp_path):
    make_study(tmp_path, num_trials=3)

    missing = draw_missing_curves(tmp_path)

    assert sorted(missing.drawn) == pictures_in(tmp_path) != []
    assert (missing.num_left, missing.note(tmp_path)) == (0, None)
    assert draw_missing_curves(tmp_path).drawn == []


def test_where_there_is_no_time_for_all_the_best_come_first_and_the_others_are_counted(tmp_path, monkeypatch):
    record = make_study(tmp_path, num_trials=40)
    monkeypatch.setattr(drawer, "MISSING_SECONDS", 0.2)

    missing = draw_missing_curves(tmp_path)

    first = [StudyFolder(tmp_path).run(trial.number, 0).learning_curve_png for trial in record.ranked()]
    assert missing.drawn == first[: len(missing.drawn)] != []
    assert missing.num_left >= 40 - 5 - len(missing.drawn)
    assert missing.note(tmp_path).startswith(f"{missing.num_left} learning curves are not drawn yet")
