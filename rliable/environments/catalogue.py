"""What the libraries have, in groups: by the package or the part of the library that an environment comes from."""

from __future__ import annotations

import collections
import importlib.util
from typing import Any

from rliable.environments.libraries import specs_of
from rliable.extras import cure

#: Groups of a library that need a package more.
NEEDS = {
    ("gymnasium", "box2d"): "Box2D",
    ("gymnasium", "mujoco"): "mujoco",
    ("gymnasium", "phys2d"): "jax",
    ("gymnasium", "tabular"): "jax",
    ("gym", "box2d"): "Box2D",
    ("gym", "mujoco"): "mujoco_py",
}
#: Groups that are there only once a package is installed.
ABSENT = {"gymnasium": ("ale_py",), "gym": ("pybullet_envs",)}


def groups_of(library: str) -> dict[str, list[str]]:
    """The names of a library's environments by group; empty where it is not installed."""
    groups = collections.defaultdict(list)
    for name, spec in specs_of(library).items():
        if isinstance(spec.entry_point, str):  # else it only tells that it has moved
            groups[group_of(library, spec)].append(name)
    return {group: shortened(sorted(groups[group])) for group in sorted(groups, key=str.lower)}


def shortened(names: list[str]) -> list[str]:
    """Names of which those that differ in their version alone are one: "Ant-v4, -v5"."""
    stems: dict[str, list[str]] = {}
    for name in names:
        stem, _, version = name.rpartition("-v")
        stems.setdefault(stem, []).append(f"-v{version}")
    return [f"{stem}{', '.join(versions)}" for stem, versions in stems.items()]


def group_of(library: str, spec: Any) -> str:
    """The group of an environment: of "gymnasium.envs.box2d:LunarLander" "box2d", of "ale_py.env:AtariEnv" "ale_py"."""
    parts = spec.entry_point.partition(":")[0].split(".")
    return str(parts[2] if parts[:2] == [library, "envs"] else parts[0])


def lack_of(library: str, group: str) -> str:
    """What to do where the environments of a group cannot be made here; empty where they can."""
    needed = NEEDS.get((library, group))
    return cure(needed) if needed is not None and importlib.util.find_spec(needed) is None else ""


def absent_groups(library: str) -> dict[str, str]:
    """The groups that a library lacks here: group -> what brings it."""
    return {group: cure(group) for group in ABSENT[library] if importlib.util.find_spec(group) is None}
