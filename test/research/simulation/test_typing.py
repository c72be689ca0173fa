"""Rules of the simulated typing, measured on the posed mesh."""

from __future__ import annotations

import numpy as np
import pytest

from fingertip_contact.datatypes import FINGERS, HANDS
from fingertip_contact.keyboard.layout import load_layout
from fingertip_research.simulation import timing
from fingertip_research.simulation.difficulty import DIFFICULTIES
from fingertip_research.simulation.hand import MIDDLE_FLEXION
from fingertip_research.simulation.planning import find_keys
from fingertip_research.simulation.rendered_typing import FIRST_STAMP_NS, plan_typing, simulate_typing
from fingertip_research.simulation.scene import POSTURES
from fingertip_research.simulation.strokes import MAX_PAD_COMPRESSION_M, minimum_jerk

LAYOUT = load_layout("qwerty")
TEXT = "lazy dogs jump"


@pytest.fixture(scope="module", params=[("calm", "curled"), ("normal", "curled"), ("normal", "stretched")])
def condition(request):
    return request.param


@pytest.fixture(scope="module")
def trajectory(condition):
    difficulty, posture = condition
    return simulate_typing(TEXT, LAYOUT, 4, difficulty, posture=posture)


@pytest.fixture(scope="module")
def plan(condition):
    """The plan of the same typing, which can be asked for any time."""
    difficulty, posture = condition
    return plan_typing(TEXT, LAYOUT, 4, difficulty, posture=posture)


def to_seconds(stamp_ns):
    return (stamp_ns - FIRST_STAMP_NS) * 1e-9


def clearances_m(plan, hand, times_s):
    """(N, 5) heights of the posed mesh's pads over the desk."""
    model, poses = plan.models[hand], plan.motions[hand].poses(np.asarray(times_s))
    return np.array([model.fingertip_pads(pose)[:, 2] for pose in poses])


def test_every_character_is_tapped_in_its_order(trajectory):
    """The taps write the text, each on the character's key, by the finger that the layout assigns."""
    assert "".join(tap.text for tap in trajectory.taps) == TEXT
    for tap, key in zip(trajectory.taps, find_keys(TEXT, LAYOUT), strict=True):
        assert tap.key == key.name
        assert (tap.hand, tap.finger) == LAYOUT.fingers[key.name]
        assert LAYOUT.key_at(tap.x_m, tap.y_m) == key


def test_skin_is_in_contact_exactly_between_press_and_release(plan):
    """One millisecond inside a tap the finger's skin is at or below the surface; one millisecond outside, above it."""
    for tap in plan.taps:
        press_s, release_s = to_seconds(tap.press_ns), to_seconds(tap.release_ns)
        times_s = np.array([press_s - 1e-3, press_s + 1e-3, release_s - 1e-3, release_s + 1e-3])
        before, after_press, before_release, after = clearances_m(plan, tap.hand, times_s)[:, FINGERS.index(tap.finger)]
        assert min(before, after) > 0
        assert min(after_press, before_release) >= -MAX_PAD_COMPRESSION_M - 1e-4
        assert max(after_press, before_release) <= 0


def test_only_taps_and_rests_are_in_contact(trajectory, plan):
    """Outside taps and rests, fingers stay more than half a millimetre above the desk."""
    times_s = np.array([to_seconds(stamp_ns) for stamp_ns in trajectory.stamps_ns])
    times_s = times_s[times_s > trajectory.calibration_seconds + 1.0]
    for hand in HANDS:
        heights_m = clearances_m(plan, hand, times_s)
        for index, finger in enumerate(FINGERS):
            mine = [(t.press_ns, t.release_ns) for t in trajectory.taps if (t.hand, t.finger) == (hand, finger)]
            mine += [(r.start_ns, r.end_ns) for r in trajectory.rests if (r.hand, r.finger) == (hand, finger)]
            busy = np.zeros(len(times_s), dtype=bool)
            for first_ns, last_ns in mine:
                busy |= (times_s > to_seconds(first_ns) - 0.12) & (times_s < to_seconds(last_ns) + 0.12)
            assert heights_m[~busy, index].min() > 0.0005


def test_hands_appear_after_the_calibration(trajectory):
    """No hand is present during the calibration, both hands afterwards."""
    for stamp_ns, poses in zip(trajectory.stamps_ns, trajectory.poses, strict=True):
        assert set(poses) == (set(HANDS) if to_seconds(stamp_ns) >= trajectory.calibration_seconds - 1e-6 else set())


def test_frame_ground_truth_matches_the_taps():
    """The contacts of a frame are exactly the taps and rests at its stamp."""
    trajectory = simulate_typing("as", LAYOUT, 1, "calm")
    for stamp_ns, contacts in zip(trajectory.stamps_ns, trajectory.contacts, strict=True):
        in_contact = {(h, f): key for h, fingers in contacts.items() for f, key in fingers.items()}
        assert in_contact == {
            (t.hand, t.finger): t.key for t in trajectory.taps if t.press_ns <= stamp_ns <= t.release_ns
        }


def test_the_frame_rate_changes_the_frames_and_not_the_motion():
    """At 60 Hz every second frame is one of 30 Hz; the taps are the same."""
    slow, fast = (simulate_typing("as", LAYOUT, 3, "normal", frame_rate_hz=rate) for rate in (30.0, 60.0))
    assert slow.taps == fast.taps
    assert np.abs(np.array(fast.stamps_ns[::2]) - np.array(slow.stamps_ns)).max() <= 1
    for one, two in zip(slow.poses, fast.poses[::2], strict=True):
        assert one.keys() == two.keys()
        for hand in one:
            np.testing.assert_allclose(one[hand].angles_rad, two[hand].angles_rad, atol=1e-9)


def test_trajectory_depends_only_on_the_seed():
    """Equal seeds give bit-identical trajectories; another seed gives another trajectory."""
    first, again, other = (simulate_typing("fig", LAYOUT, seed, "normal") for seed in (3, 3, 4))
    assert first.taps == again.taps
    assert first.taps != other.taps
    for one, two in zip(first.poses, again.poses, strict=True):
        for hand in one:
            np.testing.assert_array_equal(one[hand].angles_rad, two[hand].angles_rad)


def test_typing_speed_matches_the_setting():
    """Over a long text the mean onset interval matches the typing speed within 5 %."""
    for words_per_minute in (25.0, 45.0):
        intervals_s = timing.sample_onset_intervals_s(np.random.default_rng(0), 5000, words_per_minute)
        assert intervals_s.mean() == pytest.approx(60 / (5 * words_per_minute), rel=0.05)


def test_tap_durations_follow_the_measured_percentiles():
    """Sampled tap durations are within 6 % of the measured percentiles, from the 5th to the 99th."""
    drawn_ms = 1000 * timing.sample_tap_durations_s(np.random.default_rng(0), 20000)
    for percentile, measured_ms in zip(timing.TAP_PERCENTILES[1:-1], timing.TAP_DURATION_MS[1:-1], strict=True):
        assert np.percentile(drawn_ms, percentile) == pytest.approx(measured_ms, rel=0.06)


def test_true_contacts_last_as_long_as_measured():
    """The contacts in the ground truth, after everything that shortens taps: percentiles 5 to 75 within 10 % of the
    measured ones, the 95th within 20 %; 38 % of the taps are shorter than two frames, within 4 %; none is under 10 ms.
    """
    text = "the quick brown fox jumps over the lazy dog while my old box of jugs waits"
    taps = [tap for seed in range(6) for tap in plan_typing(text, LAYOUT, seed, "normal").taps]
    durations_ms = np.array([(tap.release_ns - tap.press_ns) / 1e6 for tap in taps])
    for percentile, tolerance in ((5, 0.1), (25, 0.1), (50, 0.1), (75, 0.1), (95, 0.2)):
        measured_ms = np.interp(percentile, timing.TAP_PERCENTILES, timing.TAP_DURATION_MS)
        assert np.percentile(durations_ms, percentile) == pytest.approx(measured_ms, rel=tolerance)
    assert (durations_ms < 67).mean() == pytest.approx(0.38, abs=0.04)
    assert durations_ms.min() > 10


@pytest.mark.parametrize("seed", range(3))
def test_fingers_are_curled_or_stretched(seed):
    """Stretched fingers bend by less than 15 degrees in every frame, and reach their keys; curled ones bend by more
    than 25 degrees in most."""
    bends_deg = {}
    for posture in POSTURES:
        trajectory = simulate_typing(TEXT, LAYOUT, seed, "normal", posture=posture)
        bends_deg[posture] = np.rad2deg(
            [pose.angles_rad[1:, MIDDLE_FLEXION] for poses in trajectory.poses for pose in poses.values()]
        )
        for tap, key in zip(trajectory.taps, find_keys(TEXT, LAYOUT), strict=True):
            assert LAYOUT.key_at(tap.x_m, tap.y_m) == key
    assert bends_deg["stretched"].max() < 15
    assert bends_deg["stretched"].min() > 0
    assert np.percentile(bends_deg["curled"], 25) > 25


@pytest.mark.parametrize("difficulty", DIFFICULTIES)
def test_flat_hands_stay_above_the_desk(difficulty):
    """Only the pads of stretched fingers touch: no other skin sinks more than a millimetre into the desk."""
    plan = plan_typing(TEXT, LAYOUT, 0, difficulty, posture="stretched")
    times_s = np.arange(2.0, plan.end_s, 0.1)
    for hand in HANDS:
        lowest_m = [plan.models[hand].min_height_m(pose) for pose in plan.motions[hand].poses(times_s)]
        assert min(lowest_m) > -0.001


def test_untypable_characters_are_named():
    """Characters without a key are an error that names them and the layout."""
    with pytest.raises(ValueError, match=r"qwerty.*'\?', 'é'"):
        find_keys("où? é".replace("ù", "u"), LAYOUT)


def test_minimum_jerk_starts_and_ends_at_rest():
    """The curve rises monotonically from 0 to 1, with zero speed at the ends."""
    curve = minimum_jerk(np.linspace(-0.1, 1.1, 1201))
    assert curve[0] == 0
    assert curve[-1] == 1
    assert np.all(np.diff(curve) >= 0)
    assert np.diff(curve)[[101, -102]].max() < 1e-5
