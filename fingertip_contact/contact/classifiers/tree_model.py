"""Boosted decision trees, evaluated by numpy: a sum of values, one from each tree. Plain numbers in a JSON file."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from fingertip_contact.json_file import read_object

# A tree has no more leaves than a number has bits.
MAX_LEAVES = 32
# Rows of features that are evaluated at once: more do not fit into a processor's cache.
MAX_BATCH = 8
_ALL_LEAVES = np.uint32(0xFFFFFFFF)


@dataclass(frozen=True)
class TreeEnsemble:
    """A function of features: `base` plus one leaf value per tree.

    feature: (trees, nodes) int64, index of a feature; -1 at a leaf. threshold_or_leaf: (trees, nodes), the maximum of
    that feature for the left branch, which is the next node; at a leaf its value. right: (trees, nodes) int64, the node
    of the right branch, without meaning at a leaf. source: the command and the participants of the fit.
    """

    base: float
    feature: np.ndarray
    threshold_or_leaf: np.ndarray
    right: np.ndarray
    source: str = ""
    # Made with the trees: at the first prediction it would hold up a frame for 20 ms.
    _quick_scorer: _QuickScorer = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_quick_scorer", _QuickScorer.from_ensemble(self))

    def predict(self, features: np.ndarray) -> np.ndarray:
        """(N,) for features (N, F), finite."""
        return self.base + self._quick_scorer.sum_leaves(features)


@dataclass(frozen=True)
class _QuickScorer:
    """The same trees, in the form that evaluates all nodes at once (QuickScorer, Lucchese et al. 2015).

    One bit per leaf, the leftmost leaf lowest. A node that branches right rules out the leaves of its left branch; the
    leftmost leaf that remains is the result. feature, threshold, remaining: (inner nodes, trees); padding nodes branch
    left. value: (trees, MAX_LEAVES). first: (trees,) index of each tree's first leaf in the flattened values.
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
            # Nodes are in pre-order, left first, and so are the leaves: those of a node's left branch lie between the
            # node and its right branch. Tables are padded with unreachable leaves.
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

    def sum_leaves(self, features: np.ndarray) -> np.ndarray:
        """(N,) sums of the leaf values that features (N, F) reach."""
        sums = np.empty(len(features))
        for first in range(0, len(features), MAX_BATCH):
            rows = features[first : first + MAX_BATCH]
            right = rows.take(self.feature, axis=1) > self.threshold
            reachable = np.bitwise_and.reduce(np.where(right, self.remaining, _ALL_LEAVES), axis=1)
            # The lowest set bit, from the exponent of its value.
            leaf = np.frexp((reachable & -reachable).astype(np.float64))[1] - 1
            sums[first : first + MAX_BATCH] = self.value.take(leaf + self.first).sum(axis=1)
        return sums


def load_tree_ensemble(source: Path, features: tuple[str, ...]) -> TreeEnsemble:
    """The trees of a file over these features, by name and order.

    Raises ValueError for any other file, FileNotFoundError for a missing one.
    """
    try:
        data = read_object(source)
        ensemble = _parse_ensemble(data, len(features))
        names = tuple(data["features"])
    except OSError as error:
        raise type(error)(
            f"{source} cannot be read: {error.strerror}; name a model folder, or leave the profile's model empty"
        ) from error
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise ValueError(
            f"{source} is not a tree ensemble: {error!r}; write one with `evaluate fit-classifier`"
        ) from error
    if names != features:
        raise ValueError(f"{source} was fitted to other features; fit it again with `evaluate fit-classifier`")
    return ensemble


def _parse_ensemble(data: dict[str, Any], feature_count: int) -> TreeEnsemble:
    """Raises ValueError unless branches lead to later nodes only, so that every path ends."""
    feature, right = (_parse_integers(data[name]) for name in ("feature", "right"))
    base = float(data["base"])
    threshold_or_leaf = np.array(data["threshold_or_leaf"], dtype=np.float64)
    shape = feature.shape
    if len(shape) != 2 or 0 in shape or right.shape != shape or threshold_or_leaf.shape != shape:
        raise ValueError("its tables have to be of one shape, one row per tree")
    inner = feature >= 0
    node_index = np.broadcast_to(np.arange(shape[1]), shape)
    if inner[:, -1].any() or ((right <= node_index) & inner).any() or (right >= shape[1]).any():
        raise ValueError("a branch leads backwards, or nowhere")
    if inner.sum(axis=1).max() >= MAX_LEAVES:
        raise ValueError(f"a tree has more than {MAX_LEAVES} leaves")
    if (feature < -1).any() or (feature >= feature_count).any():
        raise ValueError("a node names an unknown feature")
    if not np.isfinite(threshold_or_leaf).all() or not np.isfinite(base):
        raise ValueError("a number is not finite")
    return TreeEnsemble(base, feature, threshold_or_leaf, right, source=str(data["source"]))


def _parse_integers(values: Any) -> np.ndarray:
    """int64; raises ValueError for fractions."""
    numbers = np.array(values)
    # Larger floats have no whole number to be cast to.
    if not (np.abs(numbers) < 2**53).all() or ((integers := numbers.astype(np.int64)) != numbers).any():
        raise ValueError("an index is not a whole number")
    return integers
