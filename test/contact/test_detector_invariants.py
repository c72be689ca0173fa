"""Whatever a classifier decides and whatever frames come: events of a finger are in order, and each press ends once."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from contact_world import make_hand, make_samples
from fingertip_contact.contact.decision import ContactDecision
from fingertip_contact.contact.detector import ContactDetector
from fingertip_contact.contact.measurement.columns import FINGER_COUNT, find_column
from fingertip_contact.contact.measurement.fingertip_estimator import FingertipEstimator
from fingertip_contact.contact.measurement.history import FingertipHistory
from fingertip_contact.contact.parameters import ContactParameters
from fingertip_contact.datatypes import ContactEvent

MS = 1_000_000
# Fingers that decide anything; the others never touch.
COLUMNS = (1, 6)


@dataclass(frozen=True)
class Choice:
    """What is decided about a finger in a row. is_seen: else None. offset_ms: of the touch-down after the row."""

    is_seen: bool
    is_contact: bool
    offset_ms: int
    probability: float
    height_m: float


@dataclass(frozen=True)
class Step:
    """A frame: how long after the one before, whether hands and samples are there, and what is decided."""

    gap_ms: int
    has_hands: bool
    has_samples: bool
    choices: tuple[Choice, ...]


class ScriptedClassifier:
    """Decides by a script, a row at a time."""

    needs_rims = False
    script: Iterator[tuple[Choice, ...]]

    def __init__(self, parameters: ContactParameters) -> None: ...

    def estimate_contact_heights_m(self) -> np.ndarray:
        return np.zeros(FINGER_COUNT)

    def classify(self, history: FingertipHistory, row: int) -> list[ContactDecision | None]:
        decisions: list[ContactDecision | None] = [None] * FINGER_COUNT
        for column, choice in zip(COLUMNS, next(self.script), strict=True):
            if choice.is_seen:
                touch_down_ns = int(history.stamps_ns[row]) + choice.offset_ms * MS
                confidence = 0.9 if choice.is_contact else 0.2
                decisions[column] = ContactDecision(
                    choice.height_m, choice.is_contact, touch_down_ns, confidence, choice.probability
                )
        return decisions


choices = st.builds(
    Choice,
    is_seen=st.sampled_from([True, True, True, False]),
    is_contact=st.booleans(),
    offset_ms=st.integers(-50, 50),
    probability=st.sampled_from([math.nan, 0.0, 0.3, 0.5, 0.9, 1.0]),
    height_m=st.sampled_from([math.nan, 0.0, 0.003, 0.02]),
)
steps = st.builds(
    Step,
    gap_ms=st.sampled_from([33, 33, 33, 11, 67, 400, 0, -20, -500]),
    has_hands=st.sampled_from([True, True, True, False]),
    has_samples=st.sampled_from([True, True, True, False]),
    choices=st.tuples(choices, choices),
)


def make_scripted_detector(script: list[tuple[Choice, ...]], delay_s: float) -> ContactDetector:
    parameters = ContactParameters(
        classifier=f"{__name__}:ScriptedClassifier", decision_delay_s=delay_s, refractory_s=0.05
    )
    estimator = FingertipEstimator(parameters, with_rims=False, with_appearance=False)
    ScriptedClassifier.script = iter(script)
    return ContactDetector(parameters, estimator=estimator)


@settings(max_examples=40, deadline=None)
@given(st.lists(steps, max_size=25), st.sampled_from([0.0, 0.06]))
def test_events_of_a_finger_are_in_order(stream: list[Step], delay_s: float) -> None:
    """Random touches, probabilities and times up to 50 ms off the row; frames that drop, hands that vanish, stamps that
    jump back. Each press ends in one release or cancel; a finger has one open press at most; no event is later than its
    frame; a finger's contact times never run backwards, but where the stamps do."""
    detector = make_scripted_detector([step.choices for step in stream], delay_s)
    stamp_ns, latest_ns = 10**10, 10**10
    open_presses: dict[int, ContactEvent] = {}
    last_contact_ns: dict[int, int] = {}
    seen: set[int] = set()
    has_restarted = False

    def check(events: tuple[ContactEvent, ...]) -> None:
        for event in events:
            column = find_column(event.hand, event.finger)
            assert event.contact_ns <= event.stamp_ns == stamp_ns
            assert event.contact_ns >= last_contact_ns.get(column, 0)
            last_contact_ns[column] = event.contact_ns
            if event.type == "press":
                assert column not in open_presses
                assert event.press not in seen
                seen.add(event.press)
                open_presses[column] = event
            else:
                assert open_presses[column].press == event.press
                if event.type != "move":
                    del open_presses[column]
                if event.type == "cancel" and has_restarted:
                    del last_contact_ns[column]

    for step in stream:
        stamp_ns += step.gap_ms * MS
        has_restarted = stamp_ns <= latest_ns
        if has_restarted:
            last_contact_ns.clear()
        latest_ns = stamp_ns
        hands = (make_hand(0), make_hand(1)) if step.has_hands else ()
        samples = make_samples(np.full(10, 0.01)) if step.has_hands and step.has_samples else None
        if samples is not None:
            samples.rim_height_m[:] = np.nan
        check(detector.update(stamp_ns, hands, samples)[1])
        for tap in detector.tentative:
            assert tap.contact_ns <= tap.stamp_ns == stamp_ns
    stamp_ns += 33 * MS
    check(detector.cancel_all(stamp_ns))
    assert not open_presses


def run_script(script: list[tuple[int, Choice]]) -> list[tuple[str, int]]:
    """Type and contact time in ms of the events of one finger. script: time in ms, and what is decided about it."""
    never = Choice(False, False, 0, math.nan, math.nan)
    detector = make_scripted_detector([(choice, never) for _, choice in script], 0.0)
    events: list[ContactEvent] = []
    for at_ms, _ in script:
        samples = make_samples(np.full(10, 0.01))
        samples.rim_height_m[:] = np.nan
        events += detector.update(10**10 + at_ms * MS, (make_hand(0), make_hand(1)), samples)[1]
    return [(event.type, (event.contact_ns - 10**10) // MS) for event in events]


def decide(probability: float, touch_offset_ms: int | None = None, height_m: float = math.nan) -> Choice:
    return Choice(True, touch_offset_ms is not None, touch_offset_ms or 0, probability, height_m)


def test_lift_off_is_where_the_probability_crosses_a_half() -> None:
    """Between the frames: 0.9 at 100 ms and 0.1 at 140 ms cross at 120 ms."""
    script = [(0, decide(0.9, -10)), (100, decide(0.9)), (140, decide(0.1)), (180, decide(0.0))]
    assert run_script(script) == [("press", -10), ("release", 120)]


def test_touch_while_pressed_releases_at_its_own_time() -> None:
    """A second touch of a finger that was not seen to leave: release and press at the second touch-down."""
    script = [(0, decide(0.9, -10)), (100, decide(0.9)), (300, decide(0.9, -20))]
    assert run_script(script) == [("press", -10), ("release", 280), ("press", 280)]


def test_late_evidence_of_a_touch_does_not_date_its_release() -> None:
    """A touch that is told again while the finger leaves is no second press; the release is the lift-off's."""
    script = [(0, decide(0.9, -10)), (20, decide(0.9)), (36, decide(0.1, -40)), (70, decide(0.0))]
    assert run_script(script) == [("press", -10), ("release", 28)]


def test_classifier_without_rims_may_leave_releases_to_heights() -> None:
    """Heights without probability and without rims: released at the row that is over the exit height."""
    script = [(0, decide(math.nan, 0, 0.0)), (33, decide(math.nan, None, 0.0)), (67, decide(math.nan, None, 0.02))]
    assert run_script(script) == [("press", 0), ("release", 67)]


def test_stamps_that_jump_back_end_presses_at_the_new_time() -> None:
    """A press at 1000 ms is cancelled by a frame at 200 ms: its end is no later than that frame."""
    assert run_script([(1000, decide(0.9, 0)), (200, decide(0.9))]) == [("press", 1000), ("cancel", 200)]
