"""Runs the standard suite: every profile on every person, and what each trouble costs the default."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from fingertip_contact.contact.parameters import load_profile
from fingertip_contact.evaluation.contact_suite import (
    PARTICIPANTS,
    Condition,
    Trial,
    conditions_of,
    person_of,
    trial,
)
from fingertip_contact.evaluation.contact_tally import Tally, tally
from fingertip_contact.evaluation.fingertip_noise import NoiseFigures
from fingertip_contact.evaluation.fingertip_recording import FingertipRecording, detect
from fingertip_contact.keyboard.layout import Layout
from fingertip_contact.recordings.events import EventRecord
from fingertip_contact.simulation.kinematic import Trouble

DEFAULT = "default"
# A published rule that is told how thick each finger is.
WITH_THICKNESS = "+thickness"
PROFILES = ("depth_only", "velocity_only", "paper", "paper" + WITH_THICKNESS, "evidence", DEFAULT)

# What is compared below is so under every second of the standard conditions.
COMPARED_EVERY = 2
# The default with everything, under those.
SAME = "with all"
# What is left out, by name.
WITHOUT = {
    "near misses": Trouble(near_misses=False),
    "rests": Trouble(rests=False),
    "neighbours": Trouble(neighbours=False),
    "all three": Trouble(near_misses=False, rests=False, neighbours=False),
}
# The speeds at which errors of typed text are asked for.
SPEEDS_WPM = (45.6, 70.0)


@dataclass(frozen=True)
class TrialResult:
    """group: a profile's name, SAME, "without X", or "X WPM"."""

    group: str
    participant: int
    condition: Condition
    tally: Tally


def events_of(recording: FingertipRecording, finger_m: np.ndarray, profile: str, layout: Layout) -> list[EventRecord]:
    """What a profile finds. finger_m: (10,) thickness, for those that are told. Raises ValueError for its name."""
    if profile.endswith(WITH_THICKNESS):
        recording = recording.lowered(finger_m)
    return detect(recording, load_profile(profile.removesuffix(WITH_THICKNESS)), layout)


def run_suite(
    layout: Layout,
    figures: NoiseFigures,
    profiles: Sequence[str] = PROFILES,
    characters: int = 40,
    workers: int = 1,
    participants: Sequence[int] = PARTICIPANTS,
    progress: Callable[[int], object] = lambda participant: None,
) -> list[TrialResult]:
    """All trials. characters: of each text. progress: told of each participant that is done."""
    run = partial(run_participant, layout=layout, figures=figures, profiles=profiles, characters=characters)
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
    participant: int, layout: Layout, figures: NoiseFigures, profiles: Sequence[str], characters: int
) -> list[TrialResult]:
    """One person: every profile under the standard conditions; if the default is among them also without each trouble
    and at given speeds."""
    person = person_of(participant, layout, characters)
    standard = conditions_of(participant)
    runs = [(profile, profile, condition) for profile in profiles for condition in standard]
    if DEFAULT in profiles:
        some = standard[::COMPARED_EVERY]
        runs += [(SAME, DEFAULT, condition) for condition in some]
        runs += [
            (f"without {name}", DEFAULT, replace(condition, trouble=trouble))
            for name, trouble in WITHOUT.items()
            for condition in some
        ]
        runs += [
            (f"{speed:g} WPM", DEFAULT, replace(condition, words_per_minute=speed))
            for speed in SPEEDS_WPM
            for condition in some
        ]
    made: dict[Condition, Trial] = {}
    tallies: dict[tuple[str, Condition], Tally] = {}
    results = []
    for group, profile, condition in runs:
        if condition not in made:
            made[condition] = trial(person, condition, figures)
        if (profile, condition) not in tallies:
            tallies[profile, condition] = _tally(made[condition], profile, layout)
        results.append(TrialResult(group, participant, condition, tallies[profile, condition]))
    return results


def _tally(trial: Trial, profile: str, layout: Layout) -> Tally:
    events = events_of(trial.recording, trial.finger_m, profile, layout)
    return tally(events, trial.truth, trial.recording.stamps_ns)
