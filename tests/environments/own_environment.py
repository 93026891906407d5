"""A user's environment, for tests."""

from rliable.environments.cartpole import CartPole


class ShortPole(CartPole):
    """CartPole of at most 20 steps."""

    def __init__(self) -> None:
        super().__init__("ShortPole", max_episode_steps=20)


class LongPole(CartPole):
    """CartPole whose pole is long: a class with keywords of its own, of which only some have types."""

    def __init__(self, length: float = 4.0, limit: int | None = 50, note=None, mark=object) -> None:
        super().__init__("LongPole", max_episode_steps=limit or 500, half_pole_length=length / 2)


def make_any_pole(**constants) -> CartPole:
    """CartPole with whatever constants."""
    return CartPole("AnyPole", **constants)
