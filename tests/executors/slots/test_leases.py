import pytest

from rliable.executors.slots.leases import LeaseBook, Loss
from rliable.unit import Limits, ModelConfig, PlayedSlice, Unit, UnitResult

DIED = Loss("worker process died (SIGKILL)")
SLICES = [range(0, 10), range(10, 20), range(20, 25)]


def make_units(count, max_attempts=3):
    model = ModelConfig("package:Class", "CartPole-v0", "", {})
    return [Unit(trial, 0, model, trial, Limits(max_attempts=max_attempts)) for trial in range(count)]


def result_of(unit, slot, slices=(), **fields):
    return UnitResult(
        trial=unit.trial,
        run=unit.run,
        seed=unit.seed,
        slot=slot,
        started=0.0,
        finished=1.0,
        slices=list(slices),
        **fields,
    )


def record(episodes, slot="slot 1"):
    return PlayedSlice(episodes.start, len(episodes), slot, 1, "here", [float(i) for i in episodes])


def evaluating_book(count=1, **fields):
    """A book in which slot 0 has trained trial 0 and offers its episodes."""
    units = make_units(count, **fields)
    book = LeaseBook(iter(units))
    book.lease("slot 0")
    book.offer("slot 0", SLICES, {"policy": b"weights"})
    return book, units[0]


def test_units_are_drawn_only_when_a_slot_asks():
    drawn = []
    book = LeaseBook(drawn.append(unit.trial) or unit for unit in make_units(5))

    book.lease("slot 0")
    book.lease("slot 1")

    assert drawn == [0, 1]


def test_a_book_whose_next_unit_has_to_wait_is_not_drained():
    units = iter([*make_units(1), None, *make_units(1)])
    book = LeaseBook(units)
    first = book.lease("slot 0")

    assert book.lease("slot 1") is None
    assert not book.is_used_up
    book.finish("slot 0", result_of(first.unit, "slot 0", metrics={}))

    assert book.lease("slot 1") is not None


def test_a_lost_unit_goes_to_the_next_slot_with_the_same_seed():
    book = LeaseBook(iter(make_units(2)))
    first = book.lease("slot 0")

    assert book.lose("slot 0", DIED) is None
    again = book.lease("slot 1")

    assert (again.unit, again.attempt) == (first.unit, 2)
    assert book.finish("slot 1", result_of(again.unit, "slot 1", metrics={})).attempts == 2


def test_a_slice_that_could_not_begin_is_handed_out_again_and_is_no_loss():
    book, _ = evaluating_book(max_attempts=1)
    first = book.lease("slot 1")

    book.put_back("slot 1")

    assert book.held_by("slot 1") is None
    assert book.lease("slot 1") == first


def test_a_slice_of_a_run_that_has_failed_since_is_not_put_back():
    book, _ = evaluating_book(max_attempts=1)
    book.lease("slot 1")
    book.lose("slot 0", DIED)

    book.put_back("slot 1")

    assert book.lease("slot 1") is None
    assert book.is_finished


def test_a_unit_is_given_up_after_its_last_attempt():
    book = LeaseBook(iter(make_units(1, max_attempts=2)))
    book.lease("slot 0")
    assert book.lose("slot 0", DIED) is None
    book.lease("slot 0")

    failure = book.lose("slot 0", DIED)

    assert (failure.error, failure.attempts) == (DIED.error, 2)
    assert book.lease("slot 0") is None
    assert book.is_finished


def test_a_run_that_lost_a_process_that_it_needed_is_repeated_as_often_as_one_that_lost_its_own():
    book = LeaseBook(iter(make_units(1, max_attempts=2)))
    unit = book.lease("slot 0").unit
    lost = result_of(unit, "slot 0", error="EnvironmentDied: it died", is_lost=True)

    assert book.finish("slot 0", lost) is None
    assert book.lease("slot 0").attempt == 2
    result = book.finish("slot 0", lost)

    assert (result.error, result.attempts) == ("EnvironmentDied: it died", 2)
    assert book.lease("slot 0") is None
    assert book.is_finished


def test_a_unit_over_its_limit_is_not_tried_again():
    book = LeaseBook(iter(make_units(1)))
    book.lease("slot 0")

    assert book.lose("slot 0", Loss("exceeded trial_timeout_seconds 5", is_final=True)).attempts == 1


def test_losing_an_idle_slot_changes_nothing():
    book = LeaseBook(iter(()))

    assert book.lose("slot 0", DIED) is None
    assert book.lease("slot 0") is None
    assert book.is_finished


def test_the_learner_takes_slices_from_the_front_and_others_from_the_back():
    book, _ = evaluating_book()

    assert book.next_slice("slot 0") == SLICES[0]
    assert book.lease("slot 1").episodes == SLICES[2]
    assert book.next_slice("slot 0") == SLICES[1]
    assert book.next_slice("slot 0") is None


def test_a_free_slot_helps_before_it_draws_a_new_run():
    book, _ = evaluating_book(count=2)

    assert [book.lease("slot 1").episodes for _ in SLICES] == SLICES[::-1]
    assert book.lease("slot 1").unit.trial == 1


@pytest.mark.parametrize("learner_is_last", [True, False])
def test_a_result_is_complete_when_the_last_slice_is_in(learner_is_last):
    book, unit = evaluating_book()
    mine = [book.next_slice("slot 0"), book.next_slice("slot 0")]
    book.lease("slot 1")
    ends = [
        lambda: book.finish_slice("slot 1", record(SLICES[2])),
        lambda: book.finish("slot 0", result_of(unit, "slot 0", [record(part, "slot 0") for part in mine])),
    ]
    first, last = ends if learner_is_last else ends[::-1]

    assert first() is None
    result = last()

    assert result.predictions == [float(i) for i in range(25)]
    assert result.metrics["reward"] == 12.0
    assert [part.slot for part in result.slices] == ["slot 0", "slot 0", "slot 1"]
    assert result.files == {"policy": b"weights"}
    assert book.lease("slot 0") is None
    assert book.is_finished


def test_a_slice_whose_slot_dies_is_played_again():
    book, _ = evaluating_book()
    book.lease("slot 1")

    assert book.lose("slot 1", DIED) is None
    assert [book.next_slice("slot 0") for _ in SLICES] == SLICES


def test_a_slice_that_nobody_plays_any_more_finds_another_slot_after_the_learner_has_gone():
    book, unit = evaluating_book()
    mine = [book.next_slice("slot 0"), book.next_slice("slot 0")]
    book.lease("slot 1")
    book.finish("slot 0", result_of(unit, "slot 0", [record(part, "slot 0") for part in mine]))
    book.lose("slot 1", DIED)

    assert not book.is_finished
    assert book.lease("slot 0").episodes == SLICES[2]
    assert book.finish_slice("slot 0", record(SLICES[2])).metrics["reward"] == 12.0


def test_a_run_whose_slices_kill_their_slots_is_given_up_once():
    book, unit = evaluating_book(max_attempts=2)
    book.lease("slot 1")
    book.lose("slot 1", DIED)
    book.lease("slot 1")

    assert book.lose("slot 1", DIED).unit == unit
    assert book.next_slice("slot 0") is None
    assert book.finish("slot 0", result_of(unit, "slot 0")) is None
    assert book.lease("slot 0") is None
    assert book.is_finished


def test_slices_of_an_earlier_attempt_do_not_count():
    book, _ = evaluating_book()
    book.lease("slot 1")
    book.lose("slot 0", DIED)
    book.lease("slot 0")
    book.offer("slot 0", SLICES, {})

    assert book.finish_slice("slot 1", record(SLICES[2])) is None
    assert [book.next_slice("slot 0") for _ in SLICES] == SLICES


def test_an_error_in_the_learners_own_slice_ends_the_run():
    book, unit = evaluating_book()
    book.lease("slot 1")

    assert book.finish("slot 0", result_of(unit, "slot 0", error="RuntimeError: x")).error == "RuntimeError: x"
    assert book.finish_slice("slot 1", record(SLICES[2])) is None
    assert book.lease("slot 0") is None
    assert book.is_finished


DISK_FULL = "OSError: [Errno 28] No space left on device"


def finish_after(book, unit, *mine):
    """Ends slot 0's run after it has played some slices."""
    assert [book.next_slice("slot 0") for _ in mine] == list(mine)
    return book.finish("slot 0", result_of(unit, "slot 0", [record(part, "slot 0") for part in mine]))


def test_a_slice_that_a_helper_cannot_play_goes_back_to_the_slot_that_trained():
    book, unit = evaluating_book(max_attempts=1)
    book.lease("slot 1")

    assert book.refuse_slice("slot 1", DISK_FULL) is None
    assert book.held_by("slot 1") is None
    assert finish_after(book, unit, *SLICES).metrics["reward"] == 12.0
    assert book.lease("slot 1") is None
    assert book.is_finished


def test_a_slice_that_a_helper_cannot_play_is_offered_to_no_other_while_the_slot_that_trained_is_at_it():
    book, _ = evaluating_book()
    book.lease("slot 1")
    book.refuse_slice("slot 1", DISK_FULL)

    assert book.lease("slot 1") is None
    assert book.lease("slot 2").episodes == SLICES[1]
    assert book.lease("slot 3").episodes == SLICES[0]
    assert book.lease("slot 4") is None
    assert book.next_slice("slot 0") == SLICES[2]


def test_any_number_of_helpers_that_can_play_nothing_do_a_run_no_harm():
    book, unit = evaluating_book()
    for slot, part in zip(("slot 1", "slot 2", "slot 3"), reversed(SLICES), strict=True):
        assert book.lease(slot).episodes == part
        assert book.refuse_slice(slot, DISK_FULL) is None

    assert finish_after(book, unit, *reversed(SLICES)).metrics["reward"] == 12.0


def test_a_slice_that_a_helper_cannot_play_finds_another_slot_after_the_learner_has_gone():
    book, unit = evaluating_book(max_attempts=1)
    book.lease("slot 1")
    assert finish_after(book, unit, *SLICES[:2]) is None

    assert book.refuse_slice("slot 1", DISK_FULL) is None
    assert book.lease("slot 1") is None
    assert book.lease("slot 0").episodes == SLICES[2]
    assert book.finish_slice("slot 0", record(SLICES[2])).metrics["reward"] == 12.0


def test_a_slice_that_several_slots_cannot_play_fails_its_run():
    book, unit = evaluating_book(max_attempts=3)
    book.lease("slot 1")
    finish_after(book, unit, *SLICES[:2])

    assert book.refuse_slice("slot 1", "RuntimeError: episode 20 is broken") is None
    book.lease("slot 2")
    assert book.refuse_slice("slot 2", "RuntimeError: episode 20 is broken") is None
    book.lease("slot 0")
    failure = book.refuse_slice("slot 0", "RuntimeError: episode 20 is broken")

    assert (failure.unit, failure.error, failure.attempts) == (unit, "RuntimeError: episode 20 is broken", 1)
    assert book.lease("slot 3") is None
    assert book.is_finished


def test_a_slot_that_could_not_play_a_slice_gets_it_again_when_all_others_are_gone():
    book, unit = evaluating_book()
    book.lease("slot 1")
    finish_after(book, unit, *SLICES[:2])
    book.refuse_slice("slot 1", DISK_FULL)
    assert book.lease("slot 1") is None

    book.lose("slot 0", DIED)

    assert book.lease("slot 1").episodes == SLICES[2]


def test_what_a_helper_could_not_play_of_an_earlier_attempt_does_not_count():
    book, unit = evaluating_book()
    book.lease("slot 1")
    book.lose("slot 0", DIED)

    assert book.refuse_slice("slot 1", DISK_FULL) is None
    assert (book.lease("slot 0").unit, book.held_by("slot 0").attempt) == (unit, 2)


def test_the_model_of_another_attempt_is_another_model():
    book, _ = evaluating_book()
    first = book.lease("slot 1")
    book.lose("slot 0", DIED)
    book.lease("slot 0")
    book.offer("slot 0", SLICES, {})
    book.finish_slice("slot 1", record(first.episodes))

    second = book.lease("slot 1")

    assert (first.model_key, second.model_key) == ((0, 0, 1), (0, 0, 2))


def test_a_book_that_drains_begins_nothing_and_forgets_what_is_lost():
    book = LeaseBook(iter(make_units(5)))
    for slot in ("slot 0", "slot 1", "slot 2"):
        book.lease(slot)
    book.lose("slot 0", DIED)

    book.drain()

    assert book.lease("slot 0") is None
    assert book.lose("slot 1", DIED) is None
    assert book.finish("slot 2", result_of(make_units(3)[2], "slot 2", metrics={})) is not None
    assert book.is_finished


def test_a_run_that_exceeds_a_limit_while_a_book_drains_has_failed():
    book = LeaseBook(iter(make_units(1)))
    book.lease("slot 0")
    book.drain()
    assert book.lose("slot 0", Loss("exceeded trial_timeout_seconds 1", is_final=True)).attempts == 1


def test_a_run_that_is_evaluated_while_a_book_drains_comes_to_its_end_with_the_help_of_others():
    book, unit = evaluating_book()
    book.drain()
    helped = book.lease("slot 1")
    assert helped.episodes == SLICES[-1]
    book.finish_slice("slot 1", record(helped.episodes))
    own = [record(book.next_slice("slot 0"), "slot 0") for _ in SLICES[:-1]]
    assert book.finish("slot 0", result_of(unit, "slot 0", own)).metrics["reward"] >= 0
    assert book.is_finished


def test_a_slot_that_may_not_train_draws_nothing_and_plays_slices():
    book, _ = evaluating_book(2)

    assert book.lease("slot 1", may_train=False).episodes == SLICES[-1]
    assert book.num_training == 1
    book.finish_slice("slot 1", record(SLICES[-1]))
    assert LeaseBook(iter(make_units(1))).lease("slot 0", may_train=False) is None


def test_no_more_slots_play_slices_than_may():
    book = LeaseBook(iter(make_units(1)), max_evaluation_slots=1)
    book.lease("slot 0")
    book.offer("slot 0", SLICES, {})

    assert book.lease("slot 1").episodes == SLICES[-1]
    assert book.lease("slot 2") is None
    book.finish_slice("slot 1", record(SLICES[-1]))
    assert book.lease("slot 2").episodes == SLICES[-2]
