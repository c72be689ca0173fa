"""A naive Bayes classifier: the weighted sum of named log-likelihood ratios."""

from __future__ import annotations

from collections.abc import Sequence

from fingertip_contact.contact.adaptation.online import FingerContext
from fingertip_contact.contact.candidates import ContactCandidate
from fingertip_contact.contact.classifiers.candidate_classifier import CandidateClassifier, CandidateScore


class EvidenceClassifier(CandidateClassifier):
    """Each term can be read (see ContactEvidence) and weighted (see ContactParameters)."""

    def score(
        self, candidates: Sequence[ContactCandidate], contexts: Sequence[FingerContext]
    ) -> Sequence[CandidateScore]:
        """See CandidateClassifier."""
        evidences = [candidate.evidence for candidate in candidates]
        return [
            CandidateScore(evidence.total_llr(self.parameters), evidence.touch_down_offset_s) for evidence in evidences
        ]
