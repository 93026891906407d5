"""The figures of the page."""

import math

import pytest
from fake_studies import make_study

from rliable.report.plots import interactive, style
from rliable.report.plots.data import load_pictures


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    make_study(folder, 60, num_runs=2, prunes=0.4)
    return load_pictures(folder)


def named(figure, name):
    return [trace for trace in figure.data if trace.name == name]


def test_failed_and_unvalued_trials_stand_at_the_bottom_of_an_axis_of_their_own(pictures):
    figure = interactive.history_plot(pictures)
    (failed,) = named(figure, "failed trial")
    unvalued, valued = named(figure, "pruned trial")
    assert [failed.yaxis, unvalued.yaxis, valued.yaxis] == ["y2", "y2", "y"]
    assert failed.marker.symbol == "x-thin"
    assert set(failed.y) == set(unvalued.y) == {interactive.BOTTOM}
    assert len(failed.x) == len(pictures.record.failed())


def test_pruned_trials_are_hollow_and_grey(pictures):
    figures = [interactive.history_plot(pictures), interactive.parameters_plot(pictures)]
    pruned = [trace for figure in figures for trace in named(figure, "pruned trial")]
    assert len(pruned) == 2 + len(pictures.parameters.panels)
    assert {(trace.marker.symbol, trace.marker.color) for trace in pruned} == {("circle-open", style.PRUNED)}


def test_the_legend_names_each_kind_once_and_the_best_line_first(pictures):
    named_once = [trace for trace in interactive.history_plot(pictures).data if trace.showlegend is not False]
    ranked = sorted(named_once, key=lambda trace: trace.legendrank or 1000)
    assert [trace.name for trace in ranked] == ["best so far", "trial", "pruned trial", "failed trial"]


def test_the_best_trial_lies_on_top_in_orange(pictures):
    last = interactive.history_plot(pictures).data[-1]
    assert list(last.x) == [pictures.record.best]
    assert last.marker.color == style.BEST
    assert last.text[0].startswith(f"trial {pictures.record.best}<br>reward 200<br>train_iterations=")


def test_a_panel_is_logarithmic_like_its_range_and_shares_the_metrics_axis(pictures):
    layout = interactive.parameters_plot(pictures).layout
    names = [panel.name for panel in pictures.parameters.panels]
    rate = layout[f"xaxis{names.index('learning_rate') + 1}"]
    assert rate.type == "log"
    assert rate.range[0] < math.log10(0.0001) < math.log10(0.01) < rate.range[1]
    assert list(rate.ticktext) == ["0.0001", "0.001", "0.01"]
    assert [layout[f"yaxis{number}"].matches for number in (2, 3, 4)] == ["y"] * 3
    assert [layout.yaxis.title.text, layout.yaxis2.title.text] == ["reward", None]


def test_a_category_has_its_name_and_its_median(pictures):
    figure = interactive.parameters_plot(pictures)
    batch = next(panel for panel in pictures.parameters.panels if panel.name == "batch_size")
    assert list(figure.layout.xaxis2.ticktext) == ["32", "64"]
    (bars,) = [trace for trace in figure.data if trace.mode == "lines" and trace.xaxis == "x2"]
    assert [bars.y[0], bars.y[3]] == batch.medians


def test_a_click_in_the_legend_hides_a_trial_with_all_its_runs(pictures):
    lines = interactive.curves_plot(pictures).data
    best = [line for line in lines if line.legendgroup == str(pictures.curves.curves[0].number)]
    assert [line.showlegend for line in best] == [False, False, False, None]  # the band, the runs, their mean
    assert best[-1].name.endswith(": reward 200")
    assert lines[-1] is best[-1]


def test_a_metric_over_decades_has_logarithmic_axes(tmp_path):
    make_study(tmp_path, 40, criteria="min", curves=False)
    pictures = load_pictures(tmp_path)
    history, parameters = interactive.history_plot(pictures), interactive.parameters_plot(pictures)
    assert history.layout.yaxis.type == "log"
    assert history.layout.yaxis2.type is None
    assert {parameters.layout[f"yaxis{number}"].type for number in ("", 2, 3, 4)} == {"log"}


def test_very_many_trials_are_drawn_by_the_graphics_card(tmp_path):
    make_study(tmp_path, 1500, curves=False)
    (trials,) = named(interactive.history_plot(load_pictures(tmp_path)), "trial")
    assert trials.type == "scattergl"
    assert trials.marker.size == 3
