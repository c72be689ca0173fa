"""Boosted decision trees, evaluated by numpy: a sum of values, one from each tree. Plain numbers in a JSON file."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from fingertip_contact.contact.features import FEATURES

# A tree has no more leaves than a number has bits.
MAX_LEAVES = 32
_ALL_LEAVES = np.uint32(0xFFFFFFFF)


@dataclass(frozen=True)
class TreeEnsemble:
    """A figure of a stop, the log-odds that it is a tap or the time of its touch: `base` and a value from each tree.

    feature: (trees, nodes) int64, what a node asks for, by FEATURES; -1 at a leaf. threshold_or_leaf: (trees, nodes),
    the most of that feature with which a stop goes left, to the next node; of a leaf its value. right: (trees, nodes)
    int64, the node that others go on to, of no meaning at a leaf. source: the command and the people that it was fitted
    with.
    """

    base: float
    feature: np.ndarray
    threshold_or_leaf: np.ndarray
    right: np.ndarray
    source: str = ""

    def predict(self, features: np.ndarray) -> np.ndarray:
        """(N,) of the features of N stops (N, len(FEATURES)), finite."""
        return self.base + np.array([self._quick_scorer.sum_leaves(row) for row in features])

    @cached_property
    def _quick_scorer(self) -> _QuickScorer:
        return _QuickScorer.from_ensemble(self)


@dataclass(frozen=True)
class _QuickScorer:
    """The same trees, made for asking all nodes at once, whatever way a stop takes (QuickScorer, Lucchese et al. 2015).

    A bit stands for each leaf, the leftmost for the lowest. Where a stop goes right, the leaves to the left of it are
    out; of those that remain it is at the leftmost. feature, threshold, remaining: (inner nodes, trees); a node that
    fills up a column sends all to the left. value: (trees, MAX_LEAVES); first: (trees,) where each tree's begin.
    """

    feature: np.ndarray
    threshold: np.ndarray
    remaining: np.ndarray
    value: np.ndarray
    first: np.ndarray

    @classmethod
    def from_ensemble(cls, ensemble: TreeEnsemble) -> _QuickScorer:
        count, inner = len(ensemble.feature), ensemble.feature >= 0
        max_inner = max(1, int(inner.sum(axis=1).max()))
        feature, threshold = np.zeros((count, max_inner), dtype=np.int64), np.full((count, max_inner), np.inf)
        remaining = np.full((count, max_inner), _ALL_LEAVES, dtype=np.uint32)
        value = np.zeros((count, MAX_LEAVES))
        for tree in range(count):
            (nodes,) = np.nonzero(inner[tree])
            # Nodes stand in the order of a walk that goes left first: so do the leaves, and those to the left of a node
            # are the ones between it and its right one. Tables are filled up with leaves that nothing leads to.
            before = np.concatenate([[0], np.cumsum(~inner[tree])])
            feature[tree, : len(nodes)] = ensemble.feature[tree, nodes]
            threshold[tree, : len(nodes)] = ensemble.threshold_or_leaf[tree, nodes]
            for position, node in enumerate(nodes):
                first, after = int(before[node]), int(before[ensemble.right[tree, node]])
                remaining[tree, position] = int(_ALL_LEAVES) ^ ((1 << after) - (1 << first))
            leaves = ensemble.threshold_or_leaf[tree, ~inner[tree]][:MAX_LEAVES]
            value[tree, : len(leaves)] = leaves
        feature, threshold, remaining = (np.ascontiguousarray(table.T) for table in (feature, threshold, remaining))
        return cls(feature, threshold, remaining, value, np.arange(count) * MAX_LEAVES)

    def sum_leaves(self, features: np.ndarray) -> float:
        """The sum of the values of the leaves that a stop (len(FEATURES),) comes to."""
        right = features.take(self.feature) > self.threshold
        reachable = np.bitwise_and.reduce(np.where(right, self.remaining, _ALL_LEAVES), axis=0)
        # The lowest bit that is set, by the exponent of what it stands for.
        leaf = np.frexp((reachable & -reachable).astype(np.float64))[1] - 1
        return float(self.value.take(leaf + self.first).sum())


def load_tree_ensemble(source: Path) -> TreeEnsemble:
    """Raises ValueError for a file that holds none that fit FEATURES, FileNotFoundError for one that is not there."""
    try:
        data = json.loads(source.read_text(encoding="utf-8"))
        ensemble = _parse_ensemble(data)
        names = tuple(data["features"])
    except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{source} holds no trees: {error!r}; write them with `evaluate fit-classifier`") from error
    if names != FEATURES:
        raise ValueError(f"{source} was fitted to other features; write it anew with `evaluate fit-classifier`")
    return ensemble


def _parse_ensemble(data: dict[str, Any]) -> TreeEnsemble:
    """Raises ValueError where nodes do not lead on to later nodes: every walk has to end."""
    feature, right = (np.array(data[name], dtype=np.int64) for name in ("feature", "right"))
    threshold_or_leaf = np.array(data["threshold_or_leaf"], dtype=np.float64)
    shape = feature.shape
    if len(shape) != 2 or 0 in shape or right.shape != shape or threshold_or_leaf.shape != shape:
        raise ValueError("its tables have to be of one shape, a row a tree")
    inner = feature >= 0
    node_index = np.broadcast_to(np.arange(shape[1]), shape)
    if inner[:, -1].any() or ((right <= node_index) & inner).any() or (right >= shape[1]).any():
        raise ValueError("a node leads back, or nowhere")
    if inner.sum(axis=1).max() >= MAX_LEAVES:
        raise ValueError(f"a tree has more than {MAX_LEAVES} leaves")
    if (feature >= len(FEATURES)).any() or not np.isfinite(threshold_or_leaf).all():
        raise ValueError("a node asks for an unknown feature, or a number is not finite")
    return TreeEnsemble(float(data["base"]), feature, threshold_or_leaf, right, source=str(data["source"]))
