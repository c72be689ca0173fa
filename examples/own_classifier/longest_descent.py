"""A contact classifier: long descents are taps."""

from fingertip_contact.contact.classifiers.candidate_classifier import CandidateClassifier, CandidateScore

# Even odds at 7 mm; each millimetre more adds one to the log-odds.
NEUTRAL_DESCENT_M, LOG_ODDS_PER_M = 0.007, 1000.0


class LongestDescent(CandidateClassifier):
    def score(self, candidates, contexts):
        return [
            CandidateScore(
                log_odds=LOG_ODDS_PER_M * (candidate.descent_m - NEUTRAL_DESCENT_M),
                touch_down_offset_s=candidate.evidence.touch_down_offset_s,
            )
            for candidate in candidates
        ]
