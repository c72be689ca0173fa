"""Typing in scenes as they are: every profile with every source of measurement, and the surface in each scene."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from fingertip_contact.contact.parameters import load_profile
from fingertip_contact.datatypes import TapCandidate
from fingertip_contact.factory import DEFAULT_HAND_TRACKER
from fingertip_contact.keyboard.key_decoder import KeyDecoder
from fingertip_contact.keyboard.language import LanguageModel
from fingertip_contact.keyboard.layout import Layout
from fingertip_contact.registry import CONTACT_CLASSIFIERS
from fingertip_research.evaluation.calibration import Confidences, judge_confidences
from fingertip_research.evaluation.contact_counts import ContactCounts, count_contacts
from fingertip_research.evaluation.fingertip_recording import FingertipRecording, detect, measure_recording
from fingertip_research.evaluation.recording_sets import RecordingSpec
from fingertip_research.evaluation.rendered_suite import load_or_render
from fingertip_research.evaluation.sources import SOURCES, select_cues
from fingertip_research.evaluation.surface_accuracy import SurfaceAccuracy, measure_surface
from fingertip_research.ground_truth.recording import GroundTruth, ground_truth_path, read_ground_truth
from fingertip_research.simulation.recording import Progress

STEREO, IDEAL = "stereo", "ideal"
# The source of rims: profiles that measure them are scored with it only.
RIM_SOURCE = "sensor"

# Source -> the profiles that are scored with it. IDEAL is a source too: aligned depth that is sharp to a pixel.
Runs = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class ProfileScore:
    """One profile on one recording, as one source gives it."""

    counts: ContactCounts
    confidences: Confidences


@dataclass(frozen=True)
class SceneResult:
    """One recording of a set. scores: by source, then by profile. surface: as the pipeline found it, with aligned
    depth. hint: what the pipeline advised last."""

    spec: RecordingSpec
    scores: dict[str, dict[str, ProfileScore]]
    surface: SurfaceAccuracy
    hint: str


def plan_runs(profiles: Sequence[str], sources: Sequence[str], *, with_ideal: bool = False) -> Runs:
    """Every profile with every source that it can use: those that measure rims with the sensor's depth only.

    Raises ValueError for an unknown profile or source, for none, and for a profile that is left without a source.
    """
    for name, chosen in (("profiles", profiles), ("sources", sources)):
        if not chosen:
            raise ValueError(f"--{name} is empty; name at least one")
    if unknown := [source for source in sources if source not in SOURCES]:
        raise ValueError(f"source {unknown[0]!r} is unknown; choose from {', '.join(SOURCES)}")
    on_rims = [profile for profile in profiles if _needs_rims(profile)]
    if on_rims and RIM_SOURCE not in sources and not with_ideal:
        raise ValueError(
            f"the profile {on_rims[0]} measures rims in a sensor's depth; "
            f"add {RIM_SOURCE} to --sources, or leave it out of --profiles"
        )
    runs = {
        source: tuple(profile for profile in profiles if source == RIM_SOURCE or profile not in on_rims)
        for source in sources
    }
    if with_ideal:
        runs[IDEAL] = tuple(profiles)
    return {source: chosen for source, chosen in runs.items() if chosen}


def _needs_rims(profile: str) -> bool:
    parameters = load_profile(profile)
    return bool(CONTACT_CLASSIFIERS.make(parameters.classifier, parameters, required=("needs_rims",)).needs_rims)


def score_scene(
    spec: RecordingSpec,
    layout: Layout,
    runs: Runs,
    workers: int,
    progress: Progress,
    language: LanguageModel | None = None,
    hand_tracker: str = DEFAULT_HAND_TRACKER,
) -> SceneResult:
    """All runs on one scene; motion, colour and texts are the same for all. language: texts are also read with it.
    hand_tracker: its registered name, or module:attribute.

    Missing recordings are rendered, which takes minutes; IDEAL needs its own. Raises ValueError for a scene of another
    sensor than STEREO, whose imagers the sources are made of.
    """
    if spec.sensor != STEREO:
        raise ValueError(f"seed {spec.seed} has the sensor {spec.sensor}; sources are made of recordings of {STEREO}")
    recording, truth = _measure(spec, layout, workers, progress, hand_tracker)
    scores = {
        source: score_profiles(select_cues(recording, source), truth, profiles, layout, language)
        for source, profiles in runs.items()
        if source != IDEAL
    }
    if IDEAL in runs:
        ideal, ideal_truth = _measure(replace(spec, sensor=IDEAL), layout, workers, progress, hand_tracker)
        sharp = select_cues(ideal, RIM_SOURCE)
        scores[IDEAL] = score_profiles(sharp, ideal_truth, runs[IDEAL], layout, language)
    return SceneResult(spec, scores, measure_surface(recording, truth), str(recording.hints[-1]))


def _measure(
    spec: RecordingSpec, layout: Layout, workers: int, progress: Progress, hand_tracker: str
) -> tuple[FingertipRecording, GroundTruth]:
    bag = load_or_render(spec, layout, workers, progress)
    truth = read_ground_truth(ground_truth_path(bag))
    return measure_recording(bag, layout, truth.header.calibration_seconds or 1.0, hand_tracker), truth


def score_profiles(
    recording: FingertipRecording,
    truth: GroundTruth,
    profiles: Sequence[str],
    layout: Layout,
    language: LanguageModel | None = None,
) -> dict[str, ProfileScore]:
    """Every profile on one recording. language: texts are also read with it."""
    scores = {}
    for profile in profiles:
        words_decoder = None if language is None else KeyDecoder(layout, language=language)
        tentative: list[TapCandidate] = []
        events = detect(recording, load_profile(profile), layout, words_decoder, tentative.append)
        text_with_words = None if words_decoder is None else words_decoder.text
        scores[profile] = ProfileScore(
            count_contacts(events, truth, recording.stamps_ns, text_with_words),
            judge_confidences(events, tentative, truth.taps),
        )
    return scores
