"""The contracts that strangers can run: what keeps them passes, and each fault is named with its cure."""

import inspect
from pathlib import Path

import pytest

from rliable.cli import main
from rliable.config.environment import LIBRARIES
from rliable.contracts import environment_problems, model_problems
from rliable.environments import ENVIRONMENTS, load_data
from rliable.environments.catalogue import groups_of
from tests.contracts import broken_environments, broken_models
from tests.environments import host_environments
from tests.environments.own_environment import ShortPole

FOLDER = Path(__file__).parent
ROWS = str(FOLDER.parent / "rows.jsonl")


def classes_in(module):
    return [item for item in vars(module).values() if inspect.isclass(item) and item.__module__ == module.__name__]


@pytest.fixture
def checked(capsys):
    """Runs the command; gives its exit code and what it prints."""

    def run(*arguments):
        code = main(["check", *arguments])
        printed = capsys.readouterr()
        return code, printed.out + printed.err

    return run


@pytest.mark.parametrize("broken", classes_in(broken_environments), ids=lambda broken: broken.__name__)
def test_a_broken_environment_is_refused_by_the_name_of_its_fault(broken):
    (problem,) = environment_problems(broken, max_steps=500)
    assert problem.path == broken.__doc__.partition(":")[0]
    assert len(problem.words) > 20 and "\n" not in problem.words


@pytest.mark.parametrize("broken", classes_in(broken_models), ids=lambda broken: broken.__name__)
def test_a_broken_model_is_refused_by_the_name_of_its_fault(broken):
    problems = model_problems({"class": f"{broken.__module__}:{broken.__name__}", "environment": ROWS})
    expected = [broken.__doc__.partition(":")[0]] if ":" in broken.__doc__ else []
    assert [problem.path for problem in problems] == expected


@pytest.mark.parametrize("name", sorted(ENVIRONMENTS))
def test_ours_keep_the_contract(name):
    assert environment_problems(name) == []


@pytest.mark.parametrize(
    "name",
    [
        *(f"{library}:{name}" for library in LIBRARIES for name in groups_of(library)["classic_control"]),
        "gym:Blackjack-v1",
        "gymnasium:LunarLander-v3",
        "gym:LunarLanderContinuous-v2",
        "gymnasium:BipedalWalker-v3",
        "gym:HalfCheetahBulletEnv-v0",
        "gym:ReacherBulletEnv-v0",
        "gymnasium:FrozenLake-v1",
        "gymnasium:HalfCheetah-v5",
    ],
)
def test_those_of_the_libraries_keep_the_contract(name):
    assert environment_problems(name) == []


@pytest.mark.parametrize("own", [*classes_in(host_environments), host_environments.make_corridor, ShortPole])
def test_ones_own_are_checked_by_class_or_function(own):
    assert environment_problems(own) == []


def test_constants_are_checked_too():
    assert environment_problems(host_environments.Corridor, {"length": 9}) == []
    (problem,) = environment_problems("CartPole-v1", {"gravitas": 9})
    assert problem.path == "environment_kwargs.gravitas"
    assert environment_problems(load_data("Catch", constants={"rows": 4})) == []


def test_the_command_tells_each_fault_and_ends_with_1(checked):
    place = f"{FOLDER}/broken_environments.py"
    assert checked("CartPole-v1") == (0, "CartPole-v1: keeps the contract\n")
    code, printed = checked(f"{place}:Unseeded")
    assert code == 1 and printed.startswith(f"{place}:Unseeded: seed: the same seed and actions gave another episode")
    assert checked(f"{place}:Unbounded")[0] == 1
    code, printed = checked("tests/environments/host_environments.py:Corridor", "--kwargs", '{"length": 3}')
    assert code == 0, printed


def test_the_command_checks_a_model_by_file_and_by_class(checked, tmp_path):
    brief = ["--set", "hp_params.train_iterations=60", "--set", "hp_params.num_eval_episodes=2"]
    assert checked("config/config_dqn.json", *brief) == (
        0,
        "CartPole-v0: keeps the contract\nDQN: keeps the contract\n",
    )
    place = f"{FOLDER}/broken_models.py"
    assert checked(f"{place}:Sound", "--set", f"environment={ROWS}")[0] == 0
    assert checked(f"{place}:Lucky", "--set", f"environment={ROWS}")[0] == 1


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["CartPole-v2"], "error: environment: unknown environment 'CartPole-v2'"),
        (["CartPole-v1", "--kwargs", "3"], "error: --kwargs: expected an object"),
        (["CartPole-v1", "--kwargs", "{"], "error: --kwargs: not JSON: "),
        (["CartPole-v1", "--kwargs", '{"mass": 1}'], "error: environment_kwargs.mass: unknown constant"),
        (["CartPole-v1", "--max-steps", "0"], "error: --max-steps: 0 is out of range"),
        (["CountModel"], "error: --set: environment=NAME is needed"),
        (["none.json"], "error: none.json: cannot be read"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(checked, arguments, line):
    code, printed = checked(*arguments)
    assert code == 2 and printed.startswith(line)
