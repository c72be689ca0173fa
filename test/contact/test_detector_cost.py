"""What the detector spares itself: networks that nobody reads, and waiting for frames that nobody wants."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import numpy as np
import pytest

from contact_world import make_detector, make_hand
from fingertip_contact.contact.decision import ContactDecision
from fingertip_contact.contact.detector import ContactDetector
from fingertip_contact.contact.measurement.columns import FINGER_COUNT
from fingertip_contact.contact.measurement.history import FingertipHistory
from fingertip_contact.contact.parameters import ContactParameters, load_profile

FRAME_NS = 33_333_333


class AgeRecorder:
    """A classifier that decides nothing, and notes how old each row was."""

    ages_ns: ClassVar[list[int]] = []
    needs_rims = False

    def __init__(self, parameters: ContactParameters) -> None:
        pass

    def estimate_contact_heights_m(self) -> np.ndarray:
        return np.zeros(FINGER_COUNT)

    def classify(self, history: FingertipHistory, row: int) -> list[ContactDecision | None]:
        self.ages_ns.append(int(history.stamps_ns[-1] - history.stamps_ns[row]))
        return [None] * FINGER_COUNT


@pytest.mark.parametrize(("decision", "frames"), [("sure", 2), ("fast", 1)])
def test_instants_are_decided_when_they_have_settled(decision: str, frames: int) -> None:
    """At 30 Hz two frames later, fast one."""
    AgeRecorder.ages_ns.clear()
    detector = make_detector(ContactParameters(classifier=f"{__name__}:AgeRecorder", decision=decision))
    for index in range(40):
        detector.update(index * FRAME_NS, (make_hand(0, (0.0, 0.0)),), None)
    assert len(AgeRecorder.ages_ns) == 40 - frames
    assert set(AgeRecorder.ages_ns) == {frames * FRAME_NS}


@pytest.mark.parametrize(
    ("profile", "cues", "expected"),
    [
        ("default", "", True),
        ("default", "flow,appearance", True),
        ("default", "flow,stereo", False),
        ("sharp_depth", "", False),
        ("evidence", "", False),
        ("paper", "", False),
    ],
)
def test_the_network_runs_for_those_who_read_it(profile: str, cues: str, expected: bool) -> None:
    """The touch classifier with the cue `appearance`, and classifiers of other packages that do not say."""
    detector = ContactDetector(replace(load_profile(profile), cues=cues))
    assert detector.needs_appearance is expected
    assert make_detector(ContactParameters(classifier=f"{__name__}:AgeRecorder")).needs_appearance
