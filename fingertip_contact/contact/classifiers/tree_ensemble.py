"""A classifier of boosted trees, fitted to the true taps of simulated participants."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np

from fingertip_contact.contact.adaptation.online import FingerContext
from fingertip_contact.contact.candidates import ContactCandidate
from fingertip_contact.contact.classifiers.candidate_classifier import CandidateClassifier, CandidateScore
from fingertip_contact.contact.classifiers.tree_model import TreeEnsemble, load_tree_ensemble
from fingertip_contact.contact.contact_window import LENIENT_DESCENT
from fingertip_contact.contact.features import FEATURES, compute_contact_features
from fingertip_contact.contact.parameters import ContactParameters
from fingertip_contact.resources import find_share_directory

DEFAULT_MODEL = Path("config") / "contact_classifiers" / "typing"
# The two ensembles of a model folder: the log-odds of a tap, and the offset of its touch-down in seconds.
DECISION_FILE, TIMING_FILE = "decision.json", "timing.json"


class TreeEnsembleClassifier(CandidateClassifier):
    """Scores short descents too, which the features beyond height can separate. The profile's `model` is a folder of
    two files, `decision.json` and `timing.json`."""

    descent_thresholds = LENIENT_DESCENT

    def __init__(self, parameters: ContactParameters) -> None:
        """Raises ValueError or FileNotFoundError for a model that cannot be used."""
        super().__init__(parameters)
        folder = Path(parameters.model) if parameters.model else find_share_directory() / DEFAULT_MODEL
        self._decision, self._timing = _load_model(folder)

    def score(
        self, candidates: Sequence[ContactCandidate], contexts: Sequence[FingerContext]
    ) -> Sequence[CandidateScore]:
        """See CandidateClassifier."""
        if not candidates:
            return ()
        features = np.stack(
            [compute_contact_features(*pair) for pair in zip(candidates, contexts, strict=True)],
        )
        log_odds, touch_down_offset_s = self._decision.predict(features), np.zeros(len(candidates))
        # Few candidates are taps, and only a tap needs its time.
        taps = log_odds > self.parameters.press_log_odds_threshold
        if taps.any():
            touch_down_offset_s[taps] = self._timing.predict(features[taps])
        return list(map(CandidateScore, log_odds.tolist(), touch_down_offset_s.tolist()))


@cache
def _load_model(folder: Path) -> tuple[TreeEnsemble, TreeEnsemble]:
    decision, timing = (load_tree_ensemble(folder / name, FEATURES) for name in (DECISION_FILE, TIMING_FILE))
    return decision, timing
