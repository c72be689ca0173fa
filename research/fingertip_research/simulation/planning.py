"""Plans the motion of typing hands: taps with finger, position and time, coupled fingers, near misses and rests."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from fingertip_contact.datatypes import FINGERS, HANDS, Handedness
from fingertip_contact.geometry import RigidTransform
from fingertip_contact.keyboard.layout import Key, Layout
from fingertip_research.simulation.camera_view import View
from fingertip_research.simulation.hand import HandModel, HandPose, make_chain_joint_names
from fingertip_research.simulation.image_edges import find_edge_offset_m, sample_entry_edge, sample_exit_edge
from fingertip_research.simulation.kinematics import FingerSolver, expand_angles, place_wrist
from fingertip_research.simulation.motion import Aim, HandMotion, Passage
from fingertip_research.simulation.participant import Participant
from fingertip_research.simulation.strokes import MinimumJerkPulse, SmoothNoise, Stroke, make_tap_stroke
from fingertip_research.simulation.timing import sample_onset_intervals_s, sample_tap_durations_s

CALIBRATION_S = 1.0
ENTER_S = 0.9
LEAVE_S = 0.9
WAIT_S = 1.0

# Home keys of the index to the little finger, by the characters that they write.
HOME_KEYS: dict[Handedness, str] = {"left": "fdsa", "right": "jkl;"}
# Thumbs wait towards the middle and the typist relative to the index fingers, over the space bar.
INWARD_SIGN: dict[Handedness, float] = {"left": 1.0, "right": -1.0}
THUMB_INWARD_M, THUMB_BACKWARD_M = 0.017, 0.043
# Distance behind their keys at which the fingers wait with a retraction of 1, so that the long fingers hide neither
# keys nor the little finger.
RETRACTION_M = np.array([0.0, 0.005, 0.009, 0.012, 0.0])
# A descending thumb swings out from under the hand by this distance.
THUMB_SWING_M = 0.004
THUMB_HOVER_M = 0.004

DESCENT_S, ASCENT_S = (0.07, 0.12), (0.07, 0.12)
TRAVEL_S = 0.13
RETURN_S = 0.25
# Minimum time between the lift-off and the next touch-down of a finger.
MIN_SAME_FINGER_INTERVAL_S = 0.13
# To keep that interval a tap may be truncated, but not below this duration.
MIN_TRUNCATED_TAP_S = 0.1
# The pad is up this long before and after a contact.
CLEARANCE_S = 0.06
# Without rollover, a key is released this long before the next touch-down.
RELEASE_LEAD_S = 0.06
KEY_MARGIN_M = 0.003
LONG_REACH_M = 0.025

# Maximum height of an idle pad relative to its hover height; see SmoothNoise.
MAX_HOVER_RATIO = 1.3
THUMB_FLEXION_RATIO = 0.3
_COMFORT_STEP, _COMFORT_STEPS = 0.03, 60

# Ratio of the descent of a coupled finger to that of its typing neighbour, (low, high): fingers with common tendons are
# coupled most (ring and little finger; Haeger-Ross and Schieber 2000). Thumb and index, index and middle, middle and
# ring, ring and little.
COUPLING_RANGES = ((0.0, 0.05), (0.15, 0.45), (0.25, 0.6), (0.4, 0.8))
SECOND_NEIGHBOUR_COUPLING = 0.4
# A point is out of reach if the pad stays farther from it than this.
REACH_TOLERANCE_M = 0.0005


@dataclass(frozen=True)
class PlannedTap:
    """An intended tap. press_s, release_s: relative to the recording's start."""

    key: Key
    text: str
    hand: Handedness
    finger: int
    point_m: np.ndarray
    press_s: float
    release_s: float


def find_keys(text: str, layout: Layout) -> list[Key]:
    """The key for each character. Raises ValueError for no text, or naming the characters that cannot be typed."""
    if not text:
        raise ValueError("the text is empty; give at least one character, or render hands that do not type")
    missing = sorted(set(text) - layout.by_text.keys())
    if missing:
        raise ValueError(
            f"layout {layout.name} has no key that writes {', '.join(map(repr, missing))}; "
            f"it writes {''.join(sorted(layout.by_text))!r}"
        )
    home = "".join(HOME_KEYS.values())
    if not set(home) <= layout.by_text.keys():
        raise ValueError(f"layout {layout.name} has no home row {home!r}, over which the hands wait")
    return [layout.by_text[character] for character in text]


def plan_taps(
    keys: list[Key],
    text: str,
    layout: Layout,
    participant: Participant,
    start_s: float,
    random: np.random.Generator,
) -> list[PlannedTap]:
    """Time, finger and position of each tap, in the order of the text."""
    habits = participant.habits
    durations_s = sample_tap_durations_s(random, len(keys))
    intervals_s = sample_onset_intervals_s(random, len(keys), participant.words_per_minute)
    taps: list[PlannedTap] = []
    press_s = start_s
    for key, character, duration_s, interval_s in zip(keys, text, durations_s, intervals_s, strict=True):
        hand, finger = _choose_finger(key, layout)
        own = [
            number
            for number, tap in enumerate(taps)
            if tap.hand == hand and (habits.moves_whole_hand or tap.finger == finger)
        ]
        if own:
            last = taps[own[-1]]
            press_s = max(
                press_s,
                last.press_s + MIN_SAME_FINGER_INTERVAL_S + min(last.release_s - last.press_s, MIN_TRUNCATED_TAP_S),
            )
            taps[own[-1]] = _truncate_tap(last, press_s - MIN_SAME_FINGER_INTERVAL_S)
        if taps and not habits.rollover:
            taps[-1] = _truncate_tap(taps[-1], press_s - RELEASE_LEAD_S)
        point_m = _sample_target_m(key, habits.scatter_m, random)
        taps.append(PlannedTap(key, character, hand, finger, point_m, press_s, press_s + duration_s))
        press_s += interval_s
    return taps


def _truncate_tap(tap: PlannedTap, release_s: float) -> PlannedTap:
    return replace(tap, release_s=min(tap.release_s, release_s))


def _choose_finger(key: Key, layout: Layout) -> tuple[Handedness, int]:
    """The finger that the layout assigns to the key, else the one with the nearest home position."""
    if key.name in layout.fingers:
        hand, finger = layout.fingers[key.name]
        return hand, FINGERS.index(finger)
    homes = [(hand, finger, point) for hand in HANDS for finger, point in enumerate(_home_positions_m(hand, layout))]
    hand, number, _ = min(homes, key=lambda home: float(np.hypot(*(home[2] - key.center_m))))
    return hand, number


def _home_positions_m(hand: Handedness, layout: Layout) -> np.ndarray:
    """(5, 2) home positions of the pads."""
    fingers_m = [layout.by_text[character].center_m for character in HOME_KEYS[hand]]
    x_m, y_m = fingers_m[0]
    return np.array([(x_m + INWARD_SIGN[hand] * THUMB_INWARD_M, y_m - THUMB_BACKWARD_M), *fingers_m])


def _sample_target_m(key: Key, scatter_m: float, random: np.random.Generator) -> np.ndarray:
    """The point at which a tap aimed at a key lands."""
    half_m = np.array(key.size_m) / 2 - KEY_MARGIN_M
    return np.array(key.center_m) + np.clip(random.normal(0, scatter_m, 2), -half_m, half_m)


def make_idle_hand(
    model: HandModel, layout: Layout, participant: Participant, random: np.random.Generator
) -> HandMotion:
    """A hand over its home keys, without taps."""
    home_m = _home_positions_m(model.hand, layout)
    hover_m = participant.hover_m[HANDS.index(model.hand)].copy()
    hover_m[0] += THUMB_HOVER_M
    wrist = place_wrist(model, participant.posture, home_m[1:], float(hover_m[1:].mean()))
    is_stretched = participant.posture.is_stretched
    relaxed = FingerSolver(model, participant.posture.free_angles(), is_stretched)
    home_m[:, 1] -= participant.habits.retraction * RETRACTION_M
    if is_stretched:
        # Stretched fingers differ in length: they wait where they are, and the hand brings them to their keys.
        home_m[1:] = relaxed.find_pads_m(wrist)[1:, :2]
    home_m, angles = _find_reachable_home(relaxed, wrist, home_m, hover_m)
    return HandMotion(
        solver=FingerSolver(model, angles[:, :3], is_stretched),
        wrist=wrist,
        home_m=home_m,
        hover_m=hover_m,
        vertical_motion=[SmoothNoise.sample(random, 0.08, (0.1, 0.5)) for _ in FINGERS],
        drift=(
            SmoothNoise.sample(random, participant.habits.drift_m, (0.03, 0.15)),
            SmoothNoise.sample(random, participant.habits.drift_m, (0.03, 0.15)),
        ),
        tremor=[SmoothNoise.sample(random, 0.0001, (7.0, 11.0)) for _ in FINGERS],
        forward_coupling=participant.habits.forward_coupling,
        little_finger_coupling=participant.habits.little_finger_coupling,
        retraction_m=participant.habits.near_key_retraction * RETRACTION_M,
    )


def add_passages(motion: HandMotion, hand: Handedness, view: View, end_s: float, random: np.random.Generator) -> None:
    """The hand comes in over one edge of the image after the calibration, and leaves over one from end_s on."""
    entry_m = find_edge_offset_m(sample_entry_edge(random), hand, view)
    exit_m = find_edge_offset_m(sample_exit_edge(random), hand, view)
    motion.passages.append(Passage(entry_m, CALIBRATION_S, CALIBRATION_S + ENTER_S, is_entry=True))
    motion.passages.append(Passage(exit_m, end_s, end_s + LEAVE_S, is_entry=False))


def _find_reachable_home(
    solver: FingerSolver, wrist: RigidTransform, home_m: np.ndarray, hover_m: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Home positions from which the pads can move, (5, 2), and the joint angles there, (5, 4).

    Fingers differ in length: a small hand's thumb and little finger wait short of their keys, closer to their knuckles.
    """
    relaxed = HandPose(wrist, expand_angles(solver.start))
    joints_m, pads_m = solver.model.joints(relaxed), solver.model.fingertip_pads(relaxed)
    comfortable_m = np.array([joints_m[make_chain_joint_names(finger)[0]][:2] for finger in FINGERS])
    # The thumb's first joint lies far back in the palm: its comfortable point is slightly short of its relaxed pad.
    comfortable_m[0] = pads_m[0, :2] + THUMB_FLEXION_RATIO * (
        joints_m[make_chain_joint_names("thumb")[1]][:2] - pads_m[0, :2]
    )
    # The extreme heights of a waiting pad: the surface, and the upper end of its variation.
    levels_m = np.stack([np.zeros(len(FINGERS)), hover_m, MAX_HOVER_RATIO * hover_m])
    rotations, origins_m = np.tile(wrist.rotation, (len(levels_m), 1, 1)), np.tile(wrist.translation_m, (3, 1))
    for _ in range(_COMFORT_STEPS):
        pads_m = np.concatenate([np.tile(home_m, (len(levels_m), 1, 1)), levels_m[..., None]], axis=-1)
        angles, error_m = solver.solve(rotations, origins_m, pads_m)
        strained = error_m.max(axis=0, keepdims=True).T > REACH_TOLERANCE_M
        if not strained.any():
            return home_m, angles[1]
        home_m = np.where(strained, home_m + _COMFORT_STEP * (comfortable_m - home_m), home_m)
    raise RuntimeError(
        f"the {solver.model.hand} hand has no reachable home position: its pads stay {error_m.max() * 1000:.1f} mm off"
    )


def add_taps(motion: HandMotion, taps: list[PlannedTap], participant: Participant, random: np.random.Generator) -> None:
    """Adds strokes and aims for the taps of one hand, in their order, and strokes of coupled fingers."""
    previous_end_s: dict[int, float] = {}
    for tap in taps:
        descent_s, ascent_s = random.uniform(*DESCENT_S), random.uniform(*ASCENT_S)
        available_s = tap.press_s - previous_end_s.get(tap.finger, -np.inf)
        descent_s = min(descent_s, 0.8 * available_s)
        stroke = make_tap_stroke(tap.press_s, tap.release_s, motion.hover_m[tap.finger], descent_s, ascent_s)
        motion.strokes[tap.finger].append(stroke)
        previous_end_s[tap.finger] = tap.release_s
        pulse = stroke.pulse
        travel_s = min(TRAVEL_S, 0.9 * available_s)
        aim = MinimumJerkPulse(
            pulse.start_s + 0.5 * descent_s - travel_s, travel_s, pulse.fall_at_s + 0.4 * ascent_s, RETURN_S
        )
        point_m = _choose_thumb_target_m(motion, tap) if tap.finger == 0 else tap.point_m
        # If the thumb waits over its key, the hand does not move.
        reaches = point_m[1] == motion.home_m[0, 1]
        stays = tap.finger == 0 and not participant.habits.moves_whole_hand and reaches
        shift_m = np.zeros(3) if stays else motion.plan_wrist_shift_m(tap.finger, point_m, tap.press_s)
        motion.aims.append(Aim(tap.finger, point_m, shift_m, aim))
        _add_coupled_fingers(motion, tap, pulse, participant, random)


def _choose_thumb_target_m(motion: HandMotion, tap: PlannedTap) -> np.ndarray:
    """The point at which a thumb touches a wide key: nearest to its home, shifted out from under the hand."""
    half_m = np.array(tap.key.size_m) / 2 - KEY_MARGIN_M
    preferred_m = motion.home_m[0] + (INWARD_SIGN[tap.hand] * THUMB_SWING_M, 0.0)
    return np.clip(preferred_m, tap.key.center_m - half_m, tap.key.center_m + half_m)


def _add_coupled_fingers(
    motion: HandMotion, tap: PlannedTap, pulse: MinimumJerkPulse, participant: Participant, random: np.random.Generator
) -> None:
    """Adds strokes of the typing finger's neighbours, which descend with it but never to the surface."""
    habits = participant.habits
    for other in range(1, len(FINGERS)):
        distance = abs(other - tap.finger)
        if tap.finger == 0 or distance not in (1, 2):
            continue
        low, high = COUPLING_RANGES[max(min(other, tap.finger), 1) if distance == 1 else 1]
        amplitude = (
            random.uniform(low, high) * habits.finger_coupling * (1.0 if distance == 1 else SECOND_NEIGHBOUR_COUPLING)
        )
        lag_s = random.normal(0.008, 0.012)
        duration_factor = random.uniform(1.0, 1.3)
        coupled_pulse = MinimumJerkPulse(
            pulse.start_s + lag_s,
            pulse.rise_s * duration_factor,
            pulse.fall_at_s + lag_s,
            pulse.fall_s * duration_factor,
        )
        motion.strokes[other].append(Stroke(coupled_pulse, habits.min_hover_m, min(amplitude, 0.95)))


def add_near_misses(
    motion: HandMotion, taps: list[PlannedTap], participant: Participant, random: np.random.Generator
) -> None:
    """Adds strokes of fingers that descend as if to type, without contact."""
    habits = participant.habits
    for tap in taps:
        finger = int(random.integers(1, len(FINGERS)))
        turn_s = tap.press_s + random.uniform(-0.15, 0.35)
        turn_height_m = random.uniform(*habits.near_miss_height_m) if habits.near_miss_ratio else 0.0
        descent_s, hold_s, ascent_s = random.uniform(*DESCENT_S), random.uniform(0.0, 0.06), random.uniform(*ASCENT_S)
        if random.random() >= habits.near_miss_ratio or not _is_idle(taps, finger, turn_s - 0.3, turn_s + 0.4):
            continue
        pulse = MinimumJerkPulse(turn_s - descent_s, descent_s, turn_s + hold_s, ascent_s)
        motion.strokes[finger].append(Stroke(pulse, turn_height_m))


def add_rests(
    motion: HandMotion,
    hand: Handedness,
    taps: list[PlannedTap],
    participant: Participant,
    end_s: float,
    random: np.random.Generator,
) -> list[tuple[Handedness, int, Stroke]]:
    """Adds rests of 0.5 to 2.5 s; thumbs rest as often as all other fingers together."""
    rests = []
    start_s = CALIBRATION_S + ENTER_S + 0.3
    reserved: list[tuple[int, float, float]] = []
    for _ in range(random.poisson(participant.habits.rest_rate_hz * (end_s - start_s))):
        finger = 0 if random.random() < 0.5 else int(random.integers(1, len(FINGERS)))
        from_s, length_s = random.uniform(start_s, end_s), random.uniform(0.5, 2.5)
        until_s = from_s + length_s
        free = all(finger != other or until_s < first or from_s > last for other, first, last in reserved)
        if not free or until_s + 0.6 > end_s or not _is_idle(taps, finger, from_s - 0.4, until_s + 0.6):
            continue
        if _is_long_reach(motion, from_s, until_s + 0.3):
            continue
        reserved.append((finger, from_s - 0.4, until_s + 0.8))
        stroke = Stroke(MinimumJerkPulse(from_s, 0.25, until_s, 0.25), -0.001)
        motion.strokes[finger].append(stroke)
        rests.append((hand, finger, stroke))
    return rests


def _is_long_reach(motion: HandMotion, from_s: float, until_s: float) -> bool:
    """Whether the hand moves to a far key in the interval; resting fingers would move with it."""
    return any(
        np.linalg.norm(aim.shift_m) > LONG_REACH_M and aim.pulse.start_s < until_s and aim.pulse.end_s > from_s
        for aim in motion.aims
    )


def _is_idle(taps: list[PlannedTap], finger: int, from_s: float, until_s: float) -> bool:
    return all(tap.finger != finger or tap.release_s < from_s or tap.press_s > until_s for tap in taps)
