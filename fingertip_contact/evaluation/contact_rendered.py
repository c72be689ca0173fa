"""The rendered tier: whole recordings through the real hand tracker and the real pipeline, kept between runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fingertip_contact.demo.recording import cached_recording, is_whole
from fingertip_contact.evaluation.contact_suite import Split
from fingertip_contact.evaluation.contact_suite_run import DEFAULT, events_of
from fingertip_contact.evaluation.contact_tally import Tally, figures, pooled, tally
from fingertip_contact.evaluation.events import share
from fingertip_contact.evaluation.fingertip_noise import NoiseFigures
from fingertip_contact.evaluation.fingertip_noise_fit import true_fingers
from fingertip_contact.evaluation.fingertip_recording import FingertipRecording, measure_recording
from fingertip_contact.evaluation.kinematic_view import FingerBias, measured
from fingertip_contact.keyboard.layout import Layout
from fingertip_contact.recordings.bag import open_recording
from fingertip_contact.recordings.truth import Truth, read_truth, truth_path
from fingertip_contact.simulation.recording import Progress, simulate
from fingertip_contact.simulation.scene import make_scene

# Seeds over this are for tests: no part of the detector was ever tuned or fitted on them.
LAST_DEVELOPMENT_SEED = 100
# Draws of the noise for each recording that is compared with itself.
DRAWS = 5


@dataclass(frozen=True)
class Scripted:
    """One recording of the standard sets."""

    text: str
    seed: int
    angle_deg: float
    difficulty: str = "normal"


# What the noise of the suite without pictures is fitted to.
FITTED = (
    Scripted("quick brown foxes jump", 2, 45),
    Scripted("a bird in the hand", 4, 45),
    Scripted("no pain no gain for anybody", 6, 45),
    Scripted("two wrongs make no right", 8, 45),
    Scripted("haste makes waste of time", 9, 45),
    Scripted("beggars can not be choosers", 21, 45),
    Scripted("good things come to those", 25, 45),
    Scripted("just in the nick of time", 31, 45),
    Scripted("kill two birds with one stone", 33, 45),
    Scripted("pack my liquor jugs", 12, 45, "calm"),
    Scripted("the rain in spain stays mainly", 1, 60),
    Scripted("please close the zip lock", 3, 60),
    Scripted("better late than never", 5, 60),
    Scripted("the pen is mightier", 7, 60),
    Scripted("ignorance is bliss", 10, 60),
    Scripted("look before you leap", 14, 60),
    Scripted("actions speak louder", 16, 60),
    Scripted("easy come easy go quickly", 24, 60),
    Scripted("let sleeping dogs lie", 34, 60),
    Scripted("the five boxing wizards", 11, 60, "calm"),
    Scripted("do not judge a book", 22, 75),
    Scripted("honesty is the best policy", 30, 75),
    Scripted("money does not grow on trees", 46, 75),
    Scripted("once in a blue moon", 54, 75),
    Scripted("vex quick dwarf nymph", 13, 75, "calm"),
)

# What `--rendered` scores.
STANDARD = (
    Scripted("the rain in spain stays mainly", 1, 60),
    Scripted("quick brown foxes jump", 2, 45),
    Scripted("please close the zip lock", 3, 60),
    Scripted("a bird in the hand", 4, 45),
    Scripted("pack my box with five dozen liquor jugs", 11, 60, "calm"),
    Scripted("the early bird catches the worm", 101, 60),
    Scripted("a watched pot never boils", 102, 60),
    Scripted("every cloud has a silver lining", 103, 60),
    Scripted("many hands make light work", 106, 45),
    Scripted("fortune favors the bold", 107, 45),
    Scripted("birds of a feather flock together", 108, 45),
    Scripted("good morning", 122, 75, "calm"),
    Scripted("practice makes perfect", 104, 30),
    Scripted("still waters run deep", 105, 75),
    Scripted("when in rome do as the romans do", 109, 90),
)


@dataclass(frozen=True)
class RenderedResult:
    """One recording by one profile. person: the seed, which draws who types."""

    name: str
    profile: str
    person: int
    split: Split
    angle_deg: float
    tally: Tally


def standard_recording(scripted: Scripted, layout: Layout, workers: int, progress: Progress) -> Path:
    """The recording in the cache; rendered, some minutes, where it is not there yet."""
    path = cached_recording({"suite": "contact", **vars(scripted), "layout": layout.name})
    if not is_whole(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        scene = make_scene(scripted.seed, scripted.angle_deg, scripted.difficulty)
        simulate(scripted.text, layout, scene, path, workers=workers, overwrite=True, progress=progress)
    return path


def score_bags(
    bags: Sequence[Path],
    layout: Layout,
    profiles: Sequence[str],
    noise: NoiseFigures,
    progress: Callable[[str], object] = lambda name: None,
) -> list[RenderedResult]:
    """Every profile on every recording. Raises ValueError, FileNotFoundError where a truth is not usable."""
    results = []
    for bag in bags:
        truth, recording = _load(bag, layout)
        angle_deg, seed = truth.header.angle_deg or 0.0, truth.header.seed or 0
        split: Split = "test" if seed > LAST_DEVELOPMENT_SEED else "development"
        for profile in profiles:
            events = events_of(recording, noise.at(angle_deg).touching_m, profile, layout)
            found = tally(events, truth, recording.stamps_ns)
            results.append(RenderedResult(bag.stem, profile, seed, split, angle_deg, found))
        progress(bag.name)
    return results


def _load(bag: Path, layout: Layout) -> tuple[Truth, FingertipRecording]:
    truth = read_truth(truth_path(bag))
    return truth, measure_recording(bag, layout, truth.header.calibration_seconds or 1.0)


def matched_f1(bags: Sequence[Path], layout: Layout, noise: NoiseFigures) -> dict[str, float]:
    """Event F1 of the default profile on the same movements, measured in the pictures and by the noise figures.

    The movements are the true ones, frame by frame; what differs is where the measurements come from.
    """
    rendered, drawn = Tally(), Tally()
    f1_apart = []
    for bag in bags:
        truth, recording = _load(bag, layout)
        pose, angle_deg = truth.header.camera_from_sheet, truth.header.angle_deg
        if pose is None or angle_deg is None:
            raise ValueError(f"{truth_path(bag)} does not say where the camera stood")
        clearance_m, pad_m, _ = true_fingers(bag, recording)
        there = np.isfinite(clearance_m).all(axis=1) & (recording.tracks >= 0).all(axis=1)
        pads_m = np.concatenate([pad_m, clearance_m[..., None]], axis=-1)[there]
        with open_recording(bag) as opened:
            camera = opened.camera
        figures_of_angle = noise.at(angle_deg)
        seen = tally(events_of(recording, figures_of_angle.touching_m, DEFAULT, layout), truth, recording.stamps_ns)
        alike = Tally()
        for draw in range(DRAWS):
            random = np.random.default_rng([truth.header.seed or 0, draw])
            bias = FingerBias.draw(figures_of_angle, random)
            copy = measured(recording.stamps_ns[there], pads_m, camera, pose, figures_of_angle, bias, random)
            events = events_of(copy, figures_of_angle.touching_m, DEFAULT, layout)
            alike += tally(events, truth, copy.stamps_ns)
        rendered, drawn = rendered + seen, drawn + alike
        f1_apart.append(abs(_f1(alike) - _f1(seen)))
    return {
        "rendered_event_f1": _f1(rendered),
        "kinematic_event_f1": _f1(drawn),
        "difference": _f1(drawn) - _f1(rendered),
        "mean_difference_a_recording": float(np.mean(f1_apart)),
        "rendered_precision": share(rendered.matched, rendered.matched + rendered.false),
        "kinematic_precision": share(drawn.matched, drawn.matched + drawn.false),
        "rendered_recall": share(rendered.matched, rendered.matched + rendered.missed),
        "kinematic_recall": share(drawn.matched, drawn.matched + drawn.missed),
    }


def _f1(total: Tally) -> float:
    return share(2 * total.matched, 2 * total.matched + total.false + total.missed)


def by_angle(results: Sequence[RenderedResult]) -> dict[str, dict[str, float | int | None]]:
    """Figures of each angle, of all people."""
    angles = sorted({result.angle_deg for result in results})
    return {f"{angle:g}": figures(pooled(r.tally for r in results if r.angle_deg == angle)) for angle in angles}
