"""Confidences that mean what they say: log-odds of candidates that are those of a tap."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fingertip_contact.contact.classifiers.touch import TouchModel, find_moving
from fingertip_contact.contact.classifiers.tree_model import TreeEnsemble
from fingertip_research.evaluation.events import TOLERANCE_NS
from fingertip_research.training.touch.trees import FeatureTable

# Below these log-odds nothing is a candidate.
MIN_LOG_ODDS = -6.0
# Rows of one finger closer than this are one candidate, whose highest log-odds count, s.
SAME_CANDIDATE_ROWS = 4


def collect_candidates(trees: TreeEnsemble, table: FeatureTable) -> tuple[np.ndarray, np.ndarray]:
    """Log-odds (N,) of each candidate of a recording, the highest of its rows, and whether it was a tap (N,)."""
    log_odds = np.full(len(table.features), -np.inf)
    asked = find_moving(table.features)
    log_odds[asked] = trees.predict(table.features[asked])
    found, is_tap = [], []
    for column in np.unique(table.columns):
        own = np.nonzero(table.columns == column)[0]
        rows, odds, since_s = table.rows[own], log_odds[own], table.since_s[own]
        for index in np.argsort(-odds):
            if odds[index] < MIN_LOG_ODDS:
                break
            near = np.abs(rows - rows[index]) < SAME_CANDIDATE_ROWS
            found.append(odds[index])
            is_tap.append(bool(abs(since_s[index]) <= TOLERANCE_NS / 1e9))
            odds[near] = -np.inf
    return np.array(found), np.array(is_tap, dtype=bool)


def calibrate(model: TouchModel, log_odds: np.ndarray, is_tap: np.ndarray) -> TouchModel:
    """The model with log-odds of touch-downs scaled (Platt) so that they are those of a tap.

    log_odds: (N,) of the candidates of recordings that the trees were not fitted to. is_tap: (N,) bool; where all are
    alike there is nothing to scale by, and the model stays as it is.
    """
    if is_tap.all() or not is_tap.any():
        return model
    from sklearn.linear_model import LogisticRegression

    fitted = LogisticRegression(C=1e6).fit(log_odds[:, None], is_tap)
    scale, offset = float(fitted.coef_[0, 0]), float(fitted.intercept_[0])
    trees = model.touch_down
    leaves = np.where(trees.feature < 0, scale * trees.threshold_or_leaf, trees.threshold_or_leaf)
    return replace(model, touch_down=replace(trees, base=scale * trees.base + offset, threshold_or_leaf=leaves))
