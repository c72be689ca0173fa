"""Recordings without typing: hands that come, move, rest and leave."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fingertip_contact.datatypes import FINGERS, HANDS, Handedness
from fingertip_contact.keyboard.layout import load_layout
from fingertip_research.simulation.hands_only import simulate_hands_only
from fingertip_research.simulation.rendered_typing import SampledTypingTrajectory
from fingertip_research.simulation.scene import Scene, make_scene
from fingertip_research.simulation.trajectory import simulate_trajectory

SECONDS = 60.0


@pytest.fixture(scope="module")
def trajectory() -> SampledTypingTrajectory:
    return simulate_hands_only(SECONDS, 3, "normal", "facing")


def test_nothing_is_typed(trajectory: SampledTypingTrajectory) -> None:
    """No taps, no text; each hand is there for a while, and away for a while, after the calibration."""
    assert trajectory.taps == ()
    assert trajectory.text == ""
    assert trajectory.words_per_minute is None
    assert len(trajectory.poses) == SECONDS * 30
    assert not any(trajectory.poses[: round(trajectory.calibration_seconds * 30)])
    for hand in HANDS:
        present = np.array([hand in poses for poses in trajectory.poses])
        assert 0.4 < present.mean() < 0.97
        assert (np.diff(present.astype(int)) == 1).sum() >= 2
        assert not present[-1]


def test_rests_are_the_contacts(trajectory: SampledTypingTrajectory) -> None:
    """A pad is at or below the surface exactly during the rests of its finger; flat hands rest with all fingers."""
    assert {rest.finger for rest in trajectory.rests} == set(FINGERS)
    for number in range(0, len(trajectory.poses), 2):
        for hand, pose in trajectory.poses[number].items():
            touching = trajectory.models[hand].fingertip_pads(pose)[:, 2] <= 0
            assert {FINGERS[index] for index in np.flatnonzero(touching)} == set(trajectory.contacts[number][hand])


def test_hands_stay_above_the_desk(trajectory: SampledTypingTrajectory) -> None:
    """No skin sinks more than a millimetre into the desk; hands also move centimetres above it."""
    lowest_m = [
        trajectory.models[hand].min_height_m(pose) for poses in trajectory.poses[::3] for hand, pose in poses.items()
    ]
    assert min(lowest_m) > -0.001
    assert max(lowest_m) > 0.05


def test_hands_do_not_jump(trajectory: SampledTypingTrajectory) -> None:
    """While a hand is there, its wrist moves less than 10 cm and a joint turns less than 60 degrees a frame."""
    for before, after in zip(trajectory.poses, trajectory.poses[1:], strict=False):
        for hand in before.keys() & after.keys():
            step_m = after[hand].wrist.translation_m - before[hand].wrist.translation_m
            assert np.linalg.norm(step_m) < 0.10
            assert np.abs(after[hand].angles_rad - before[hand].angles_rad).max() < np.deg2rad(60)


@pytest.mark.parametrize("view", ["facing", "own_side"])
def test_hands_come_in_over_every_edge(view: str) -> None:
    """In two minutes the middle fingertips come in over all four edges of the image."""
    crossed = set()
    for seed in (3, 4):
        scene = make_scene(seed, 60.0, "normal", 0.36, view=view)
        trajectory = simulate_trajectory(scene, load_layout("qwerty"), None, SECONDS)
        for hand in HANDS:
            pixels = project_middle_tips(scene, trajectory, hand)
            with np.errstate(invalid="ignore"):
                inside = np.all((pixels >= 0) & (pixels < (640, 480)), axis=1)
            for u, v in pixels[1:][inside[1:] & ~inside[:-1]]:
                crossed.add(min((u, "left"), (640 - u, "right"), (v, "top"), (480 - v, "bottom"))[1])
    assert crossed == {"left", "right", "top", "bottom"}


def project_middle_tips(scene: Scene, trajectory: SampledTypingTrajectory, hand: Handedness) -> np.ndarray:
    """(N, 2) pixels of a hand's middle fingertip; NaN where the hand is absent or behind the camera."""
    pixels = np.full((len(trajectory.poses), 2), np.nan)
    for number, poses in enumerate(trajectory.poses):
        if hand in poses:
            tip_m = trajectory.models[hand].joints(poses[hand])["middle_tip"]
            point = scene.camera_from_sheet.apply(tip_m[None])
            if point[0, 2] > 0.02:
                pixels[number] = replace(scene.color_camera, distortion=()).project(point)[0]
    return pixels


def test_motion_depends_only_on_seed_and_view() -> None:
    """Equal arguments give equal rests and poses; another seed gives others."""
    first, again, other = (simulate_hands_only(30.0, seed, "calm", "own_side") for seed in (1, 1, 2))
    assert first.rests == again.rests
    assert first.rests != other.rests
    for one, two in zip(first.poses, again.poses, strict=True):
        for hand in one:
            np.testing.assert_array_equal(one[hand].angles_rad, two[hand].angles_rad)


@pytest.mark.parametrize(
    ("text", "seconds", "message"),
    [(None, None, "give either"), ("hi", 60.0, "give either"), (None, 5.0, "seconds is 5.0: choose 30 to 600")],
)
def test_impossible_recordings_are_rejected(text: str | None, seconds: float | None, message: str) -> None:
    """A text or a time, not both and not neither; the time has limits."""
    with pytest.raises(ValueError, match=message):
        simulate_trajectory(make_scene(1, 60.0), load_layout("qwerty"), text, seconds)
