"""Published heights: of the best source that a frame has, all of the pad over the surface."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from contact_world import FRAME_NS, make_detector, make_hand, make_samples
from fingertip_contact.contact.classifiers.touch import VISIBLE_HEIGHTS_M
from fingertip_contact.contact.detector import ContactDetector
from fingertip_contact.contact.measurement.appearance_network import OUTPUTS
from fingertip_contact.contact.parameters import ContactParameters
from fingertip_contact.datatypes import Fingertip
from touch_model import STOPPED, write_touch_model

BY_DEPTH_M, BY_STEREO_M = VISIBLE_HEIGHTS_M
INDEX = 6


@pytest.fixture
def detector(tmp_path: Path) -> ContactDetector:
    model = write_touch_model(tmp_path / "model", [STOPPED])
    return make_detector(ContactParameters(classifier="touch", model=str(model)))


def show(
    detector: ContactDetector,
    number: int,
    *,
    height_cm: float = math.nan,
    depth_m: float = math.nan,
    stereo_m: float = math.nan,
) -> Fingertip:
    """The right index finger after a frame in which all fingers have these heights."""
    samples = make_samples(np.zeros(10))
    samples.rim_height_m[:] = np.nan
    samples.appearance[:, OUTPUTS.index("height_cm")] = height_cm
    samples.finger_height_m[:] = depth_m
    samples.stereo_height_m[:] = stereo_m
    return detector.update(10**9 + number * FRAME_NS, (make_hand(0), make_hand(1)), samples)[0][INDEX]


@pytest.mark.parametrize("height_m", [0.0, 0.012])
@pytest.mark.parametrize("source", ["appearance", "depth", "stereo"])
def test_height_is_the_pads_by_any_source(detector: ContactDetector, source: str, height_m: float) -> None:
    """What a finger shows while it touches is taken off: a touching one is at 0, by whatever was measured."""
    measured = {
        "appearance": {"height_cm": 100 * height_m},
        "depth": {"depth_m": height_m + BY_DEPTH_M},
        "stereo": {"stereo_m": height_m + BY_STEREO_M},
    }
    assert show(detector, 0, **measured[source]).height_m == pytest.approx(height_m, abs=1e-9)


def test_better_sources_win(detector: ContactDetector) -> None:
    """Both imagers before depth, depth before looks."""
    assert show(detector, 0, height_cm=2.0, depth_m=BY_DEPTH_M + 0.01, stereo_m=BY_STEREO_M + 0.004).height_m == (
        pytest.approx(0.004)
    )
    detector.cancel_all(10**9)
    assert show(detector, 1, height_cm=2.0, depth_m=BY_DEPTH_M + 0.01).height_m == pytest.approx(0.01)


def test_sources_may_change_from_frame_to_frame(detector: ContactDetector) -> None:
    """A finger that stands still keeps its height while imagers, depth and looks take turns, and has no speed."""
    tips = []
    for number in range(15):
        by_turns = ({"height_cm": 1.0}, {"depth_m": 0.01 + BY_DEPTH_M}, {"stereo_m": 0.01 + BY_STEREO_M})
        tips.append(show(detector, number, **by_turns[number % 3]))
    np.testing.assert_allclose([tip.height_m for tip in tips], 0.01, atol=1e-6)
    np.testing.assert_allclose([tip.speed_mps for tip in tips], 0.0, atol=1e-6)
    assert {tip.state for tip in tips} == {"hover"}


def test_fingers_without_any_height_are_lost(detector: ContactDetector) -> None:
    """No source: NaN, with the place that colour gives."""
    tip = show(detector, 0)
    assert math.isnan(tip.height_m)
    assert tip.state == "lost"
    assert np.isfinite(tip.point_m).all()
