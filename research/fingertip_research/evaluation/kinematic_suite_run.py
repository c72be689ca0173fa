"""Runs the kinematic suite: every profile on every participant, and the cost of each confounder for the default."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import cache, partial

import numpy as np

from fingertip_contact.contact.parameters import load_profile
from fingertip_contact.keyboard.key_decoder import KeyDecoder
from fingertip_contact.keyboard.language import LanguageModel, load_language
from fingertip_contact.keyboard.layout import Layout
from fingertip_contact.recordings.events import EventRecord
from fingertip_research.evaluation.contact_counts import ContactCounts, count_contacts
from fingertip_research.evaluation.fingertip_noise import NoiseModel
from fingertip_research.evaluation.fingertip_recording import FingertipRecording, detect
from fingertip_research.evaluation.kinematic_suite import (
    PARTICIPANTS,
    Condition,
    Trial,
    make_conditions,
    make_simulated_participant,
    make_trial,
)
from fingertip_research.ground_truth.recording import GroundTruth
from fingertip_research.simulation.kinematic_typing import Confounders

# The detector that this suite describes: it decides by sharp depth and flow, which are what the suite simulates. The
# default profile sees images.
DEFAULT_PROFILE = "sharp_depth"
# A profile that receives each finger's true thickness.
THICKNESS_SUFFIX = "+thickness"
PROFILES = ("depth_only", "velocity_only", "paper", "paper" + THICKNESS_SUFFIX, "evidence", DEFAULT_PROFILE)

# Ablations and speeds are evaluated under every second of the standard conditions.
ABLATION_STRIDE = 2
# The default with all confounders, under those conditions.
NO_ABLATION = "with all"
# Name -> the confounders that remain.
ABLATIONS = {
    "near misses": Confounders(near_misses=False),
    "rests": Confounders(rests=False),
    "neighbours": Confounders(finger_coupling=False),
    "all three": Confounders(near_misses=False, rests=False, finger_coupling=False),
}
# Speeds for which targets of the character error rate exist.
SPEEDS_WPM = (45.6, 70.0)


@dataclass(frozen=True)
class TrialResult:
    """group: a profile's name, NO_ABLATION, "without X", or "X WPM"."""

    group: str
    participant: int
    condition: Condition
    counts: ContactCounts


def detect_with_profile(
    recording: FingertipRecording,
    finger_thickness_m: np.ndarray,
    profile: str,
    layout: Layout,
    words_decoder: KeyDecoder | None = None,
) -> list[EventRecord]:
    """The events that a profile detects. finger_thickness_m: (10,), for profiles with THICKNESS_SUFFIX. words_decoder:
    see `detect`.

    Raises ValueError for an unknown profile.
    """
    if profile.endswith(THICKNESS_SUFFIX):
        recording = recording.subtract_thickness(finger_thickness_m)
    return detect(recording, load_profile(profile.removesuffix(THICKNESS_SUFFIX)), layout, words_decoder)


def count_with_profile(
    recording: FingertipRecording,
    finger_thickness_m: np.ndarray,
    profile: str,
    layout: Layout,
    truth: GroundTruth,
) -> ContactCounts:
    """What a profile detects, against the truth; the text also as read with the built-in word list."""
    words_decoder = KeyDecoder(layout, language=_load_words())
    events = detect_with_profile(recording, finger_thickness_m, profile, layout, words_decoder)
    return count_contacts(events, truth, recording.stamps_ns, words_decoder.text)


@cache
def _load_words() -> LanguageModel:
    return load_language("english")


def run_suite(
    layout: Layout,
    noise_model: NoiseModel,
    profiles: Sequence[str] = PROFILES,
    characters: int = 40,
    workers: int = 1,
    participants: Sequence[int] = PARTICIPANTS,
    progress: Callable[[int], object] = lambda participant: None,
) -> list[TrialResult]:
    """All trials. characters: approximate length of each text. progress: called with each completed participant."""
    run = partial(run_participant, layout=layout, noise_model=noise_model, profiles=profiles, characters=characters)
    results: list[TrialResult] = []
    if workers <= 1:
        for participant in participants:
            results += run(participant)
            progress(participant)
        return results
    with ProcessPoolExecutor(workers) as pool:
        for participant, found in zip(participants, pool.map(run, participants), strict=True):
            results += found
            progress(participant)
    return results


def run_participant(
    participant: int, layout: Layout, noise_model: NoiseModel, profiles: Sequence[str], characters: int
) -> list[TrialResult]:
    """One participant: every profile under the standard conditions; the default also without each confounder and at
    SPEEDS_WPM."""
    person = make_simulated_participant(participant, layout, characters)
    standard = make_conditions(participant)
    runs = [(profile, profile, condition) for profile in profiles for condition in standard]
    if DEFAULT_PROFILE in profiles:
        ablation_conditions = standard[::ABLATION_STRIDE]
        runs += [(NO_ABLATION, DEFAULT_PROFILE, condition) for condition in ablation_conditions]
        runs += [
            (f"without {name}", DEFAULT_PROFILE, replace(condition, confounders=confounders))
            for name, confounders in ABLATIONS.items()
            for condition in ablation_conditions
        ]
        runs += [
            (f"{speed:g} WPM", DEFAULT_PROFILE, replace(condition, words_per_minute=speed))
            for speed in SPEEDS_WPM
            for condition in ablation_conditions
        ]
    trials: dict[Condition, Trial] = {}
    counts_by_trial: dict[tuple[str, Condition], ContactCounts] = {}
    results = []
    for group, profile, condition in runs:
        if condition not in trials:
            trials[condition] = make_trial(person, condition, noise_model)
        if (profile, condition) not in counts_by_trial:
            counts_by_trial[profile, condition] = _count_trial(trials[condition], profile, layout)
        results.append(TrialResult(group, participant, condition, counts_by_trial[profile, condition]))
    return results


def _count_trial(trial: Trial, profile: str, layout: Layout) -> ContactCounts:
    return count_with_profile(trial.recording, trial.finger_thickness_m, profile, layout, trial.truth)
