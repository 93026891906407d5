"""What the reporter writes, in a terminal and elsewhere."""

import dataclasses
import io
import re
import time

import pytest
from example_records import BAD, FINISHED, GOOD, RUN, STUDY

from rliable.records.results import StudyRecord, TrialRecord
from rliable.report.facts import mode_text
from rliable.report.terminal import VERBOSITIES, Reporter, screens
from rliable.report.terminal.header import header_facts
from rliable.report.terminal.lines import trial_line
from rliable.unit import Report, RunRecord


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self):
        return True


def report(verbosity, stream, errors, folder="runs/a"):
    with Reporter(verbosity, stream, errors) as reporter:
        reporter.study_started(STUDY, ["a note"])
        reporter.trial_finished(GOOD, GOOD, 1)
        reporter.trial_finished(BAD, GOOD, 2)
        reporter.message("a message")
        reporter.warning("a warning")
        reporter.study_finished(FINISHED, folder)


def written(verbosity, folder="runs/a"):
    stream, errors = io.StringIO(), io.StringIO()
    report(verbosity, stream, errors, folder)
    return stream.getvalue(), errors.getvalue()


@pytest.fixture
def terminal(monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "80")
    return Terminal()


def test_a_trial_is_one_plain_line_that_says_everything():
    text, _ = written("normal")
    lines = [line for line in text.splitlines() if line.startswith("trial 3 ")]
    assert lines == ["trial 3  reward 187.42  batch_size=64 learning_rate=0.003125  4.2 s  slot 1  best"]


def test_a_failed_trial_is_one_unwrapped_line_with_its_error():
    text, _ = written("normal")
    (line,) = [line for line in text.splitlines() if line.startswith("trial 4 ")]
    assert "failed" in line
    assert line.endswith("ValueError: loss is NaN " + "x" * 200)


@pytest.mark.parametrize("verbosity", VERBOSITIES)
def test_plain_output_has_no_control_characters_and_no_trailing_spaces(verbosity):
    text, errors = written(verbosity)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", text + errors)
    assert not re.search(r" \n", text)


@pytest.mark.parametrize(
    ("mode", "slots", "words"),
    [
        ("level 1", [], "level 1, up to 4 slots of 1 core"),
        ("level 2", ["slot 0", "slot 3", "slot 0"], "level 2, 2 of 4 slots of 1 core"),
        ("level 1", ["slot 0", "slot 1", "slot 2", "slot 3"], "level 1, 4 slots of 1 core"),
    ],
)
def test_slots_that_never_came_are_not_counted(mode, slots, words):
    trials = [TrialRecord(number, value=1.0, runs=[RunRecord(slot=slot)]) for number, slot in enumerate(slots)]
    assert mode_text(StudyRecord("Search", mode=mode, num_slots=4, trials=trials)) == words


def test_header_tells_study_seed_mode_slots_goal_and_search_space():
    text, _ = written("normal")
    header = text[: text.index("trial 3")]
    for fact in (
        "Search",
        "42",
        "serial, 2 slots of 1 core",
        "maximise reward",
        "sampler random",
        "float 0.001..0.005",
    ):
        assert fact in header
    assert "a note" in header


def test_header_tells_where_runs_learn_for_models_that_say_so():
    told = {learner: header_facts(dataclasses.replace(STUDY, learner=learner)) for learner in ("GPU (NVIDIA H200)", "")}
    assert told["GPU (NVIDIA H200)"] == {**told[""], "learner": "GPU (NVIDIA H200)"}
    assert "learner" not in told[""]


def test_ending_tells_best_reason_utilisation_and_only_files_that_are_there(tmp_path):
    (tmp_path / "best").mkdir()
    text, _ = written("normal", tmp_path)
    ending = text[text.index("The best trial") :]
    for fact in ("187.42", "all 2 trials are done", "96 %", "1 finished, 1 failed", str(tmp_path)):
        assert fact in ending
    assert f"evaluate.py --model {tmp_path}/best" in ending
    assert "report" not in ending


def test_an_interrupted_study_says_how_to_go_on():
    stream = io.StringIO()
    Reporter("normal", stream).study_finished(dataclasses.replace(FINISHED, status="interrupted"), "runs/my study")
    assert "--resume 'runs/my study'" in stream.getvalue()


def test_what_has_to_be_trusted_stands_in_the_commands(tmp_path):
    (tmp_path / "best").mkdir()
    stream = io.StringIO()
    Reporter("normal", stream).study_finished(FINISHED, tmp_path, trusted=["my own.py:Maze"])
    assert "best --trust 'my own.py:Maze'" in stream.getvalue().replace("\n", " ").replace("  ", " ")


def test_a_study_without_any_result_shows_the_first_error():
    stream = io.StringIO()
    Reporter("normal", stream).study_finished(dataclasses.replace(FINISHED, trials=[BAD], best=None), "runs/a")
    assert "Every trial failed; trial 4: ValueError: loss is NaN" in stream.getvalue()


def test_quiet_leaves_the_best_and_the_warnings():
    text, errors = written("quiet")
    assert text == "best trial 3: reward 187.42; runs/a/trials/0003\n"
    assert errors == "warning: a warning\n"


def test_verbose_adds_a_line_per_run():
    text, _ = written("verbose")
    assert "    run 0  seed 77  reward=187.42  slot 1  pid 4242  4.2 s  attempt 2\n" in text
    assert "seed 77" not in written("normal")[0]


def test_json_leaves_the_standard_output_alone(capsys):
    report("json", None, None)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "trial 3  reward 187.42" in captured.err


def test_a_stream_that_knows_only_ascii_gets_every_line():
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii", write_through=True)
    report("normal", stream, io.StringIO(), "runs/Größe")
    assert "runs/Gr\\xf6\\xdfe" in raw.getvalue().decode("ascii")


def test_a_terminal_gets_a_bar_and_its_cursor_back(terminal):
    report("normal", terminal, None)
    text = terminal.getvalue()
    assert "\x1b[?25l" in text
    assert text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l")
    assert "★" in text
    assert "a warning" in text


def test_a_terminal_is_left_clean_when_the_study_is_interrupted(terminal):
    with pytest.raises(KeyboardInterrupt), Reporter("normal", terminal) as reporter:
        reporter.study_started(STUDY)
        reporter.trial_finished(GOOD, GOOD, 1)
        raise KeyboardInterrupt
    text = terminal.getvalue()
    assert "187.42" in text
    assert text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l")
    assert text.endswith("\x1b[2K")


def test_a_dumb_terminal_gets_plain_lines(terminal, monkeypatch):
    monkeypatch.setenv("TERM", "dumb")
    report("normal", terminal, io.StringIO())
    assert "\x1b" not in terminal.getvalue()


def test_many_trials_are_drawn_at_most_eight_times_a_second(terminal):
    with Reporter("normal", terminal) as reporter:
        reporter.study_started(dataclasses.replace(STUDY, max_iters=2000))
        started = time.monotonic()
        for number in range(2000):
            reporter.trial_finished(dataclasses.replace(GOOD, number=number), GOOD, number + 1)
        seconds = time.monotonic() - started
        # Before the end, where what still waits is written.
        num_bars = terminal.getvalue().count("/2000")
    assert num_bars <= 3 + 2 * 8 * seconds + 2
    assert terminal.getvalue().count("187.42") >= 2000


def test_a_study_that_never_started_can_be_closed(terminal):
    Reporter("normal", terminal).close()
    Reporter("normal", io.StringIO()).close()
    assert terminal.getvalue() == ""


def test_the_slot_is_told_only_where_there_are_several():
    assert trial_line(GOOD, dataclasses.replace(STUDY, num_slots=1), ["batch_size"], True).endswith("=64  4.2 s  best")


def test_a_grid_tells_how_many_trials_will_run(terminal):
    grid = dataclasses.replace(STUDY, sampler="grid", max_iters=100, search_space={"x": [1, 2, 3]})
    stream = io.StringIO()
    Reporter("normal", stream).study_started(dataclasses.replace(grid, trials=[GOOD]))
    assert "trials   3 (all configurations of the grid), sampler grid\n" in stream.getvalue()
    assert "1 of 3 trials are finished already" in stream.getvalue()
    with Reporter("normal", terminal) as reporter:
        reporter.study_started(grid)
    assert "0/3" in terminal.getvalue()


ODD = "net[/x] [red]:smile:"


@pytest.mark.parametrize("verbosity", VERBOSITIES)
@pytest.mark.parametrize("is_live", [False, True], ids=["plain", "live"])
def test_names_are_shown_as_they_are_and_never_read_as_markup(terminal, monkeypatch, verbosity, is_live):
    monkeypatch.setenv("COLUMNS", "200")
    stream = terminal if is_live else io.StringIO()
    trial = dataclasses.replace(GOOD, params={ODD: ODD}, folder=ODD, runs=[dataclasses.replace(RUN, slot=ODD)])
    record = dataclasses.replace(
        FINISHED,
        optim_name=ODD,
        model=ODD,
        metric_name=ODD,
        search_space={ODD: [ODD, "b"]},
        stop_reason=ODD,
        trials=[trial, dataclasses.replace(BAD, error=ODD)],
    )
    with Reporter(verbosity, stream, stream) as reporter:
        reporter.study_started(record, [ODD])
        for trial in record.trials:
            reporter.trial_finished(trial, record.trials[0], 1)
        reporter.message(ODD)
        reporter.warning(ODD)
        reporter.study_finished(record, ODD)
    assert stream.getvalue().count(ODD) >= (2 if verbosity == "quiet" else 12)


def test_a_pruned_trial_is_told_from_a_failed_one():
    stream = io.StringIO()
    pruned = dataclasses.replace(GOOD, number=5, state="PRUNED", value=12.5)
    record = dataclasses.replace(FINISHED, trials=[GOOD, BAD, pruned])
    reporter = Reporter("normal", stream)
    reporter.study_started(STUDY)
    reporter.trial_finished(pruned, GOOD, 3)
    reporter.study_finished(record, "runs/a")
    assert "trial 5  pruned at reward 12.5  batch_size=64 learning_rate=0.003125  4.2 s  slot 1\n" in stream.getvalue()
    assert "1 finished, 1 pruned, 1 failed" in stream.getvalue()


def test_a_study_whose_trials_were_all_pruned_says_so():
    stream = io.StringIO()
    pruned = dataclasses.replace(GOOD, state="PRUNED")
    reporter = Reporter("normal", stream)
    reporter.study_finished(dataclasses.replace(FINISHED, trials=[pruned], best=None), "runs/a")
    reporter.study_finished(dataclasses.replace(FINISHED, trials=[pruned, BAD], best=None), "runs/a")
    assert "Every trial was pruned before its end\n" in stream.getvalue()
    assert "Every trial was pruned or failed; trial 4: ValueError: loss is NaN" in stream.getvalue()


def test_reports_have_a_line_below_the_bar_that_goes_with_its_slot(terminal):
    with Reporter("normal", terminal) as reporter:
        reporter.study_started(STUDY)
        reporter.run_reported(Report(0, 0, "slot 0", 1500, {"average_return": 21.5}))
        time.sleep(1.0)
        assert "slot 0  trial 0  step 1,500  average return 21.5  0:0" in text_of(terminal)
        reporter.run_ended("slot 0")
        end = len(terminal.getvalue())
        time.sleep(1.0)
        assert "slot 0" not in terminal.getvalue()[end:].rpartition("0/2")[2]


def text_of(terminal):
    """What was written, without colours."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", terminal.getvalue())


def test_a_thousand_reports_a_second_take_little_of_it(terminal):
    with Reporter("normal", terminal) as reporter:
        reporter.study_started(STUDY)
        started = time.process_time()
        for step in range(10_000):
            reporter.run_reported(Report(0, 0, f"slot {step % 64}", step, {"average_return": 1.0}))
        assert time.process_time() - started < 2.0


@pytest.mark.parametrize("verbosity", ["normal", "quiet", "json"])
def test_plain_output_tells_no_reports(verbosity):
    stream = io.StringIO()
    reporter = Reporter(verbosity, stream, stream)
    reporter.study_started(STUDY)
    before = stream.getvalue()
    reporter.run_reported(Report(0, 0, "slot 0", 1500, {"average_return": 21.5}))
    reporter.run_ended("slot 0")
    assert stream.getvalue() == before


def test_verbose_plain_output_tells_each_run_every_ten_seconds(monkeypatch):
    now, stream = 0.0, io.StringIO()
    monkeypatch.setattr(screens.time, "monotonic", lambda: now)
    reporter = Reporter("verbose", stream)
    reporter.study_started(STUDY)
    for now in range(25):
        for run in (0, 1):
            reporter.run_reported(Report(7, run, "slot 1", 100 * now, {"average_return": 21.5}))
    lines = [line for line in stream.getvalue().splitlines() if line.startswith("    trial")]
    assert lines == [
        f"    trial 7 run {run}  step {step}  average return 21.5  slot 1"
        for step in ("1,000", "2,000")
        for run in (0, 1)
    ]
