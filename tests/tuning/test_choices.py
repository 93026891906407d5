"""Which results a choice knows: those of the trials well before it, whatever has come in besides."""

import itertools

import pytest
from optuna.trial import TrialState, create_trial

from rliable.tuning.choices import Choices
from rliable.unit import ModelConfig
from tests.studies import make_study

SPACE = {"a": {"min": 0.0, "max": 1.0}, "b": {"min": 1e-4, "max": 1.0, "log": True}}
LEARNING = {
    "tpe": {"n_startup_trials": 2},
    "cmaes": {"n_startup_trials": 2},
    "optuna.samplers:NSGAIISampler": {"population_size": 4},
}


def make_choices(sampler="tpe", lag=2):
    options = LEARNING.get(sampler, {})
    return Choices(make_study(SPACE, sampler=sampler, sampler_options=options, lag=lag, max_iters=18), 3)


def told(number, value):
    """A trial that has ended, as the journal gives it."""
    state = TrialState.FAIL if value is None else TrialState.COMPLETE
    trial = create_trial(state=state, value=value)
    trial.number = number
    return trial


def choose_all(choices, arrivals, count=18):
    """What is chosen when results arrive in an order, each as late as the choices allow."""
    chosen, coming = [], list(arrivals)
    for number in range(count):
        while not choices.is_ready(number):
            earlier = coming.pop(0)
            choices.tell(told(earlier, None if earlier == 1 else float(earlier % 3)))
        chosen.append(choices.choose(number).params)
    return chosen


def in_pieces(order):
    """All numbers below 18 with each block of three in an order."""
    return [3 * block + place for block in range(6) for place in order]


@pytest.mark.parametrize("sampler", LEARNING)
def test_choices_do_not_depend_on_the_order_in_which_results_arrive(sampler):
    orders = [choose_all(make_choices(sampler), in_pieces(order)) for order in itertools.permutations(range(3))]
    assert all(chosen == orders[0] for chosen in orders)


def test_results_that_come_early_are_not_used_early():
    early, late = make_choices(), make_choices()
    early_choices = []
    for number in range(18):
        early_choices.append(early.choose(number).params)
        early.tell(told(number, None if number == 1 else float(number % 3)))
    assert early_choices == choose_all(late, range(18))


def test_a_choice_waits_for_all_but_the_last_trials_before_it():
    choices = make_choices(lag=2)
    for number in range(3):
        choices.choose(number)
    choices.tell(told(1, 1.0))
    assert not choices.is_ready(3)
    choices.tell(told(0, 1.0))
    assert choices.is_ready(3)


def test_results_change_the_choices_of_a_sampler_that_learns():
    assert choose_all(make_choices(lag=0), range(18)) != choose_all(make_choices(lag=8), range(18))


def test_a_sampler_that_does_not_learn_waits_for_nothing():
    choices = make_choices("random", lag=None)
    assert all(choices.is_ready(number) and choices.choose(number) for number in range(9))


@pytest.mark.parametrize("sampler", ["random", "grid", "qmc", "tpe"])
def test_trials_that_the_study_is_given_come_first_and_the_samplers_own_are_what_they_were(sampler):
    grid = {"a": [1, 2, 3], "b": {"min": 0.0, "max": 1.0, "step": 0.25}, "c": 7}
    model = ModelConfig("tests.study_models:Score", "tests/rows.jsonl", "", {"a": 3, "b": 0.25})
    keys = {"sampler": sampler, "lag": 8, "max_iters": 30, "include_base": True, "enqueue": [{"b": 0.5, "c": 7}]}
    study = make_study(grid, model, **keys)
    given, alone = Choices(study, 3), Choices(make_study(grid, model, sampler=sampler, lag=8), 3)
    chosen = [given.choose(number).params for number in range(6)]
    assert chosen[0] == {"a": 3, "b": 0.25}
    assert (chosen[1]["b"], chosen[1]["a"] in (1, 2, 3)) == (0.5, True)
    assert chosen[2:] == [alone.choose(number).params for number in range(4)]
    assert study.num_trials == (17 if sampler == "grid" else 30)


@pytest.mark.parametrize("sampler", [*LEARNING, "optuna.samplers:QMCSampler"])
def test_a_study_that_is_taken_over_after_any_trial_goes_on_with_the_same_choices(sampler):
    first, chosen = make_choices(sampler, lag=1), []
    for number in range(16):
        chosen.append(first.choose(number))
        first.tell(told(number, float(number % 5)))
    for count in range(1, 16):
        second = make_choices(sampler, lag=1)
        for number in range(count):
            second.adopt(chosen[number])
            second.tell(told(number, float(number % 5)))
        again = [second.choose(number).params for number in range(count, min(count + 2, 16))]
        assert again == [trial.params for trial in chosen[count : count + 2]], f"after {count} trials"


def test_a_trial_that_a_search_without_lag_has_left_half_written_is_chosen_from_what_is_there():
    choices = make_choices(lag=0)
    choices.tell(told(0, 1.0))
    chosen = [choices.choose(number).params for number in range(5)]
    assert all(params.keys() == {"a", "b"} for params in chosen)
