"""Settings records: what is accepted, and the words for what is not."""

import dataclasses

import pytest

from rliable.schema import (
    REQUIRED,
    ConfigError,
    Problem,
    check_fields,
    check_record,
    declarations,
    nearest,
    setting,
    with_default,
)


@dataclasses.dataclass(frozen=True)
class Wheel:
    radius: float = setting(REQUIRED, "Half its size.", unit="metres", above=0)


@dataclasses.dataclass(frozen=True)
class Cart:
    wheel: Wheel = setting(REQUIRED, "What it rolls on.")
    load: int = setting(3, "What it carries.", low=1, high=10)
    sizes: list[int] | None = setting(None, "Of its boxes.", low=1)
    colour: str = setting("red", "Of its paint.", choices=("red", "blue"))
    is_new: bool = setting(False, "Whether it was never used.")


@dataclasses.dataclass(frozen=True)
class Named:
    kind: str = setting(REQUIRED, "What it is.", name="class")


@dataclasses.dataclass(frozen=True)
class Shelf:
    boards: int = setting(4, "How many there are.", low=1, compiles=False)
    boxes: int = setting(8, "What stands on them.", low=0)

    def problems(self):
        if self.boxes % self.boards:
            return [Problem("boxes", f"{self.boxes} cannot be spread evenly over {self.boards} boards")]
        return []


@dataclasses.dataclass(frozen=True)
class Room:
    shelf: Shelf = setting(REQUIRED, "What stands in it.")


@dataclasses.dataclass(frozen=True)
class LargeShelf(Shelf):
    boards: int = with_default(Shelf, "boards", 10, compiles=True, low=5)


def problems_of(**data):
    return [str(problem) for problem in check_record(Cart, {"wheel": {"radius": 1}, **data})[1]]


def test_defaults_fill_what_is_left_out():
    cart, problems = check_record(Cart, {"wheel": {"radius": 2}})
    assert problems == []
    assert cart == Cart(Wheel(2.0))


def test_whole_number_becomes_float_where_float_is_declared():
    cart, _ = check_record(Cart, {"wheel": {"radius": 2}})
    assert isinstance(cart.wheel.radius, float)


@pytest.mark.parametrize(
    ("data", "line"),
    [
        ({"load": 0}, "load: 0 is out of range, must be in [1, 10]"),
        ({"load": 2.5}, "load: expected a whole number, found 2.5"),
        ({"load": True}, "load: expected a whole number, found true"),
        ({"load": None}, "load: expected a whole number, found null"),
        ({"sizes": []}, "sizes: expected a non-empty list of whole numbers or null, found an empty list"),
        ({"sizes": [4, 0]}, "sizes[1]: 0 is out of range, must be at least 1"),
        ({"sizes": [4, "x"]}, "sizes[1]: expected a whole number, found 'x'"),
        ({"colour": "bleu"}, "colour: unknown 'bleu'; did you mean 'blue'? known: blue, red"),
        ({"is_new": 1}, "is_new: expected true or false, found 1"),
        ({"lode": 1}, "lode: unknown key; did you mean 'load'? known: colour, is_new, load, sizes, wheel"),
        ({"wheel": {"radius": 0}}, "wheel.radius: 0 is out of range, must be above 0"),
        ({"wheel": {"radius": float("inf")}}, "wheel.radius: inf is not a finite number"),
        ({"wheel": 7}, "wheel: expected an object with keys, found 7"),
        ({"wheel": {}}, "wheel.radius: missing; Half its size."),
    ],
)
def test_mistake_names_key_path_value_and_what_is_allowed(data, line):
    assert problems_of(**data) == [line]


def test_all_mistakes_are_found_at_once():
    assert len(problems_of(load=0, colour="x", wheel={"radius": -1}, lode=1)) == 4


@pytest.mark.parametrize(("data", "path"), [({"boxes": 9}, ""), ({"boxes": 9}, "hp_params")])
def test_values_that_do_not_go_together_are_a_mistake(data, path):
    record, problems = check_record(Shelf, data, path)
    assert record is None
    place = f"{path}.boxes" if path else "boxes"
    assert problems == [Problem(place, "9 cannot be spread evenly over 4 boards")]
    assert check_record(Shelf, {"boxes": 9, "boards": 3}) == (Shelf(3, 9), [])


def test_records_inside_a_record_are_asked_too():
    assert [problem.path for problem in check_record(Room, {"shelf": {"boxes": 9}}, "house")[1]] == [
        "house.shelf.boxes"
    ]


def test_values_are_held_against_each_other_only_when_each_is_right():
    assert [problem.path for problem in check_record(Shelf, {"boxes": 9, "boards": 0})[1]] == ["boards"]


def test_an_inherited_field_may_get_another_default_and_another_rule():
    rule = declarations(LargeShelf)["boards"].rule
    assert (LargeShelf().boards, rule.low, rule.compiles, rule.doc) == (10, 5, True, "How many there are.")
    assert declarations(Shelf)["boards"].rule.low == 1


def test_key_may_be_written_unlike_any_name_in_python():
    assert check_record(Named, {"class": "x"}) == (Named("x"), [])
    assert check_record(Named, {"kind": "x"})[1] == [
        Problem("kind", "unknown key; known: class"),
        Problem("class", "missing; What it is."),
    ]


def test_fields_that_others_set_may_be_missing():
    values, problems = check_fields(Cart, {"load": 0}, "cart", may_lack={"wheel"})
    assert problems == [Problem("cart.load", "0 is out of range, must be in [1, 10]")]
    assert "wheel" not in values


def test_error_keeps_places_apart_from_words():
    error = ConfigError([Problem("a.b", "is wrong"), "as a line"])
    assert error.problems == ["a.b: is wrong", "as a line"]
    assert error.found == [Problem("a.b", "is wrong"), Problem("", "as a line")]


def test_nearest_forgives_case():
    assert "did you mean 'CartPole-v1'?" in nearest("cartpole-V1", ["CartPole-v1", "Acrobot-v1"])


def test_a_mistake_cannot_spoil_the_terminal():
    assert str(Problem("grid.\x1b[2J", "a\r\nb\u202ec")) == r"grid.\x1b[2J: a\r\nb\u202ec"
