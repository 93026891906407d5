"""Messages of any size, in frames of a bounded one."""

import contextlib
import threading
from multiprocessing import Pipe

import pytest
from file_size import FileSizeLimit
from hypothesis import given
from hypothesis import strategies as st

from rliable.executors.slots import frames
from rliable.executors.slots.frames import FRAME_BYTES, MORE, InMemory, OnDisk, Pieces, is_piece, receive, send
from rliable.executors.slots.messages import CODES, Beat, Died, Kept, Result, pack, unpack
from rliable.unit import UnitResult

LARGE = bytes(range(256)) * 20_000  # five frames


def frames_of(message):
    """The frames in which a message is sent."""
    sent = []
    send(Recorder(sent), pack(message))
    return sent


class Recorder:
    """The end of a channel where frames are sent."""

    def __init__(self, sent):
        self.send_bytes = sent.append


def put_together(pieces, sent):
    """The messages that come of frames."""
    return [unpack(packed) for frame in sent if (packed := pieces.add(frame)) is not None]


@given(st.binary(max_size=60), st.integers(2, 20))
def test_a_message_comes_together_whatever_the_size_of_a_frame(content, size):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(frames, "FRAME_BYTES", size)
        sent = frames_of(Kept({"a": content}))

    assert all(len(frame) <= size for frame in sent)
    assert [is_piece(frame) for frame in sent] == [True] * (len(sent) - 1) + [False]
    assert put_together(Pieces(), sent) == [Kept({"a": content})]


@pytest.mark.parametrize("make_store", [InMemory, lambda: OnDisk(None)])
def test_a_large_message_comes_over_a_channel_in_frames_that_are_none_too_large(make_store):
    here, there = Pipe()
    sender = threading.Thread(target=send, args=(there, pack(Kept({"a": LARGE}))))
    sender.start()
    pieces, sizes = Pieces(make_store), []
    packed = None
    while packed is None:
        frame = here.recv_bytes(FRAME_BYTES)
        sizes.append(len(frame))
        packed = pieces.add(frame)
    sender.join()

    assert len(sizes) == 5 and max(sizes) == FRAME_BYTES
    assert unpack(packed).files["a"] == LARGE


def test_who_waits_for_a_message_gets_all_of_it():
    here, there = Pipe()
    predictions = [0.5 * number for number in range(300_000)]
    result = Result(UnitResult(trial=0, run=0, predictions=predictions))
    sender = threading.Thread(target=send, args=(there, pack(result)))
    sender.start()

    assert receive(here).result.predictions == predictions
    sender.join()


def test_beats_come_through_between_the_pieces_of_a_message():
    first, *rest = frames_of(Kept({"a": LARGE}))

    assert put_together(Pieces(), [first, pack(Beat()), *rest]) == [Beat(), Kept({"a": LARGE})]


def test_what_a_dead_process_has_begun_to_say_is_forgotten():
    died, kept = Died("worker process died", False, 1, ""), Kept({"a": b"whole"})
    first, second, *_ = frames_of(Kept({"a": LARGE}))

    assert put_together(Pieces(), [first, second, pack(died), pack(kept)]) == [died, kept]


def test_another_message_in_pieces_takes_the_place_of_one_that_has_no_end():
    result = Result(UnitResult(trial=0, run=0, seed=1, files={"a": LARGE}))
    first, *_ = frames_of(Kept({"a": LARGE}))

    assert put_together(Pieces(), [first, *frames_of(result)]) == [result]


def test_a_message_lies_in_a_file_without_a_name(tmp_path):
    first, *rest = frames_of(Kept({"a": LARGE}))
    pieces = Pieces(lambda: OnDisk(tmp_path))

    assert pieces.add(first) is None
    assert list(tmp_path.iterdir()) == []
    (kept,) = put_together(pieces, rest)
    assert kept.files["a"] == LARGE
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("room", [0, 1, 2 * FRAME_BYTES, 3 * FRAME_BYTES + 100])
def test_where_the_disk_is_full_a_message_comes_together_in_memory(tmp_path, room):
    pieces = Pieces(lambda: OnDisk(tmp_path))

    with FileSizeLimit(room):
        (kept,) = put_together(pieces, frames_of(Kept({"a": LARGE})))

    assert kept.files["a"] == LARGE


def test_so_it_does_where_the_folder_is_gone(tmp_path):
    (kept,) = put_together(Pieces(lambda: OnDisk(tmp_path / "gone")), frames_of(Kept({"a": LARGE})))

    assert kept.files["a"] == LARGE


@given(st.lists(st.binary(max_size=8), max_size=6))
def test_whatever_comes_is_a_message_or_refused(sent):
    pieces = Pieces()
    for frame in sent:
        packed = pieces.add(frame)
        with contextlib.suppress(ValueError):
            assert packed is None or unpack(packed)


def test_the_codes_of_messages_leave_the_mark_of_a_piece_free():
    assert all(code[0] < MORE for code in CODES.values())
