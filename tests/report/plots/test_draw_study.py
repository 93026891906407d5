"""Drawing whole study folders."""

import json
import re
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from fake_studies import DQN_SPACE, make_study, write_study

from rliable.records.results import StudyRecord, TrialRecord
from rliable.report.plots import draw_learning_curve, draw_study
from rliable.report.plots.data import load_pictures
from rliable.report.plots.page import make_page

ROOT = Path(__file__).parents[3]
FILES = ["history.png", "parameters.png", "importance.png", "learning_curves.png", "report.html"]
EXTRA = [
    {"min": 0.0, "max": 1.0},
    {"min": 1e-05, "max": 0.1, "log": True},
    ["relu", "tanh", "exponential_linear"],
    {"min": 1, "max": 8},
    [True, False],
]
TWELVE = {
    f"hyperparameter_{number}": entry
    for number, entry in enumerate([*EXTRA, *EXTRA, {"min": 4, "max": 4096, "log": True}, [[8, 8], [16]]])
}
STUDIES = {
    "no trial": {"num_trials": 0},
    "one trial": {"num_trials": 1, "fails": 0},
    "three trials": {"num_trials": 3, "fails": 0},
    "all failed": {"num_trials": 5, "fails": 1},
    "several runs": {"num_trials": 12, "num_runs": 3},
    "one hyperparameter": {"num_trials": 30, "space": {"learning_rate": DQN_SPACE["learning_rate"]}},
    "nothing varies": {"num_trials": 3, "space": {"batch_size": [32]}},
    "twelve hyperparameters": {"num_trials": 200, "space": TWELVE},
    "some pruned": {"num_trials": 40, "prunes": 0.4},
    "minimised, no curves": {"num_trials": 40, "criteria": "min", "curves": False},
}


@pytest.mark.parametrize("name", STUDIES)
def test_any_study_gives_every_picture_and_a_report(tmp_path, name):
    make_study(tmp_path, **STUDIES[name])
    paths = draw_study(tmp_path)
    assert [path.name for path in paths] == FILES
    for path in paths[:4]:
        assert path.parent == tmp_path / "figures"
        assert min(png_size(path)) >= 300
    for figure in figures_of(paths[4].read_text()).values():
        assert figure["data"]
    assert not list(tmp_path.rglob("*.tmp"))


def test_drawing_again_replaces_the_pictures(tmp_path):
    make_study(tmp_path, 3)
    assert draw_study(tmp_path) == draw_study(tmp_path)
    assert len(list((tmp_path / "figures").iterdir())) == 4


def test_the_same_study_gives_the_same_files(tmp_path):
    first, second = ([path.read_bytes() for path in draw_study(write(tmp_path / name))] for name in ("first", "second"))
    assert first == second


def test_the_report_needs_no_network_and_holds_plotly_once(tmp_path):
    make_study(tmp_path, 3)
    page = draw_study(tmp_path)[-1].read_text()
    assert not re.search(r"<(script|link|img)[^>]*(src|href)=", page)
    assert page.count("plotly.js v") == 1


def test_the_report_shows_names_and_errors_as_text_and_not_as_html(tmp_path):
    space = {"<img src=x>": ["</script>", "b"]}
    trials = [
        TrialRecord(0, value=1.0, params={"<img src=x>": "</script>"}),
        TrialRecord(1, "FAIL", error="</script><script>alert(1)</script>", params={"<img src=x>": "b"}),
    ]
    write_study(tmp_path, StudyRecord("<b>", search_space=space, trials=trials, best=0))
    page = make_page(load_pictures(tmp_path))
    content = page[: page.index("plotly.js v")]
    assert "<img" not in content
    assert "<b>" not in content
    assert "alert(1)</script>" not in content


def test_the_table_has_a_row_per_trial_and_sorts_by_full_values(tmp_path):
    record = make_study(tmp_path, 20)
    page = make_page(load_pictures(tmp_path))
    assert page.count("<tr class=") == 20
    assert f"data-v='{record.best_trial.value!r}'" in page
    assert page.count("<tr class='best'>") == 1


def test_a_figure_of_one_run_has_exactly_one_curve_that_fits_the_axes(tmp_path):
    from rliable.report.plots.curves import make_curve
    from rliable.report.plots.png import curve_figure

    rows = [{"step": 100 * i, "average_return": 500.0 + i, "loss": 0.1} for i in range(50)]
    for _ in range(2):
        figure = curve_figure(make_curve(rows, "average_return"), "average_return", "trial 0")
    (axes,) = figure.axes
    (line,) = axes.lines
    assert len(line.get_xdata()) == 50
    assert axes.get_ylim()[0] < 500 < 549 < axes.get_ylim()[1] < 700
    assert axes.get_xlabel() == "environment steps"


@pytest.mark.parametrize(
    "rows", [[], [{"step": 5}], [{"step": 5, "average_return": float("nan")}], [{"step": 1, "loss": 2}]]
)
def test_a_run_with_few_or_no_reports_still_gets_a_figure(tmp_path, rows):
    path = draw_learning_curve(rows, tmp_path / "run_0" / "learning_curve.png", "trial $0_1$")
    assert min(png_size(path)) >= 300


def test_a_folder_without_a_record_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError):
        draw_study(tmp_path)


def test_ten_thousand_trials_are_drawn(tmp_path):
    make_study(tmp_path, 10_000, curves=False)
    page = draw_study(tmp_path)[-1]
    assert page.stat().st_size < 20e6


def test_drawing_imports_neither_tensorflow_nor_pyspark_nor_pyplot(tmp_path):
    make_study(tmp_path, 12)
    program = (
        f"import sys; from rliable.report.plots import draw_study; draw_study({str(tmp_path)!r});"
        "sys.exit(str({'tensorflow', 'pyspark', 'matplotlib.pyplot', 'pandas'} & set(sys.modules) or ''))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    assert done.stderr.strip() == ""


def test_importing_the_pictures_imports_no_drawing_library():
    program = (
        "import sys, rliable.report.plots, rliable.report.plots.data, rliable.report.plots.drawer;"
        "sys.exit(str({'matplotlib', 'plotly', 'optuna', 'numpy', 'pandas'} & set(sys.modules) or ''))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.stderr.strip() == ""


def test_the_page_is_part_of_the_package(tmp_path):
    command = [sys.executable, "setup.py", "-q", "build_py", "--build-lib", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=60)
    assert (tmp_path / "rliable/report/plots/page.html").is_file()


def test_a_pruned_trial_has_a_row_of_its_own_look(tmp_path):
    record = make_study(tmp_path, 40, prunes=0.4)
    page = make_page(load_pictures(tmp_path))
    assert page.count("<tr class='pruned'>") == len(record.pruned()) > 0
    assert page.count("<td>pruned</td>") == len(record.pruned())
    assert page.count("<tr class='failed'>") == len(record.failed())


def write(folder):
    make_study(folder, 12, DQN_SPACE)
    return folder


def png_size(path):
    head = path.read_bytes()[:24]
    assert head[:8] == b"\x89PNG\r\n\x1a\n"
    return struct.unpack(">II", head[16:24])


def figures_of(page):
    pattern = r"<script type='application/json' id='figure-(\w+)'>(.*?)</script>"
    return {name: json.loads(text) for name, text in re.findall(pattern, page)}
