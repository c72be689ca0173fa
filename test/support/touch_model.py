"""Small models for the touch classifier, made by hand: one tree each."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from fingertip_contact.contact.classifiers.touch import CONTACT_FILE, TIMING_FILE, TOUCH_DOWN_FILE
from fingertip_contact.contact.touch_features import FEATURES

# A tree: the name of a feature, its threshold, the value up to it and the value above it.
Tree = tuple[str, float, float, float]

# The finger's image went down by 3 mm in the last 100 ms, and has stopped.
STOPPED: Tree = ("path_along_mm_-2+0", 3.0, -4.0, 4.0)
NO_OFFSET: Tree = ("finger", 10.0, 0.0, 0.0)
# A finger that has come down is on the desk, until its image goes up by as much.
DOWN: Tree = ("path_along_mm_-8+0", 3.0, -2.0, 2.0)


def write_touch_model(
    folder: Path, touch_down: Sequence[Tree], timing: Sequence[Tree] = (NO_OFFSET,), contact: Sequence[Tree] = (DOWN,)
) -> Path:
    """A model folder; its ensembles are sums of trees."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, trees in ((TOUCH_DOWN_FILE, touch_down), (TIMING_FILE, timing), (CONTACT_FILE, contact)):
        content = {
            "source": "by hand",
            "features": FEATURES,
            "base": 0.0,
            "feature": [[FEATURES.index(feature), -1, -1] for feature, *_ in trees],
            "threshold_or_leaf": [[threshold, low, high] for _, threshold, low, high in trees],
            "right": [[2, 0, 0] for _ in trees],
        }
        (folder / name).write_text(json.dumps(content), encoding="utf-8")
    return folder
