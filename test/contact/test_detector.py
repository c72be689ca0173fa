"""The detector: taps become presses with the right finger and time; every press ends once; bad input never raises."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from contact_world import CAMERA, FRAME_NS, make_desk_plane, make_detector, make_hand, make_pad_heights, make_samples
from fingertip_contact.contact.detector import ContactDetector
from fingertip_contact.contact.parameters import ContactParameters, load_profile
from fingertip_contact.datatypes import FINGERS, HANDS, ContactEvent, DepthImage, Frame, Hand, Surface

HANDS_IN_VIEW = (make_hand(0), make_hand(1))
START_NS = 1_000_000_000


def run_detector(detector: ContactDetector, height_m: np.ndarray, start_ns: int = START_NS) -> list[ContactEvent]:
    events: list[ContactEvent] = []
    for index, row in enumerate(height_m):
        measured = make_samples(row, height_m[max(0, index - 1)])
        events.extend(detector.update(start_ns + index * FRAME_NS, HANDS_IN_VIEW, measured)[1])
    return events


def select_presses(events: list[ContactEvent]) -> list[tuple[int, int]]:
    """Column and time in milliseconds of each press."""
    return [
        (HANDS.index(e.hand) * 5 + FINGERS.index(e.finger), (e.contact_ns - START_NS) // 1_000_000)
        for e in events
        if e.type == "press"
    ]


def compare(
    pressed: list[tuple[int, int]], taps: list[tuple[int, float, float]], seed: int
) -> tuple[list[str], list[str]]:
    """Missed taps and false presses, each as "seed, hand finger, seconds": what a failure has to show."""

    def describe(column: int, ms: float) -> str:
        return f"seed {seed}, {HANDS[column // 5]} {FINGERS[column % 5]}, {ms / 1e3:.3f} s"

    def matches(press: tuple[int, int], tap: tuple[int, float, float]) -> bool:
        return press[0] == tap[0] and abs(press[1] - 1e3 * tap[1]) < 50

    missed = [describe(tap[0], 1e3 * tap[1]) for tap in taps if not any(matches(press, tap) for press in pressed)]
    false = [describe(*press) for press in pressed if not any(matches(press, tap) for tap in taps)]
    return missed, false


def add_noise(height_m: np.ndarray, sigma_m: float, seed: int) -> np.ndarray:
    return height_m + np.random.default_rng(seed).normal(0.0, sigma_m, height_m.shape)


def test_every_tap_is_one_press_of_its_finger() -> None:
    """Each finger's tap is one press by that finger, within 20 ms of its touch-down, and one release after it."""
    taps = [(column, 1.0 + 0.5 * column + 0.007 * column, 0.08) for column in range(10)]
    events = run_detector(make_detector(), add_noise(make_pad_heights(taps, 7.0), 0.0004, 1))
    assert compare(select_presses(events), taps, 1) == ([], [])
    for (_, detected_ms), (_, true_s, _) in zip(select_presses(events), taps, strict=True):
        assert detected_ms == pytest.approx(true_s * 1000, abs=20)
    assert [e.type for e in events] == ["press", "release"] * 10


@pytest.mark.parametrize("held_s", [0.1, 0.3, 1.5])
def test_release_reports_the_lift_off_time(held_s: float) -> None:
    """A release is decided once the finger is up, and carries the time of its lift-off: within 15 ms."""
    height_m = add_noise(make_pad_heights([(6, 1.0, held_s)], 3.5), 0.0003, 7)
    (release,) = [event for event in run_detector(make_detector(), height_m) if event.type == "release"]
    assert (release.contact_ns - START_NS) / 1e9 == pytest.approx(1.0 + held_s, abs=0.015)


def test_independently_moving_fingers_are_detected() -> None:
    """Twelve hands of which one finger moves at a time while all others stand still: of their 120 taps at most three
    are missed, and no press is false."""
    missed: list[str] = []
    false: list[str] = []
    for seed in range(12):
        hover_m, down_s, late_s = 0.008 + 0.001 * seed, 0.05 + 0.01 * (seed % 6), 0.003 * seed
        taps = [(column, 1.0 + 0.507 * column + late_s, down_s) for column in range(10)]
        height_m = add_noise(make_pad_heights(taps, 7.0, hover_m), 0.0004, seed)
        pressed = select_presses(run_detector(make_detector(), height_m))
        missed_of_seed, false_of_seed = compare(pressed, taps, seed)
        missed, false = missed + missed_of_seed, false + false_of_seed
    assert len(missed) <= 3, f"missed taps: {missed}"
    assert false == []


def test_taps_shorter_than_two_frames_are_detected() -> None:
    """A tap of 45 ms, shorter than two frames, is still a press."""
    taps = [(6, 1.0 + 0.61 * i, 0.045) for i in range(8)]
    pressed = select_presses(run_detector(make_detector(), make_pad_heights(taps, 7.0)))
    assert compare(pressed, taps, 0) == ([], [])


def test_coupled_neighbours_do_not_press() -> None:
    """A neighbour that dips to 2 mm with the tapping finger makes no press, from the second tap on at the latest."""
    taps = [(6, 1.0 + 0.6 * i, 0.08) for i in range(10)]
    height_m = make_pad_heights(taps, 8.0)
    height_m[:, 7] = np.maximum(height_m[:, 6], 0.002)
    detected = select_presses(run_detector(make_detector(), add_noise(height_m, 0.0003, 2)))
    missed, false = compare(detected, taps, 2)
    assert missed == []
    assert len(false) <= 1, f"false presses: {false}"


def test_near_misses_do_not_press() -> None:
    """A finger that reverses 4 mm above the desk does not press."""
    taps = [(7, 1.0 + 0.5 * i, 0.08) for i in range(10)]
    height_m = make_pad_heights(taps, 7.0)
    odd = ((np.arange(len(height_m)) * FRAME_NS / 1e9 - 0.75) // 0.5).astype(int) % 2 == 1
    height_m[odd, 7] = np.maximum(height_m[odd, 7], 0.004)
    pressed = select_presses(run_detector(make_detector(), add_noise(height_m, 0.0003, 3)))
    assert compare(pressed, taps[::2], 3) == ([], [])


@pytest.mark.parametrize("thickness_m", [-0.0025, 0.002, 0.004])
def test_contact_height_adapts_to_finger_thickness(thickness_m: float) -> None:
    """Fingers thinner or thicker than the prior: after ten taps most taps are found, and without false presses."""
    taps = [(5 + i % 4 + 1, 1.0 + 0.5 * i, 0.08) for i in range(40)]
    height_m = add_noise(make_pad_heights(taps, 22.0, 0.014), 0.0003, 4) + thickness_m
    pressed = select_presses(run_detector(make_detector(), height_m))
    missed, false = compare([press for press in pressed if press[1] > 6000], [tap for tap in taps if tap[1] > 6.0], 4)
    assert len(missed) <= 2, f"missed taps: {missed}"
    assert len(false) <= 1, f"false presses: {false}"


def test_resting_finger_does_not_press() -> None:
    """A finger that comes to rest slowly and stays does not press."""
    height_m = np.full((150, 10), 0.012)
    height_m[30:, 2] = np.clip(0.012 - 0.0003 * np.arange(120), 0.0, None)
    assert not run_detector(make_detector(), add_noise(height_m, 0.0003, 5))


def test_arriving_hand_does_not_press() -> None:
    """A hand that comes down to the desk as a whole and stops there types nothing, though its middle finger touches."""
    height_m = np.full((90, 10), 0.012)
    height_m[:, 5:] += np.interp(np.arange(90), [0, 25, 32], [0.06, 0.06, 0.0])[:, None]
    height_m[32:36, 7] = 0.0
    height_m[32:36, 5:] = np.minimum(height_m[32:36, 5:], 0.004)
    assert not select_presses(run_detector(make_detector(), add_noise(height_m, 0.0003, 6)))


def test_state_and_height_are_of_one_instant() -> None:
    """A pressed finger that rises over the exit height is reported as retracting in that very frame, though its release
    is decided later; and never as in contact while its height is over the exit height."""
    parameters, detector = ContactParameters(), make_detector()
    height_m = add_noise(make_pad_heights([(6, 1.0, 0.3)], 2.5), 0.0002, 8)
    states, heights_mm = [], []
    for index, row in enumerate(height_m):
        measured = make_samples(row, height_m[max(0, index - 1)])
        tips, _ = detector.update(START_NS + index * FRAME_NS, HANDS_IN_VIEW, measured)
        states.append(tips[6].state)
        heights_mm.append(1e3 * tips[6].height_m)
    contact = [index for index, state in enumerate(states) if state == "contact"]
    assert contact
    lowest_mm = min(heights_mm[index] for index in contact)
    assert max(heights_mm[index] for index in contact) <= lowest_mm + 1e3 * parameters.exit_height_m + 1.0
    assert states[contact[-1] + 1] == "retract"


def test_sliding_pressed_finger_sends_moves() -> None:
    """A finger that presses and slides 40 mm sends moves on its way, and a release where it ends."""
    height_m = make_pad_heights([(6, 1.0, 1.0)], 3.0)
    slid_m = np.interp(np.arange(len(height_m)) * FRAME_NS / 1e9, [1.3, 1.9], [0.0, 0.04])
    detector = make_detector()
    events: list[ContactEvent] = []
    for index, (row, shift_m) in enumerate(zip(height_m, slid_m, strict=True)):
        measured = make_samples(row, height_m[max(0, index - 1)])
        measured.contact_point_m[6, 1] += shift_m
        events.extend(detector.update(START_NS + index * FRAME_NS, HANDS_IN_VIEW, measured)[1])
    assert [e.type for e in events] == ["press", *["move"] * (len(events) - 2), "release"]
    assert 4 <= len(events) - 2 <= 6
    assert [e.press for e in events] == [1] * len(events)
    assert np.all(np.diff([e.point_m[1] for e in events[:-1]]) > 0.006)
    assert events[-1].point_m[1] == pytest.approx(0.04, abs=0.006)


def test_track_loss_cancels_open_presses() -> None:
    """A press whose hand leaves ends in one cancel, after track_loss_timeout_s."""
    detector = make_detector()
    height_m = make_pad_heights([(6, 1.0, 5.0)], 2.0)
    events = run_detector(detector, height_m)
    for index in range(len(height_m), len(height_m) + 15):
        events.extend(detector.update(START_NS + index * FRAME_NS, (), None)[1])
    assert [e.type for e in events] == ["press", "cancel"]
    assert events[0].press == events[1].press


def test_backward_time_jump_cancels_presses_and_resets() -> None:
    """A bag that loops: open presses are cancelled once, and the second pass gives the presses of the first."""
    detector = make_detector()
    height_m = make_pad_heights([(6, 1.0, 0.08), (2, 1.6, 0.08), (8, 2.3, 5.0)], 2.7)
    first, second = run_detector(detector, height_m), run_detector(detector, height_m)
    # Heights of contact are known better in the second: a touch's time may move by a little.
    for (column, at_ms), (second_events, second_ms) in zip(select_presses(first), select_presses(second), strict=True):
        assert second_events == column
        assert abs(second_ms - at_ms) <= 5
    assert [e.type for e in first] == ["press", "release", "press", "release", "press"]
    assert second[0].type == "cancel"
    assert second[0].press == first[-1].press


def test_cancel_all_cancels_open_presses_once() -> None:
    """cancel_all ends each open press in one cancel, and a second call has nothing left to end."""
    detector = make_detector()
    run_detector(detector, make_pad_heights([(6, 1.0, 5.0), (2, 1.2, 5.0)], 2.0))
    assert [e.type for e in detector.cancel_all(START_NS + 10**10)] == ["cancel", "cancel"]
    assert detector.cancel_all(START_NS + 10**10) == ()


def test_detector_is_deterministic() -> None:
    """Two detectors given the same samples give the same events."""
    height_m = add_noise(make_pad_heights([(1, 1.0, 0.1), (6, 1.3, 0.06), (8, 1.7, 0.2)], 3.0), 0.001, 6)
    results = [run_detector(make_detector(), height_m) for _ in range(2)]
    assert [(e.type, e.press, e.contact_ns, e.stamp_ns) for e in results[0]] == [
        (e.type, e.press, e.contact_ns, e.stamp_ns) for e in results[1]
    ]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(-(10**10), 10**10),
            st.lists(st.floats(), min_size=10, max_size=10),
            st.sampled_from([(), (0,), (1,), (0, 1), (1, 1), None]),
        ),
        max_size=40,
    ),
    st.sampled_from(["sharp_depth", "paper", "depth_only", "velocity_only"]),
)
@example([(1, [1e300] * 10, (0, 1)), (2, [-1e300] * 10, (0, 1)), (10**9, [0.0] * 10, (0, 1))], "sharp_depth")
@example([(1, [9e4] * 10, (0, 1)), (2, [-9e4] * 10, (0, 1)), (10**9, [0.0] * 10, (0, 1))], "sharp_depth")
def test_arbitrary_input_streams_are_handled(
    stream: list[tuple[int, list[float], tuple[int, ...] | None]], profile: str
) -> None:
    """Any stamps, heights and hands: nothing is raised, presses are numbered and end once, no stamp is exceeded."""
    detector, is_open = make_detector(load_profile(profile)), dict[int, bool]()
    for stamp_ns, heights, sides in stream:
        frame = Frame(stamp_ns, "camera", CAMERA, np.zeros((480, 640, 3), np.uint8), None)
        if sides is None:
            events = detector.process(frame, HANDS_IN_VIEW, None)[1]
        elif sides == (0, 1):
            events = detector.update(stamp_ns, HANDS_IN_VIEW, make_samples(np.array(heights)))[1]
        else:
            events = detector.process(frame, tuple(make_hand(side) for side in sides), None)[1]
        for event in events:
            assert event.contact_ns <= event.stamp_ns == stamp_ns
            assert is_open.get(event.press) is (None if event.type == "press" else True)
            is_open[event.press] = event.type == "press"
    for event in detector.cancel_all(10**11):
        assert is_open[event.press]
        is_open[event.press] = False
    assert not any(is_open.values())


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e30, -1e9])
def test_invalid_landmarks_are_treated_as_missing(bad: float) -> None:
    """NaN, infinite or far landmarks: the fingers are lost, nothing is raised."""
    plane = make_desk_plane(60)
    broken = Hand(1, "left", 1.0, 1.0, np.full((21, 2), bad, np.float32))
    frame = Frame(
        1, "camera", CAMERA, np.zeros((480, 640, 3), np.uint8), DepthImage(np.full((480, 640), 300, np.uint16), 0.001)
    )
    tips, events = make_detector().process(frame, (broken,), Surface(plane, plane, 0.0, 1.0, 0))
    assert {tip.state for tip in tips} == {"lost"}
    assert events == ()
