"""A network of a user's own, for tests."""

from rliable.environments.runtime import tf
from rliable.training.networks.base import Network, scaled_pixels


class BrightRows(Network):
    """Sees how bright each row of an image is; the hyperparameters name its dense layers."""

    def __init__(self, environment):
        super().__init__(environment)
        self.num_features = environment.image_shape[0]

    def features(self, torso, observation):
        return tf.reduce_mean(scaled_pixels(observation), [2, 3])
