"""How values come into a command line."""

import pytest

from models.scripts.arguments import fill_in, names_in, resume_words, words_of_command


def test_a_text_is_split_as_a_shell_would_and_a_list_is_left_alone():
    assert words_of_command("python 'my script.py' --lr={lr}") == ["python", "my script.py", "--lr={lr}"]
    assert words_of_command(["a b", "c"]) == ["a b", "c"]


def test_names_are_those_in_single_braces():
    words = ['{"gamma": {gamma}}', "--lr={lr}", "{gamma}", "{{kept}}", "{0}", "a{2,3}", "${HOME}"]
    assert names_in(words) == ["gamma", "lr", "HOME"]


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("--lr={lr}", "--lr=1e-05"),
        ('{"lr": {lr}}', '{"lr": 1e-05}'),
        ("{{lr}}", "{lr}"),
        ("{name}/{name}", "a b/a b"),
        ("{layers}", "[64, 64]"),
        ("{flag}", "true"),
        ("{braces}", "{lr}"),
    ],
)
def test_each_value_is_part_of_one_argument(text, filled):
    values = {"lr": 1e-05, "name": "a b", "layers": [64, 64], "flag": True, "braces": "{lr}"}
    assert fill_in(text, values) == filled


def test_a_checkpoint_is_the_flags_next_word_or_its_end():
    assert resume_words("--resume", "/c") == ["--resume", "/c"]
    assert resume_words("resume.path=", "/c") == ["resume.path=/c"]
