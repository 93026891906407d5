"""A user's environment, for tests."""

from rliable.environments.cartpole import CartPole


class ShortPole(CartPole):
    """CartPole of at most 20 steps."""

    def __init__(self) -> None:
        super().__init__("ShortPole", max_episode_steps=20)
