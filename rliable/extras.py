"""Optional packages: which extra of ours brings one that an environment or a model needs and this machine lacks."""

from __future__ import annotations

import re

#: Module -> the extra that brings it.
EXTRAS = {
    "gymnasium": "gymnasium",
    "Box2D": "box2d",
    "pybullet": "pybullet",
    "pybullet_envs": "pybullet",
    "ale_py": "atari",
    "cv2": "atari",
    "mujoco": "mujoco",
    "imageio": "mujoco",
    "pygame": "video",
    "imageio_ffmpeg": "video",
    "stable_baselines3": "sb3",
    "sb3_contrib": "sb3",
}
#: Module -> how the names of the environments look that are known once it is imported.
NAMED_BY = {"ale_py": re.compile(r"ALE/|NoFrameskip-v", re.IGNORECASE), "pybullet_envs": re.compile("Bullet")}


def missing_package(error: BaseException | None) -> str | None:
    """The module whose lack is behind an error, also where a library has put its own words around it; None for none."""
    while error is not None:
        if isinstance(error, ModuleNotFoundError) and error.name:
            return error.name.partition(".")[0]
        error = error.__cause__ or error.__context__
    return None


def cure(module: str) -> str:
    """What to do about a module that is missing."""
    extra = EXTRAS.get(module)
    install = f"pip install 'rliable-spark[{extra}]'" if extra else "no extra of rliable's brings it"
    return f"the package {module!r} is missing; {install}"


def named_by(name: str) -> str | None:
    """The module that may know an environment of this name, as far as names tell."""
    return next((module for module, form in NAMED_BY.items() if form.search(name)), None)
