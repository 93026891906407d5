"""Damages files as accidents and strangers do: seeded, from single bytes to whole values of JSON."""

from __future__ import annotations

import contextlib
import copy
import json
import math
import random
from typing import Any

#: What may stand in the place of any value.
ODD_NUMBERS = (0, -1, 1, 2**31, 2**63, -(2**63) - 1, 10**400, 0.0, -0.0, 1e-320, 1e308, math.nan, math.inf)
ODD_TEXTS = ("", " ", "a", "\ud800", "a\0b", "\x1b[2J\n\r", "$x_{", "<script>", "é" * 300, "x" * 100_000)
PATHS = ("..", "../..", "/etc/passwd", "../outside/x", "/", "evil.py:Evil", "subprocess:Popen", "os:system")
NAMES = ("gymnasium:antigravity:X-v0", ":", "a:b:c", "DQN", "CartPole-v1", "random", "tpe", "COMPLETE")
LISTS = ([], {}, [[]], [{}], {"": None}, [1, "a", None], {"a": {"a": {"a": []}}}, [1] * 1000)
RANGES = ({"min": 0, "max": 0}, {"min": 1, "max": 2, "log": True}, {"choices": []})
ODD_VALUES = (None, True, False, *ODD_NUMBERS, *ODD_TEXTS, *PATHS, *NAMES, *LISTS, *RANGES)
#: What may be put among the bytes of a file.
ODD_BYTES = (
    b"\0",
    b"\xff",
    b"\xef\xbb\xbf",
    b"\r\n",
    b"\n",
    b"{",
    b"}",
    b"[" * 3000,
    b'"',
    b"\\u0000",
    b"1e999",
    b"NaN",
)


def damaged(content: bytes, rng: random.Random) -> bytes:
    """A file's content, damaged in one way or several."""
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        content = rng.choice((with_odd_value, with_odd_value, with_odd_value, with_odd_bytes, cut, noise))(content, rng)
    return content


def noise(content: bytes, rng: random.Random) -> bytes:
    """Nothing of it but its length, at most."""
    return rng.randbytes(rng.randrange(min(len(content), 300) + 1))


def cut(content: bytes, rng: random.Random) -> bytes:
    """Torn at some byte, filled up with NULs perhaps, or a piece of it twice."""
    first, last = sorted(rng.randrange(len(content) + 1) for _ in range(2))
    torn = (content[:first], content[:first] + b"\0" * (last - first), content[:last] + content[first:])
    return rng.choice((*torn, content[:first] + content[last:]))


def with_odd_bytes(content: bytes, rng: random.Random) -> bytes:
    """With other bytes in it, or instead of some."""
    at, length = rng.randrange(len(content) + 1), rng.choice((0, 0, 1, 4))
    return content[:at] + rng.choice((*ODD_BYTES, rng.randbytes(1))) + content[at + length :]


def with_odd_value(content: bytes, rng: random.Random) -> bytes:
    """JSON, or one line of it, with another value somewhere; anything else with other bytes."""
    lines = content.split(b"\n")
    at = rng.randrange(len(lines))
    for before, text, after in (([], content, []), (lines[:at], lines[at], lines[at + 1 :])):
        with contextlib.suppress(ValueError, RecursionError):
            new = json.dumps(changed(json.loads(text), rng)).encode()
            return b"\n".join([*before, new, *after])
    return with_odd_bytes(content, rng)


def changed(value: Any, rng: random.Random) -> Any:
    """A JSON value with one part of it replaced, left out, doubled, or under another name."""
    value = copy.deepcopy(value)
    places = list(places_in(value))
    if not places:
        return rng.choice(ODD_VALUES)
    holder, key = rng.choice(places)
    odd = rng.choice(ODD_VALUES)
    kind = rng.randrange(6)
    if kind == 0:
        del holder[key]
    elif kind == 1 and isinstance(holder, dict):
        holder[odd if isinstance(odd, str) else "unknown"] = holder.pop(key)
    elif kind == 2 and isinstance(holder, list):
        holder.append(copy.deepcopy(holder[key]))
    else:
        holder[key] = odd
    return value


def places_in(value: Any) -> Any:
    """Every place in a JSON value: what holds it, and its key or index there."""
    keys = value.keys() if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in list(keys):
        yield value, key
        yield from places_in(value[key])
