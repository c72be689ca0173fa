"""What the detector reasons with: contact heights, evidence by name, the motion filter, the published rule."""

from __future__ import annotations

import math

import numpy as np
import pytest

from fingertip_contact.contact.adaptation.contact_height import ContactHeights
from fingertip_contact.contact.classifiers.published import PublishedFinger
from fingertip_contact.contact.contact_window import LENIENT_DESCENT, STRICT_DESCENT, ContactWindow
from fingertip_contact.contact.evidence import ContactEvidence
from fingertip_contact.contact.measurement.height_filter import HeightFilter

STAMPS = np.arange(12) * 33_333_333


def make_hand_track(own: list[float], other: list[float] | None = None) -> np.ndarray:
    """Heights (12, 5), metres, of a hand: finger 1 as given in mm, finger 2 as the other, the rest at 12 mm."""
    height_m = np.full((12, 5), 0.012)
    height_m[:, 1] = np.array(own) / 1e3
    if other is not None:
        height_m[:, 2] = np.array(other) / 1e3
    return height_m


def make_window(height_m: np.ndarray, row: int, noise_m: float, flow_m: np.ndarray | None = None) -> ContactWindow:
    """Row `at` of a hand; nothing is known of the images' ways unless it is given (12, 5, 2)."""
    unknown_flow = np.full((12, 5, 2), np.nan)
    return ContactWindow.from_history(
        STAMPS, height_m, np.full(5, noise_m), unknown_flow if flow_m is None else flow_m, row
    )


def compute_evidence(
    height_m: np.ndarray, row: int, finger: int, noise_m: float, flow_m: np.ndarray | None = None
) -> ContactEvidence | None:
    """What the finger's stop at row `at` says, None where it does not stop there."""
    window = make_window(height_m, row, noise_m, flow_m)
    return window.compute_evidence(finger, STRICT_DESCENT) if window.is_descent_end(STRICT_DESCENT)[finger] else None


TAP = [12.0, 12, 12, 12, 12, 6, 0, 0, 0, 7, 12, 12]


def test_tap_is_detected_at_its_contact_time() -> None:
    """The row where the descent ends is a touch, estimated between it and the row before."""
    evidence = compute_evidence(make_hand_track(TAP), 6, 1, 0.0005)
    assert evidence is not None
    assert -1 / 30 < evidence.touch_down_offset_s <= 0.0
    assert min(evidence.height_llr, evidence.descent_llr, evidence.rank_llr) > 0


@pytest.mark.parametrize("row", [3, 5, 9, 10])
def test_rows_without_descent_end_have_no_evidence(row: int) -> None:
    """Hovering, falling and rising rows are no end of a descent."""
    assert compute_evidence(make_hand_track(TAP), row, 1, 0.0005) is None


def test_tap_from_low_hover_needs_lenient_thresholds() -> None:
    """A tap from 3 mm is lost in the noise for heights alone; who looks for slight descents finds it."""
    window = make_window(make_hand_track([value / 4 for value in TAP]), 6, 0.0008)
    assert window.compute_evidence(1, STRICT_DESCENT) is None
    assert window.is_descent_end(LENIENT_DESCENT)[1]
    assert window.compute_evidence(1, LENIENT_DESCENT) is not None


def test_higher_descent_end_has_lower_evidence() -> None:
    """The higher the stop, the lower the evidence of depth."""
    depths = []
    for lift in (0.0, 1.0, 2.0, 4.0):
        evidence = compute_evidence(make_hand_track([max(value, lift) for value in TAP]), 6, 1, 0.0007)
        assert evidence is not None
        depths.append(evidence.height_llr)
    assert depths == sorted(depths, reverse=True)
    assert depths[0] > 1.0 > -2.0 > depths[-1]


def make_flow(own_mm: float, neighbour_mm: float) -> np.ndarray:
    """Ways (12, 5, 2) of images: finger 1 and finger 2 go down by so much in each of the last two frames before the
    stop."""
    flow_m = np.zeros((12, 5, 2))
    flow_m[5:7, 1, 1], flow_m[5:7, 2, 1] = own_mm / 1e3, neighbour_mm / 1e3
    return flow_m


def test_fast_fingertip_flow_before_contact_is_evidence() -> None:
    """Fast and alone is for a tap, slow against it, and a rival that was as fast takes the lead away; where images'
    ways are not known both count nothing."""
    fast, slow, with_neighbour = (
        compute_evidence(make_hand_track(TAP), 6, 1, 0.0005, make_flow(*speeds_mm))
        for speeds_mm in ((5, 0), (0.5, 0), (5, 5))
    )
    unknown_flow = compute_evidence(make_hand_track(TAP), 6, 1, 0.0005)
    assert fast is not None
    assert slow is not None
    assert with_neighbour is not None
    assert unknown_flow is not None
    assert fast.flow_llr == with_neighbour.flow_llr > 0.5 > -0.5 > slow.flow_llr
    assert fast.flow_lead_llr > 2.0 > with_neighbour.flow_lead_llr == pytest.approx(0.0)
    assert (unknown_flow.flow_llr, unknown_flow.flow_lead_llr) == (0.0, 0.0)


def test_longer_descent_of_neighbour_lowers_rank_evidence() -> None:
    """A finger whose neighbour came down farther at the same time loses evidence of rank."""
    alone = compute_evidence(make_hand_track(TAP), 6, 1, 0.0005)
    shorter = compute_evidence(make_hand_track(TAP, [1.4 * value for value in TAP]), 6, 1, 0.0005)
    assert alone is not None
    assert shorter is not None
    assert shorter.rank_llr < alone.rank_llr - 1.0


def test_contact_height_follows_taps_not_near_misses() -> None:
    """Taps 2 mm over the guess among dips higher up: the learnt height goes to the taps."""
    heights = ContactHeights(0.0076)
    generator = np.random.default_rng(0)
    for index in range(60):
        over_m = 0.002 + generator.normal(0, 0.0004) if index % 2 else 0.002 + generator.uniform(0.002, 0.008)
        heights.update(6, 0.0076 + over_m - heights.estimate_contact_heights_m()[6], 1.5)
    assert heights.estimate_contact_heights_m()[6] == pytest.approx(0.0096, abs=0.0006)


def test_fingers_of_a_hand_share_contact_height() -> None:
    """What three fingers have learnt moves the guess of a fourth of the same hand, and of no other."""
    heights = ContactHeights(0.0076)
    for _ in range(15):
        for column in (6, 7, 8):
            heights.update(column, 0.0096 - heights.estimate_contact_heights_m()[column], 2.0)
    assert heights.estimate_contact_heights_m()[9] > 0.0082
    assert heights.estimate_contact_heights_m()[1] == pytest.approx(0.0076)


def test_height_filter_tracks_a_ramp_and_bridges_dropouts() -> None:
    """Speed of a steady descent is right to 10 %, also when every other frame is missing; NaN changes nothing."""
    for stride in (1, 2):
        motion = HeightFilter()
        for index in range(0, 30, stride):
            motion.update(index * 33_333_333, 0.05 - 0.1 * index / 30, 0.0005)
            motion.update(index * 33_333_333 + 1, math.nan, 0.0005)
        assert motion.speed_mps == pytest.approx(-0.1, rel=0.1)


def test_height_filter_resets_after_a_long_dropout() -> None:
    """After a quarter of a second without samples no speed is invented."""
    motion = HeightFilter()
    motion.update(0, 0.05, 0.0005)
    motion.update(10**9, 0.01, 0.0005)
    assert (motion.height_m, motion.speed_mps) == (0.01, 0.0)


def test_published_baseline_triggers_only_at_zero_thickness() -> None:
    """The published rule finds a tap where the fingertip has no thickness, once in 450 ms, and none with 8 mm of it."""
    rows_px = [0, 0, 3, 8, 14, 20, 21, 21, 21, 15, 8, 2, 0, 0, 0, 0]
    distances = [15, 15, 12, 8, 4, 1, 1, 1, 1, 4, 8, 12, 15, 15, 15, 15]
    fired = []
    for thickness_m in (0.0, 0.012):
        finger = PublishedFinger("index")
        fired.append(
            sum(
                finger.update(index * 33_333_333, float(row), distance / 1e3 + thickness_m)
                for index, (row, distance) in enumerate(zip(rows_px, distances, strict=True))
            )
        )
    assert fired == [1, 0]
