"""Writes scalars into event files as PyTorch's SummaryWriter does, through the tensorboard package."""

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter


class EventWriter:
    """One event file in a folder."""

    def __init__(self, folder):
        folder.mkdir(parents=True)
        self.file = (folder / "events.out.tfevents.1").open("wb")
        self.records = RecordWriter(self.file)

    def add_scalar(self, tag, value, step):
        """Writes one scalar."""
        summary = Summary(value=[Summary.Value(tag=tag, simple_value=value)])
        self.records.write(Event(step=step, summary=summary).SerializeToString())
        self.file.flush()
