"""Files are checked alike on a machine on which our agents could not be trained."""

import pytest

from rliable.training.model import AgentModel


@pytest.fixture(autouse=True)
def agents_are_installed(monkeypatch):
    """None of these tests trains: the tables of the agents' settings are there without TensorFlow."""
    monkeypatch.setattr(AgentModel, "missing_packages", classmethod(lambda cls: None))
