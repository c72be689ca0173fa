"""Boosted decision trees, evaluated by numpy: a sum of values, one from each tree. Plain numbers in a JSON file."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from fingertip_contact.contact.stop_features import FEATURES

TOUCH_FILE = "config/touch_trees.json"
TIME_FILE = "config/touch_time_trees.json"


@dataclass(frozen=True)
class Trees:
    """A figure of a stop, the log-odds that it is a tap or the time of its touch: `base` and a value from each tree.

    feature: (trees, nodes) int64, what a node asks for, by FEATURES; -1 at a leaf. threshold: not more than this goes
    left. left, right: (trees, nodes) int64, the next node, of no meaning at a leaf. value: (trees, nodes), of leaves.
    source: the command and the people that it was fitted with.
    """

    base: float
    feature: np.ndarray
    threshold: np.ndarray
    left: np.ndarray
    right: np.ndarray
    value: np.ndarray
    source: str = ""

    def predict(self, features: np.ndarray) -> np.ndarray:
        """(N,) of the features of N stops (N, len(FEATURES)), finite."""
        walk = self._walk
        node = np.tile(walk.root, (len(features), 1))
        stop = np.arange(len(features))[:, None]
        for _ in range(walk.depth):
            goes_left = features[stop, walk.feature[node]] <= walk.threshold[node]
            node = np.where(goes_left, walk.left[node], walk.right[node])
        return self.base + walk.value[node].sum(axis=1)

    @cached_property
    def _walk(self) -> _Walk:
        return _Walk.of(self)


@dataclass(frozen=True)
class _Walk:
    """The nodes of all trees in one row, made for walking: a leaf leads to itself. root: (trees,)."""

    feature: np.ndarray
    threshold: np.ndarray
    left: np.ndarray
    right: np.ndarray
    value: np.ndarray
    root: np.ndarray
    depth: int

    @classmethod
    def of(cls, trees: Trees) -> _Walk:
        root = np.arange(len(trees.feature)) * trees.feature.shape[1]
        own = np.arange(trees.feature.size)
        leaf = trees.feature.ravel() < 0
        left, right = (np.where(leaf, own, (side + root[:, None]).ravel()) for side in (trees.left, trees.right))
        depth, reached = 0, root
        while not leaf[reached].all():
            reached, depth = np.unique(np.concatenate([left[reached], right[reached]])), depth + 1
        feature = np.maximum(trees.feature.ravel(), 0)
        return cls(feature, trees.threshold.ravel(), left, right, trees.value.ravel(), root, depth)


def load_trees(source: Path) -> Trees:
    """Raises ValueError for a file that holds none that fit FEATURES, FileNotFoundError for one that is not there."""
    try:
        data = json.loads(source.read_text(encoding="utf-8"))
        trees = _trees(data)
        names = tuple(data["features"])
    except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{source} holds no trees: {error!r}; write them with `evaluate fit-touch`") from error
    if names != FEATURES:
        raise ValueError(f"{source} was fitted to other features; write it anew with `evaluate fit-touch`")
    return trees


def _trees(data: dict[str, Any]) -> Trees:
    """Raises ValueError where nodes do not lead on to later nodes: every walk has to end."""
    whole = {name: np.array(data[name], dtype=np.int64) for name in ("feature", "left", "right")}
    numbers = {name: np.array(data[name], dtype=np.float64) for name in ("threshold", "value")}
    trees = Trees(float(data["base"]), **whole, **numbers, source=str(data["source"]))
    shape = trees.feature.shape
    if len(shape) != 2 or 0 in shape or any(part.shape != shape for part in (*whole.values(), *numbers.values())):
        raise ValueError("its tables have to be of one shape, a row a tree")
    inner = trees.feature >= 0
    own = np.broadcast_to(np.arange(shape[1]), shape)
    for following in (trees.left, trees.right):
        if ((following <= own) & inner).any() or (following >= shape[1]).any():
            raise ValueError("a node leads back, or nowhere")
    if (trees.feature >= len(FEATURES)).any() or not np.isfinite([*numbers.values()]).all():
        raise ValueError("a node asks for an unknown feature, or a number is not finite")
    return trees
