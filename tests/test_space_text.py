"""The text of a search space."""

from rliable.space_text import SpaceText, parse_space, varying


def test_ranges_are_read_back():
    assert parse_space("int 1000..4000") == SpaceText("int", 1000, 4000)
    assert parse_space("float 1e-05..0.1 (log)") == SpaceText("float", 1e-05, 0.1, is_log=True)
    assert parse_space("int -8..8 (step 4)") == SpaceText("int", -8, 8)


def test_choices_are_split_between_and_not_inside_lists():
    assert parse_space("choice [64, 64], [32], relu").choices == ("[64,64]", "[32]", "relu")
    assert parse_space('choice "relu", true, 0.12345678, null').choices == ("relu", "true", "0.1235", "null")


def test_an_unknown_text_is_neither_constant_nor_an_error():
    assert parse_space("anything else") == SpaceText()
    assert not parse_space("").is_constant


def test_a_study_varies_what_leaves_a_choice():
    space = {
        "a": "int 1..4",
        "b": "choice 200",
        "c": "fixed 3",
        "d": "choice [1, 2]",
        "e": "float 2..2",
        "f": "choice x, y",
    }
    assert varying(space, []) == ["a", "f"]
    assert varying({}, ["x", "y"]) == ["x", "y"]
