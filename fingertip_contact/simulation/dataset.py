"""A dataset of simulated people in the D405 Hand-Surface layout, with exact labels.

Each participant sits down once under every angle of the camera; a sitting has one desk, one camera and one light, and
gives a session of each action. Every sitting is a function of the plan alone: the number of workers changes nothing,
and what is there already need not be made again.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np

from fingertip_contact.frames import HANDS, DepthImage, Handedness
from fingertip_contact.keyboard.layout import Layout, load_layout
from fingertip_contact.recordings.atomic import written_aside
from fingertip_contact.recordings.dataset import ACTIONS, METADATA
from fingertip_contact.recordings.dataset_truth import annotate, label, surface_plane
from fingertip_contact.recordings.dataset_writer import SessionWriter, surface_calibration
from fingertip_contact.recordings.jsonl import read_object
from fingertip_contact.recordings.truth import TrueFrame, true_frame
from fingertip_contact.simulation.air import Lift, carried, draw_hover, draw_transition
from fingertip_contact.simulation.darkroom import Darkroom, Exposure, Setup, Shot, without_interrupts
from fingertip_contact.simulation.dataset_plan import DESK_OF, Sitting
from fingertip_contact.simulation.participant import draw_participant
from fingertip_contact.simulation.planning import CALIBRATION_S, ENTER_S
from fingertip_contact.simulation.scene import Difficulty, Scene, make_scene
from fingertip_contact.simulation.sensor import DEPTH_UNIT_M
from fingertip_contact.simulation.truth_lines import frame_line
from fingertip_contact.simulation.typist import FRAME_S, NANOSECONDS, Performance, perform

# How far the camera stands from the sheet, by its angle: as in the published dataset, metres.
DISTANCES_M = ((37.5, (0.40, 0.48)), (52.5, (0.35, 0.45)), (90.0, (0.30, 0.40)))

_PARTICIPANT_STREAM, _SITTING_STREAM, _TEXT_STREAM, _LIFT_STREAM = range(400, 404)
# The hands are in their place by then.
_FIRST_FRAME = round((CALIBRATION_S + ENTER_S + 0.3) / FRAME_S)
# More than anybody types: 65 words of five characters a minute and a space each are 0.93 of the words below.
_WORDS_A_SECOND = 1.4

TEXT = (
    "the quick brown fox jumps over the lazy dog while my very old box of fine jugs waits by a zigzag path and people "
    "write many words about what they would like to find or make before the next long day comes to an end so you can "
    "pack some of these for the first part of it then look how each was made which is more than two were ever asked"
)

Progress = Callable[[Iterator[int], int], AbstractContextManager[Iterator[int]]]


def simulate_dataset(
    sittings: Sequence[Sitting],
    root: Path,
    *,
    workers: int = 1,
    progress: Progress = lambda counts, total: nullcontext(counts),
) -> int:
    """Makes the sessions that are not there yet; returns the number of frames of all.

    A session appears when it is whole; an interrupted call is gone on with by the same call. progress: gets the frame
    counts of the sittings and the number of sittings. Raises ValueError where another recipe made what is there, or
    there is no worker.
    """
    if workers < 1:
        raise ValueError(f"workers is {workers}: at least one process has to draw")
    for sitting in sittings:
        # Who cannot go on is told before an hour of work, not after.
        _missing(sitting, root)
    try:
        with _made(sittings, root, workers) as made, progress(made, len(sittings)) as counts:
            return sum(counts)
    finally:
        for sitting in sittings:
            _clear(sitting, root)


def make_sitting(sitting: Sitting, root: Path) -> int:
    """Makes the sessions of a sitting that are not there yet; returns how many frames all have."""
    missing = _missing(sitting, root)
    if missing:
        layout = load_layout(sitting.recipe.layout)
        scene = scene_of(sitting)
        performance = _performance(sitting, layout, scene.difficulty)
        darkroom = Darkroom(Setup(scene, layout, performance.models))
        for action in missing:
            _make_session(sitting, action, root, scene, performance, darkroom)
    return sum(sitting.frames.values())


@contextmanager
def _made(sittings: Sequence[Sitting], root: Path, workers: int) -> Iterator[Iterator[int]]:
    if workers == 1:
        yield (make_sitting(sitting, root) for sitting in sittings)
        return
    # spawn, not fork: Embree and OpenCV keep threads that do not survive a fork.
    with without_interrupts():
        pool = get_context("spawn").Pool(min(workers, len(sittings)), cv2.setNumThreads, (1,))
    with pool:
        yield pool.imap_unordered(_Maker(root), sittings)


@dataclass(frozen=True)
class _Maker:
    """`make_sitting` for a worker."""

    root: Path

    def __call__(self, sitting: Sitting) -> int:
        return make_sitting(sitting, self.root)


def _missing(sitting: Sitting, root: Path) -> list[str]:
    """The actions whose sessions have to be made. Raises ValueError where another recipe made one."""
    missing = []
    for action, frames in sitting.frames.items():
        folder = sitting.folder(root, action)
        if not frames or folder.is_dir():
            if folder.is_dir() and read_object(folder / METADATA).get("simulation") != sitting.described(action):
                raise ValueError(f"{folder} was made with other settings; choose another folder, or remove this one")
            continue
        missing.append(action)
    return missing


def _clear(sitting: Sitting, root: Path) -> None:
    """Takes away what workers left that were stopped in the middle of a session."""
    for action in sitting.frames:
        folder = sitting.folder(root, action)
        for left in folder.parent.glob(f".{folder.name}.*.partial"):
            shutil.rmtree(left, ignore_errors=True)


def _make_session(
    sitting: Sitting, action: str, root: Path, scene: Scene, performance: Performance, darkroom: Darkroom
) -> None:
    camera, plane = scene.color_camera, surface_plane(scene.camera_from_sheet)
    lifts = _lifts(sitting, action)
    with (
        written_aside(sitting.folder(root, action)) as aside,
        SessionWriter(
            aside,
            sitting.about(action),
            camera,
            frames_per_second=1 / (FRAME_S * sitting.recipe.every),
            surface=surface_calibration(plane, camera, inlier_share=1.0, frames_used=0),
            more={"simulation": sitting.described(action)},
        ) as session,
    ):
        for number in _frame_numbers(sitting, action):
            by_m = {hand: lift(number * FRAME_S) for hand, lift in lifts.items()}
            poses = performance.poses[number]
            exposure = darkroom.expose(Shot(number, carried(poses, by_m) if by_m else poses))
            truth = _truth(performance, scene, exposure, by_m)
            depth = DepthImage(exposure.aligned_depth, DEPTH_UNIT_M)
            session.write(
                sitting.start_ns(action) + round(number * FRAME_S * NANOSECONDS),
                exposure.color_bgr,
                depth,
                annotate(truth, camera, scene.camera_from_sheet, depth),
                label(truth, camera, scene.camera_from_sheet),
                DepthImage(exposure.exact_aligned_m, 1.0),
            )


def _truth(
    performance: Performance, scene: Scene, exposure: Exposure, by_m: Mapping[Handedness, np.ndarray]
) -> TrueFrame:
    """The truth of a frame; a hand that is lifted touches nothing, whatever its fingers do."""
    frame = true_frame(frame_line(performance, scene, exposure))
    hands = []
    for hand in frame.hands:
        if hand.hand in by_m and by_m[hand.hand][2] > 0:
            fingers = {name: replace(finger, contact=False, key=None) for name, finger in hand.fingers.items()}
            hand = replace(hand, fingers=fingers)
        hands.append(hand)
    return TrueFrame(frame.stamp_ns, tuple(hands))


def scene_of(sitting: Sitting) -> Scene:
    """Camera, light and noise are the sitting's; skin and sleeves the participant's."""
    recipe = sitting.recipe
    random = np.random.default_rng([recipe.seed, _SITTING_STREAM, sitting.participant, sitting.angle_number])
    distance_m = random.uniform(*next(range_m for limit, range_m in DISTANCES_M if sitting.angle_deg <= limit))
    scene = make_scene(_seed(random), sitting.angle_deg, recipe.difficulty, distance_m)
    own = make_scene(_seed(_person(sitting)), sitting.angle_deg, recipe.difficulty).looks
    return replace(scene, looks=replace(own, desk=DESK_OF[sitting.surface]))


def _performance(sitting: Sitting, layout: Layout, difficulty: Difficulty) -> Performance:
    """Somebody who types for as long as all sessions of the sitting need."""
    recipe = sitting.recipe
    needed = _FIRST_FRAME + recipe.every * sum(sitting.frames.values())
    random = np.random.default_rng([recipe.seed, _TEXT_STREAM, sitting.participant, sitting.angle_number])
    words = random.choice(TEXT.split(), round(_WORDS_A_SECOND * needed * FRAME_S) + 1)
    person = draw_participant(_person(sitting), difficulty)
    return perform(" ".join(words), layout, _seed(random), difficulty, person)


def _person(sitting: Sitting) -> np.random.Generator:
    """The participant's own random stream."""
    return np.random.default_rng([sitting.recipe.seed, _PARTICIPANT_STREAM, sitting.participant])


def _lifts(sitting: Sitting, action: str) -> dict[Handedness, Lift]:
    """How each hand is carried; empty where hands type at their desk."""
    draw = {"hovering": draw_hover, "transition": draw_transition}.get(action)
    if draw is None:
        return {}
    stream = [sitting.recipe.seed, _LIFT_STREAM, sitting.participant, sitting.angle_number, ACTIONS.index(action)]
    random = np.random.default_rng(stream)
    return {hand: draw(random) for hand in HANDS}


def _frame_numbers(sitting: Sitting, action: str) -> range:
    """Which frames of the performance make the session: each action has a time of its own."""
    before = sum(sitting.frames[other] for other in ACTIONS[: ACTIONS.index(action)])
    first = _FIRST_FRAME + sitting.recipe.every * before
    return range(first, first + sitting.recipe.every * sitting.frames[action], sitting.recipe.every)


def _seed(random: np.random.Generator) -> int:
    return int(random.integers(2**31))
