"""A user's sampler, for tests."""

from rliable.tuning.samplers.base import Sampler
from rliable.tuning.samplers.numbered import make_fixed


class Middle(Sampler):
    """the middle of every range"""

    def make(self, number):
        values = {name: parameter.from_unit(0.5) for name, parameter in self.space.varied.items()}
        return make_fixed(self.space.encode(values))
