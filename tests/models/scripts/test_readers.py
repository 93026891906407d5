"""How a script's figures are read while it writes them."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from models.scripts.readers import CsvReader, EventReader, JsonLineReader, PatternReader, make_reader
from models.scripts.source import FigureSource
from rliable.records.learning_curve import curve_as_events
from rliable.schema import check_record


def test_json_lines_give_the_figure_of_a_key_and_its_step():
    lines = ['{"step": 10, "reward": 1.5, "loss": 2}', "epoch 1", "{broken", '{"reward": "high"}', '{"reward": NaN}']
    first, second = list(JsonLineReader("reward", "step").rows(lines))
    assert first == (10, {"reward": 1.5})
    assert second[0] is None and math.isnan(second[1]["reward"])


def test_json_lines_give_every_number_where_no_key_is_named():
    lines = ['{"global_step": 10, "reward": 1.5, "loss": 2, "done": true, "name": "x"}', "[1]"]
    assert list(JsonLineReader(None, "global_step").rows(lines)) == [(10, {"reward": 1.5, "loss": 2.0})]


def test_a_pattern_gives_its_named_groups():
    reader = PatternReader(r"step[= ](?P<step>\d+).*reward[= ](?P<reward>\S+)")
    lines = ["step=500 x reward=-1e-3", "step 600 reward nan", "step 700 reward ?", "nothing"]
    (step, figures), (_, undefined) = list(reader.rows(lines))
    assert (step, figures) == (500, {"reward": -0.001})
    assert math.isnan(undefined["reward"])


def test_a_csv_file_is_read_as_it_grows(tmp_path):
    path = tmp_path / "progress.csv"
    reader = CsvReader(path, "reward", "timesteps")
    assert list(reader.rows([])) == []
    path.write_text("timesteps, reward\n100, 1.5\n200, 2")
    assert list(reader.rows([])) == [(100, {"reward": 1.5})]
    path.write_text("timesteps, reward\n100, 1.5\n200, 2.5\n300,\n400,4\n")
    assert list(reader.rows([])) == [(200, {"reward": 2.5}), (400, {"reward": 4.0})]
    path.write_text("timesteps,reward\n1,9\n")  # begun anew
    assert list(reader.rows([])) == [(1, {"reward": 9.0})]


def test_event_files_are_read_as_they_grow_at_any_depth(tmp_path):
    content = curve_as_events([{"step": 1, "reward": 0.5, "loss": 3.0}, {"step": 2, "reward": 1.5}], 0.0)
    path = tmp_path / "runs" / "a" / "events.out.tfevents.1"
    path.parent.mkdir(parents=True)
    reader = EventReader(tmp_path, "charts/reward")
    path.write_bytes(content[:-3])
    assert list(reader.rows([])) == [(1, {"charts/reward": 0.5})]
    path.write_bytes(content)
    assert list(reader.rows([])) == [(2, {"charts/reward": 1.5})]
    assert list(reader.rows([])) == []


def test_scalars_are_read_as_tensorflow_2_writes_them(tmp_path):
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.summary.writer.record_writer import RecordWriter
    from tensorboard.util.tensor_util import make_tensor_proto

    value = Summary.Value(tag="reward", tensor=make_tensor_proto(np.float32(2.5)))
    with (tmp_path / "events.out.tfevents.1").open("wb") as file:
        RecordWriter(file).write(Event(step=7, summary=Summary(value=[value])).SerializeToString())
    assert list(EventReader(tmp_path, "reward").rows([])) == [(7, {"reward": 2.5})]


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ({}, "figures: expected one of json_lines, csv, tensorboard, pattern, found none"),
        (
            {"json_lines": True, "csv": "a.csv", "column": "c"},
            "figures: expected one of json_lines, csv, tensorboard, pattern, found json_lines and csv",
        ),
        ({"csv": "a.csv"}, "figures.column: missing; it goes with 'csv'"),
        ({"json_lines": "reward", "tag": "x"}, "figures.tag: does not go with 'json_lines'"),
        ({"pattern": "reward (.*)"}, "figures.pattern: has no named group, such as 'reward (?P<value>\\S+)'"),
        ({"pattern": "("}, "figures.pattern: no regular expression: missing ), unterminated subpattern at position 0"),
    ],
)
def test_a_source_that_cannot_work_is_one_line(source, line):
    assert [str(problem) for problem in check_record(FigureSource, source, "figures")[1]] == [line]


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ({"json_lines": "reward"}, ("reward",)),
        ({"json_lines": True}, ()),
        ({"csv": "a.csv", "column": "c"}, ("c",)),
        ({"tensorboard": "runs", "tag": "charts/x"}, ("charts/x",)),
        ({"pattern": "(?P<step>.) (?P<value>.)"}, ("value",)),
    ],
)
def test_the_names_of_figures_are_known_before_a_run(source, names):
    found = FigureSource(**json.loads(json.dumps(source)))
    assert found.names() == names
    assert make_reader(found, Path("somewhere")).sought
