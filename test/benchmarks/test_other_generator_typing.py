"""The second generator's typists, with stand-ins for the hands of the package anny."""

from __future__ import annotations

import numpy as np
import pytest

from other_generator import actor
from other_generator.actor import HandAnimator
from other_generator.habits import Habits, Posture
from other_generator.reaching import fit_posture
from other_generator.schedule import Holds, Scheduler
from other_generator.sheet import read_sheet
from other_generator_recordings import SENTENCES
from other_generator_world import make_rod_hand

CENTERS_M = read_sheet().centers_m
TEXT = "hear the wind"


@pytest.fixture(autouse=True)
def _replace_hands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actor, "load_hand_cuts", lambda seed: {"left": None, "right": None})
    monkeypatch.setattr(actor, "make_hand", lambda cut, hand, length_m: make_rod_hand(hand))


def list_holds_s(holds: Holds) -> np.ndarray:
    """Durations of many taps."""
    random = np.random.default_rng(4)
    habits = Habits(CENTERS_M, "curled", random)
    scheduler = Scheduler(CENTERS_M, habits, lambda hand, finger, pad_m, shift_m: np.zeros(3), holds, random)
    return np.array([tap.release_s - tap.press_s for tap in scheduler.plan("pack my box with jugs " * 40)])


def test_taps_last_as_long_as_measured_ones() -> None:
    """Median 77 ms, 38 % under two frames of 30 a second, 5 % over 220 ms."""
    holds_s = list_holds_s("measured")
    assert np.median(holds_s) == pytest.approx(0.077, abs=0.006)
    assert (holds_s < 0.067).mean() == pytest.approx(0.38, abs=0.05)
    assert (holds_s > 0.220).mean() == pytest.approx(0.05, abs=0.02)


def test_the_first_recordings_keep_their_durations() -> None:
    """50 to 160 ms."""
    holds_s = list_holds_s("uniform")
    assert 0.05 <= holds_s.min() < holds_s.max() <= 0.16


def find_bends_deg(posture: Posture, seed: int) -> np.ndarray:
    """(4,) the flexion of all joints of each finger without the thumb, in the waiting hand."""
    random = np.random.default_rng(seed)
    habits = Habits(CENTERS_M, posture, random)
    _, values_rad = fit_posture(make_rod_hand("right"), habits.homes_m["right"], posture, random)
    return np.degrees(values_rad[1:, 1:]).sum(axis=1)


def test_stretched_fingers_are_flat() -> None:
    """A waiting finger bends by less than 35 degrees in all, a curled one by more."""
    for seed in range(4):
        assert find_bends_deg("stretched", seed).max() < 35
        assert find_bends_deg("curled", seed).max() > 40


@pytest.mark.parametrize("posture", ["curled", "stretched"])
def test_taps_meet_the_desk_on_their_keys(posture: Posture) -> None:
    """While a tap lasts its pad is on the desk and on its key; the pads of idle fingers are not on the desk."""
    animator = HandAnimator(7, TEXT, CENTERS_M, posture, "measured")
    for tap in animator.player.taps[:8]:
        animator.advance_to(tap.press_s - 0.05)
        state = animator.advance_to(0.5 * (tap.press_s + tap.release_s))[tap.hand]
        touching_m = state.contact_points_m[tap.finger]
        assert touching_m[2] == pytest.approx(0, abs=1e-4)
        assert np.linalg.norm(touching_m[:2] - tap.pad_m) < 0.008
        idle = [finger for finger in range(5) if finger != tap.finger]
        assert state.contact_points_m[idle, 2].min() > 0.001


def test_the_sets_of_the_stereo_camera_mix_views_and_postures() -> None:
    """Six recordings to develop with and six to test from both sides, curled and stretched; seeds and texts that no
    other set has."""
    for name in ("stereo_development", "stereo_test"):
        sentences = SENTENCES[name]
        assert sorted((each.side, each.angle_deg) for each in sentences) == [
            *(("facing", angle_deg) for angle_deg in (45.0, 60.0, 75.0)),
            *(("own_side", angle_deg) for angle_deg in (45.0, 60.0, 90.0)),
        ]
        assert {each.posture for each in sentences} == {"curled", "stretched"}
        assert {each.sensor for each in sentences} == {"stereo"}
        assert all(12 <= len(each.text) <= 18 for each in sentences)
    every = [each for sentences in SENTENCES.values() for each in sentences]
    assert len({each.seed for each in every}) == len({each.text for each in every}) == len(every)
