"""The command line of a script: words in which names in braces stand for values, each of which is one argument."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

#: "{name}" stands for a value, "{{name}}" for the text {name}; other braces are what they are, as in JSON.
BRACES = re.compile(r"\{\{([A-Za-z_]\w*)\}\}|\{([A-Za-z_]\w*)\}")


def words_of_command(command: str | Sequence[str]) -> list[str]:
    """A command as words; a text is split once, as a shell would split it, and no shell ever sees it.

    Raises:
      ValueError: a quotation in the text has no end.
    """
    return shlex.split(command) if isinstance(command, str) else list(command)


def names_in(words: Sequence[str]) -> list[str]:
    """The names that stand for values, in the order of their first appearance."""
    return list(dict.fromkeys(match[2] for word in words for match in BRACES.finditer(word) if match[2]))


def fill_in(text: str, values: Mapping[str, Any]) -> str:
    """A text with its names replaced by their values."""
    return BRACES.sub(lambda match: as_argument(values[match[2]]) if match[2] else f"{{{match[1]}}}", text)


def as_argument(value: Any) -> str:
    """A value as a script reads it: a text as it is, all else as JSON."""
    return value if isinstance(value, str) else json.dumps(value)


def resume_words(flag: str, folder: str) -> list[str]:
    """What is added to a command line to go on from a checkpoint: "--resume FOLDER", or "--resume=FOLDER"."""
    return [flag + folder] if flag.endswith("=") else [flag, folder]
