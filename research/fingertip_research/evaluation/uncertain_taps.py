"""Simulated touches of a typist as an imperfect detector reports them: without cameras, to develop text decoding with.

A detector gives each touch-down the probability that it was a tap. Scores of taps and of other touch-downs are normal,
one standard deviation wide and `2 * separation` apart, and so the probabilities are exactly calibrated. Other errors
are of place: taps that are read as the neighbouring finger's, or a key too far.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from fingertip_contact.datatypes import FINGERS, HANDS, ContactEvent, EventType, Finger, Handedness, TapCandidate
from fingertip_contact.desktop.key_codes import find_key_code
from fingertip_contact.geometry import RigidTransform
from fingertip_contact.keyboard.layout import Key, Layout
from fingertip_contact.keyboard.touch_model import COMMON_SD_M, FINGER_SD_M, HAND_SD_M
from fingertip_contact.numerics import sigmoid
from fingertip_research.evaluation.dead_keys import spell

# A sheet half a metre in front of the camera, facing it.
POSE = RigidTransform(np.diag([1.0, -1.0, -1.0]), np.array([0.0, 0.0, 0.5]))
# Less likely touch-downs are not reported at all.
MIN_CONFIDENCE = 0.05
# 45 words of five characters and a space in a minute.
TAP_INTERVAL_NS = 220_000_000
# Fingers wait over their home keys, which have the same places in every language, and come down this far from them.
HOME_KEY_CODES: dict[tuple[Handedness, Finger], str] = {
    ("left", "little"): "KEY_A",
    ("left", "ring"): "KEY_S",
    ("left", "middle"): "KEY_D",
    ("left", "index"): "KEY_F",
    ("left", "thumb"): "KEY_SPACE",
    ("right", "thumb"): "KEY_SPACE",
    ("right", "index"): "KEY_J",
    ("right", "middle"): "KEY_K",
    ("right", "ring"): "KEY_L",
    ("right", "little"): "KEY_SEMICOLON",
}
HOME_SD_M = 0.010
KEY_PITCH_M = 0.019


@dataclass(frozen=True)
class DetectorErrors:
    """separation: half the distance of the scores of taps and other touch-downs, in standard deviations. others: other
    touch-downs per tap. stray_ratio, wrong_finger_ratio: of the taps. unseen_ratio: taps without any touch-down.
    scatter_m: of touches about the spot that is aimed at, per axis."""

    separation: float
    stray_ratio: float
    wrong_finger_ratio: float
    unseen_ratio: float
    scatter_m: float
    others: float = 1.0


# Their keys alone leave error rates of about 0.05, 0.1, 0.2 and 0.4.
DETECTORS = {
    "good": DetectorErrors(3.0, stray_ratio=0.005, wrong_finger_ratio=0.005, unseen_ratio=0.0, scatter_m=0.0025),
    "medium": DetectorErrors(2.2, stray_ratio=0.01, wrong_finger_ratio=0.01, unseen_ratio=0.005, scatter_m=0.003),
    "weak": DetectorErrors(1.7, stray_ratio=0.02, wrong_finger_ratio=0.02, unseen_ratio=0.01, scatter_m=0.0035),
    "poor": DetectorErrors(1.1, stray_ratio=0.04, wrong_finger_ratio=0.04, unseen_ratio=0.02, scatter_m=0.0045),
}


@dataclass(frozen=True)
class _TouchDown:
    at_ns: int
    hand: Handedness
    finger: Finger
    point_m: np.ndarray
    is_tap: bool


def simulate_touches(
    layout: Layout, text: str, errors: DetectorErrors, random: np.random.Generator
) -> Iterator[ContactEvent | TapCandidate]:
    """What a detector reports while a text is typed, in the order of time: presses, each with its release, and
    candidates below their threshold. Every character has to be on the layout."""
    touch_downs = sorted(_simulate_touch_downs(layout, text, errors, random), key=lambda touch: touch.at_ns)
    for press, touch in enumerate(touch_downs):
        score = random.normal(errors.separation if touch.is_tap else -errors.separation)
        confidence = sigmoid(2 * errors.separation * score - np.log(errors.others))
        point_m = POSE.apply(np.array([*touch.point_m, 0.0]))
        if confidence > 0.5:
            yield _make_event("press", press, touch, point_m, confidence)
            yield _make_event("release", press, touch, point_m, confidence)
        elif confidence > MIN_CONFIDENCE:
            yield TapCandidate(touch.at_ns, touch.at_ns, touch.hand, touch.finger, point_m, confidence)


def _make_event(
    event_type: EventType, press: int, touch: _TouchDown, point_m: np.ndarray, confidence: float
) -> ContactEvent:
    return ContactEvent(touch.at_ns, touch.at_ns, event_type, press, 0, touch.hand, touch.finger, point_m, confidence)


def _simulate_touch_downs(
    layout: Layout, text: str, errors: DetectorErrors, random: np.random.Generator
) -> Iterator[_TouchDown]:
    common_m = random.normal(0, COMMON_SD_M, 2)
    hands_m = {hand: common_m + random.normal(0, HAND_SD_M, 2) for hand in HANDS}
    offsets_m = {(hand, f): hands_m[hand] + random.normal(0, FINGER_SD_M, 2) for hand in HANDS for f in FINGERS}
    for index, key in enumerate(spell(layout, text)):
        hand, finger = layout.fingers.get(key.name, ("right", "index"))
        at_ns = int((index + 1 + random.uniform(-0.25, 0.25)) * TAP_INTERVAL_NS)
        for _ in range(random.poisson(errors.others)):
            yield _simulate_other(layout, at_ns, hand, finger, offsets_m, random)
        if random.random() < errors.unseen_ratio:
            continue
        point_m = _aim(key, random) + offsets_m[hand, finger] + random.normal(0, errors.scatter_m, 2)
        if random.random() < errors.stray_ratio:
            angle = random.uniform(0, 2 * np.pi)
            point_m = point_m + KEY_PITCH_M * np.array([np.cos(angle), np.sin(angle)])
        if random.random() < errors.wrong_finger_ratio:
            finger = _neighbour(finger, random)
        yield _TouchDown(at_ns, hand, finger, point_m, True)


def _simulate_other(
    layout: Layout,
    tap_ns: int,
    hand: Handedness,
    finger: Finger,
    offsets_m: dict[tuple[Handedness, Finger], np.ndarray],
    random: np.random.Generator,
) -> _TouchDown:
    """A neighbour that comes down with a tapping finger, or, less often, any finger at any time."""
    if random.random() < 0.6:
        finger = _neighbour(finger, random)
        at_ns = tap_ns + int(random.normal(0, 30e6))
    else:
        hand, finger = list(HOME_KEY_CODES)[random.integers(len(HOME_KEY_CODES))]
        at_ns = tap_ns + int(random.uniform(-0.5, 0.5) * TAP_INTERVAL_NS)
    home = _find_home_key(layout, hand, finger)
    point_m = _aim(home, random) + offsets_m[hand, finger] + random.normal(0, HOME_SD_M, 2)
    return _TouchDown(at_ns, hand, finger, point_m, False)


def _find_home_key(layout: Layout, hand: Handedness, finger: Finger) -> Key:
    return next(key for key in layout.keys if find_key_code(key) == HOME_KEY_CODES[hand, finger])


def _neighbour(finger: Finger, random: np.random.Generator) -> Finger:
    index = FINGERS.index(finger)
    return FINGERS[int(random.choice([i for i in (index - 1, index + 1) if 0 <= i < len(FINGERS)]))]


def _aim(key: Key, random: np.random.Generator) -> np.ndarray:
    """A spot along the key: typists aim at any spot of a wide one."""
    core_m = (np.array(key.size_m) - min(key.size_m)) / 2
    return np.array(key.center_m) + random.uniform(-core_m, core_m)
