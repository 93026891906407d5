"""What is compiled in, rounded up so that few programs serve many runs."""

from __future__ import annotations

import pytest

from rliable.training.shapes import padded_width


@pytest.mark.parametrize(
    ("width", "compiled"),
    [(1, 32), (32, 32), (33, 64), (100, 128), (256, 256), (257, 320), (300, 320), (400, 448), (512, 512), (700, 768)],
)
def test_widths_are_rounded_up_to_powers_of_two_and_wide_ones_to_quarters_between(width: int, compiled: int) -> None:
    assert padded_width(width) == compiled
    assert padded_width(compiled) == compiled
