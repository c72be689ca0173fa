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

    feature: (trees, nodes) int64, what a node asks for, by FEATURES; -1 at a leaf. number: (trees, nodes), the most of
    that feature with which a stop goes left, to the next node; of a leaf its value. right: (trees, nodes) int64, the
    node that others go on to, of no meaning at a leaf. source: the command and the people that it was fitted with.
    """

    base: float
    feature: np.ndarray
    number: np.ndarray
    right: np.ndarray
    source: str = ""

    def predict(self, features: np.ndarray) -> np.ndarray:
        """(N,) of the features of N stops (N, len(FEATURES)), finite."""
        walk = self._walk
        node = np.tile(walk.root, (len(features), 1))
        stop = np.arange(len(features))[:, None]
        for _ in range(walk.depth):
            goes_left = features[stop, walk.feature[node]] <= walk.number[node]
            node = np.where(goes_left, walk.left[node], walk.right[node])
        return self.base + walk.number[node].sum(axis=1)

    @cached_property
    def _walk(self) -> _Walk:
        return _Walk.of(self)


@dataclass(frozen=True)
class _Walk:
    """The nodes of all trees in one row, made for walking: a leaf leads to itself. root: (trees,)."""

    feature: np.ndarray
    number: np.ndarray
    left: np.ndarray
    right: np.ndarray
    root: np.ndarray
    depth: int

    @classmethod
    def of(cls, trees: Trees) -> _Walk:
        root = np.arange(len(trees.feature)) * trees.feature.shape[1]
        own = np.arange(trees.feature.size)
        leaf = trees.feature.ravel() < 0
        left, right = (np.where(leaf, own, side) for side in (own + 1, (trees.right + root[:, None]).ravel()))
        depth, reached = 0, root
        while not leaf[reached].all():
            reached, depth = np.unique(np.concatenate([left[reached], right[reached]])), depth + 1
        return cls(np.maximum(trees.feature.ravel(), 0), trees.number.ravel(), left, right, root, depth)


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
    feature, right = (np.array(data[name], dtype=np.int64) for name in ("feature", "right"))
    number = np.array(data["number"], dtype=np.float64)
    shape = feature.shape
    if len(shape) != 2 or 0 in shape or right.shape != shape or number.shape != shape:
        raise ValueError("its tables have to be of one shape, a row a tree")
    inner = feature >= 0
    own = np.broadcast_to(np.arange(shape[1]), shape)
    if inner[:, -1].any() or ((right <= own) & inner).any() or (right >= shape[1]).any():
        raise ValueError("a node leads back, or nowhere")
    if (feature >= len(FEATURES)).any() or not np.isfinite(number).all():
        raise ValueError("a node asks for an unknown feature, or a number is not finite")
    return Trees(float(data["base"]), feature, number, right, source=str(data["source"]))
