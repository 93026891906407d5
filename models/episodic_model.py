"""The contract of agents that are judged by episodes, under the name that users' models import."""

from rliable.model import EpisodicModel

__all__ = ["EpisodicModel"]
