"""Features of an instant: the same at any frame rate, each finger's own apart from its neighbours'."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from fingertip_contact.contact.measurement.appearance_network import OUTPUTS
from fingertip_contact.contact.measurement.columns import FINGER_COUNT
from fingertip_contact.contact.measurement.fingertip_samples import FingertipSamples
from fingertip_contact.contact.measurement.hand_shape import SHAPE
from fingertip_contact.contact.measurement.history import FingertipHistory
from fingertip_contact.contact.touch_features import CUES, FEATURES, MISSING, compute_touch_features, nan_median

ALL = list(range(FINGER_COUNT))
NO_FLOORS = np.full((2, FINGER_COUNT), np.nan)
INDEX, MIDDLE = 6, 7
# The instant asked about: when the tapping finger stops.
TOUCH_S = 0.5


def make_samples(**known: np.ndarray) -> FingertipSamples:
    """Ten fingers of which only this is known."""
    one, two, three = (np.full((FINGER_COUNT, *shape), np.nan) for shape in ((), (2,), (3,)))
    samples = {
        "rim_height_m": one,
        "sigma_m": one,
        "axial_height_m": one,
        "tip_px": two,
        "tip_end_px": two,
        "contact_point_m": three,
        "flow_m": two,
        "finger_height_m": one,
        "stereo_height_m": one,
        "shape": np.full((FINGER_COUNT, len(SHAPE)), np.nan),
        "appearance": np.full((FINGER_COUNT, len(OUTPUTS)), np.nan),
    }
    return FingertipSamples(**{**samples, **known})


def place_mm(times_s: np.ndarray) -> np.ndarray:
    """(T, FINGER_COUNT, 2) where each finger's image is, across and along: the right index taps, its neighbour goes
    along by a third, all drift."""
    place = np.zeros((len(times_s), FINGER_COUNT, 2))
    tap_mm = 6.0 * np.interp(times_s, [TOUCH_S - 0.1, TOUCH_S, TOUCH_S + 0.1, TOUCH_S + 0.2], [0.0, 1.0, 1.0, 0.0])
    place[..., 1] = 3.0 * times_s[:, None]
    place[:, INDEX, 1] += tap_mm
    place[:, INDEX, 0] += 0.2 * tap_mm
    place[:, MIDDLE, 1] += tap_mm / 3
    return place


def compute_at(rate_hz: float) -> dict[str, np.ndarray]:
    """Features (FINGER_COUNT,) by name, of the touch in a recording at this frame rate."""
    # Two steps after the touch are known.
    frames = round((TOUCH_S + 2 / 30) * rate_hz) + 1
    times_s = np.arange(frames) / rate_hz
    ways_m = np.diff(place_mm(times_s), axis=0, prepend=place_mm(times_s[:1] - 1 / rate_hz)) / 1e3
    history, row = FingertipHistory(), 0
    for time_s, flow_m in zip(times_s, ways_m, strict=True):
        height_m = 0.001 * (20.0 - place_mm(np.array([time_s]))[0, :, 1])
        appearance = np.full((FINGER_COUNT, len(OUTPUTS)), 10.0 * (time_s - TOUCH_S))
        shape = np.tile([40.0 - 20.0 * time_s, 100.0, 0.3, 60.0], (FINGER_COUNT, 1))
        samples = make_samples(
            flow_m=flow_m,
            finger_height_m=height_m,
            stereo_height_m=height_m - 0.002,
            appearance=appearance,
            shape=shape,
        )
        history.add(10**9 + round(1e9 * time_s), ALL, samples)
    row = int(np.abs(history.stamps_ns - 10**9 - 1e9 * TOUCH_S).argmin())
    features = compute_touch_features(history, row, np.full((2, FINGER_COUNT), 8.0))
    return dict(zip(FEATURES, features.T, strict=True))


def test_names_are_unique_and_belong_to_one_cue() -> None:
    """FEATURES are those of CUES, in order; each once."""
    assert [name for names in CUES.values() for name in names] == list(FEATURES)
    assert len(set(FEATURES)) == len(FEATURES)
    assert compute_at(30)["finger"].tolist() == [0, 1, 2, 3, 4] * 2


def test_flow_is_the_way_in_each_step() -> None:
    """The index comes down by 2 mm more in each of the last three steps, then stands; the drift is 0.1 mm."""
    features = compute_at(30)
    steps = {step: features[f"flow_along_mm_{step:+d}"][INDEX] for step in range(-5, 3)}
    assert [steps[step] for step in (-4, -3, -2, -1, 0, 1, 2)] == pytest.approx([0.1, 0.1, 2.1, 2.1, 2.1, 0.1, 0.1])
    assert features["flow_across_mm_+0"][INDEX] == pytest.approx(0.4)
    assert features["path_along_mm_-2+0"][INDEX] == pytest.approx(6.3)
    assert features["path_along_mm_-5+0"][INDEX] == pytest.approx(6.6)
    assert features["path_along_mm_+1+2"][INDEX] == pytest.approx(0.2)
    assert features["path_across_mm_-3+0"][INDEX] == pytest.approx(1.2)


def test_others_are_the_other_fingers_of_the_hand() -> None:
    """The fastest other of the index is the middle finger; of all others of that hand the index; of the left hand
    nobody moves but for the drift. A finger's own way is no other's."""
    features = compute_at(30)
    fastest = features["others_max_flow_mm_+0"]
    assert fastest[INDEX] == pytest.approx(0.1 + 2 / 3)
    np.testing.assert_allclose(fastest[[5, 7, 8, 9]], np.hypot(2.1, 0.4))
    np.testing.assert_allclose(fastest[:5], 0.1)
    np.testing.assert_allclose(features["others_min_flow_mm_+0"][5:], 0.1)
    np.testing.assert_allclose(features["others_median_flow_mm_+0"][INDEX], 0.1)
    assert features["flow_rank"].tolist() == [0, 0, 0, 0, 0, 2, 0, 1, 2, 2]
    assert features["relative_along_mm_+0"][INDEX] == pytest.approx(2.0)
    assert features["relative_along_mm_+0"][8] == pytest.approx(0.0, abs=1e-9)


def test_heights_are_told_relative_to_instant_floor_and_hand() -> None:
    """In millimetres: at each step, as changes, over the floor, and how much more it came down than its hand."""
    features = compute_at(30)
    drift_mm = 3.0 * TOUCH_S
    for source, less_mm in (("depth", 0.0), ("stereo", 2.0)):
        assert features[f"{source}_height_mm_+0"][INDEX] == pytest.approx(20.0 - drift_mm - 6.0 - less_mm)
        assert features[f"{source}_height_mm_-3"][INDEX] == pytest.approx(20.0 - drift_mm + 0.3 - less_mm)
        assert features[f"{source}_change_mm_-1"][INDEX] == pytest.approx(2.1)
        assert features[f"{source}_change_mm_+2"][INDEX] == pytest.approx(-0.2)
        assert features[f"{source}_hand_median_mm"][INDEX] == pytest.approx(20.0 - drift_mm - less_mm)
        assert features[f"{source}_above_floor_mm"][INDEX] == pytest.approx(20.0 - drift_mm - 6.0 - less_mm - 8.0)
        assert features[f"{source}_relative_descent_mm_+0"][INDEX] == pytest.approx(-4.0)
        assert features[f"{source}_relative_descent_mm_+0"][8] == pytest.approx(0.0, abs=1e-9)


def test_appearance_is_that_of_each_instant() -> None:
    """The network's word comes two steps after what it tells about: step +2 holds the word on the instant."""
    features = compute_at(30)
    assert features["appearance_touch_down_+2"][INDEX] == pytest.approx(10 * 2 / 30)
    assert features["appearance_height_cm_-1"][INDEX] == pytest.approx(-10 / 30)
    assert features["others_max_appearance_touch_down_+1"][INDEX] == pytest.approx(10 / 30)
    assert features["length_change_mm_-3"][INDEX] == pytest.approx(20.0 * 0.1)
    assert features["length_mm"][INDEX] == pytest.approx(30.0)
    assert features["elevation_deg"][INDEX] == pytest.approx(60.0)


@pytest.mark.parametrize("rate_hz", [60.0, 90.0])
def test_features_do_not_depend_on_the_frame_rate(rate_hz: float) -> None:
    """The same motion gives the same features at 30, 60 and 90 Hz, to a hundredth of a millimetre. A history of 32
    rows does not hold the oldest step at 90 Hz."""
    expected, found = compute_at(30), compute_at(rate_hz)
    names = [name for name in FEATURES if rate_hz < 90 or not (name.endswith(("_-8", "_-8+0")))]
    for name in names:
        np.testing.assert_allclose(found[name], expected[name], atol=0.01, err_msg=name)


def test_dropped_frame_hardly_changes_the_features() -> None:
    """Without one frame of the descent, whose way is part of the next one's, sums stay; steps share it evenly."""
    times_s = np.delete(np.arange(18) / 30, 13)
    history = FingertipHistory()
    before_mm = place_mm(times_s[:1] - 1 / 30)[0]
    for time_s in times_s:
        now_mm = place_mm(np.array([time_s]))[0]
        history.add(10**9 + round(1e9 * time_s), ALL, make_samples(flow_m=(now_mm - before_mm) / 1e3))
        before_mm = now_mm
    row = int(np.abs(history.stamps_ns - 10**9 - 1e9 * TOUCH_S).argmin())
    found = dict(zip(FEATURES, compute_touch_features(history, row, NO_FLOORS).T, strict=True))
    for name in ("path_along_mm_-3+0", "path_along_mm_-5+0", "flow_along_mm_-1", "flow_along_mm_-2"):
        assert found[name][INDEX] == pytest.approx(compute_at(30)[name][INDEX], abs=0.01), name


@pytest.mark.parametrize("cue", ["depth", "stereo", "appearance", "shape", "flow"])
def test_missing_cues_are_missing(cue: str) -> None:
    """What no camera measured is MISSING, in every feature of its cue but the finger's number; others are known."""
    fields = {
        "depth": {"finger_height_m": np.full(FINGER_COUNT, 0.01)},
        "stereo": {"stereo_height_m": np.full(FINGER_COUNT, 0.01)},
        "appearance": {"appearance": np.zeros((FINGER_COUNT, len(OUTPUTS)))},
        "shape": {"shape": np.ones((FINGER_COUNT, len(SHAPE)))},
        "flow": {"flow_m": np.zeros((FINGER_COUNT, 2))},
    }
    known = {name: value for other, pair in fields.items() if other != cue for name, value in pair.items()}
    history = FingertipHistory()
    for number in range(20):
        history.add(10**9 + round(number * 1e9 / 30), ALL, make_samples(**known))
    features = compute_touch_features(history, 16, np.full((2, FINGER_COUNT), 1.0))
    for name, values in zip(FEATURES, features.T, strict=True):
        is_missing = name in CUES[cue] or (cue == "flow" and name in CUES["others"])
        assert np.all(values == MISSING) == (is_missing and name not in ("finger", "flow_rank")), name


def test_unknown_before_the_first_frame() -> None:
    """Shortly after a hand appeared, what came before is MISSING, and what is known is told."""
    history = FingertipHistory()
    for number in range(6):
        history.add(10**9 + round(number * 1e9 / 30), ALL, make_samples(flow_m=np.full((FINGER_COUNT, 2), 0.001)))
    features = dict(zip(FEATURES, compute_touch_features(history, 3, NO_FLOORS).T, strict=True))
    assert np.all(features["flow_along_mm_-8"] == MISSING)
    assert np.all(features["path_along_mm_-5+0"] == MISSING)
    np.testing.assert_allclose(features["flow_along_mm_+0"], 1.0)
    np.testing.assert_allclose(features["path_along_mm_+1+2"], 2.0)


@settings(max_examples=60, deadline=None)
@given(
    arrays(np.float64, (14, FINGER_COUNT, 2), elements=st.floats(-0.1, 0.1) | st.just(np.nan)),
    arrays(np.float64, (14, FINGER_COUNT), elements=st.floats(-0.1, 0.1) | st.just(np.nan)),
    st.lists(st.integers(1, 200), min_size=14, max_size=14),
    st.integers(0, 13),
)
def test_features_are_finite_whatever_is_measured(
    flow_m: np.ndarray, height_m: np.ndarray, gaps_ms: list[int], row: int
) -> None:
    """Gaps, holes and any row: finite numbers, and no warning."""
    history, stamp_ns = FingertipHistory(), 10**9
    for flow, height, gap_ms in zip(flow_m, height_m, gaps_ms, strict=True):
        stamp_ns += gap_ms * 1_000_000
        history.add(stamp_ns, ALL, make_samples(flow_m=flow, stereo_height_m=height))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        features = compute_touch_features(history, row, NO_FLOORS)
    assert features.shape == (FINGER_COUNT, len(FEATURES))
    assert np.isfinite(features).all()


def test_medians_are_those_of_what_is_known() -> None:
    """As np.nanmedian has them, to the bit; NaN of nothing, without a warning."""
    values = np.random.default_rng(5).normal(size=(400, 5))
    values[np.random.default_rng(6).random(values.shape) < 0.4] = np.nan
    some = np.isfinite(values).any(axis=1)
    assert not some.all()
    assert nan_median(values)[some].tolist() == np.nanmedian(values[some], axis=1).tolist()
    assert np.isnan(nan_median(values)[~some]).all()
