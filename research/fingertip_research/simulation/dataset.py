"""A dataset of simulated people in the D405 Hand-Surface layout, with exact labels.

Each participant sits down once under every angle of the camera; a block has one desk, one camera and one light, and
gives a session of each action. Every block is a function of the plan alone: the number of workers changes nothing,
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

from fingertip_contact.datatypes import HANDS, DepthImage, Handedness
from fingertip_contact.files import atomic_write
from fingertip_contact.keyboard.layout import Layout, load_layout
from fingertip_contact.recordings.jsonl import read_object
from fingertip_research.datasets.dataset import ACTIONS, METADATA
from fingertip_research.datasets.from_ground_truth import annotate, label, sheet_plane
from fingertip_research.datasets.writer import SessionWriter, make_surface_calibration
from fingertip_research.ground_truth.recording import GroundTruthFrame, parse_ground_truth_frame
from fingertip_research.simulation.dataset_plan import DESK_BY_SURFACE, CaptureBlock
from fingertip_research.simulation.frame_renderer import (
    FrameRenderer,
    FrameRequest,
    RenderedFrame,
    Setup,
    block_interrupts,
)
from fingertip_research.simulation.ground_truth_lines import make_frame_line
from fingertip_research.simulation.hand_lift import HandLift, sample_hover, sample_transition, translate_poses
from fingertip_research.simulation.participant import sample_participant
from fingertip_research.simulation.planning import CALIBRATION_S, ENTER_S
from fingertip_research.simulation.rendered_typing import FRAME_S, NANOSECONDS, SampledTypingTrajectory, simulate_typing
from fingertip_research.simulation.scene import Difficulty, Scene, make_scene
from fingertip_research.simulation.sensor import DEPTH_UNIT_M

# How far the camera stands from the sheet, by its angle: as in the published dataset, metres.
DISTANCES_M = ((37.5, (0.40, 0.48)), (52.5, (0.35, 0.45)), (90.0, (0.30, 0.40)))

_PARTICIPANT_STREAM, _BLOCK_STREAM, _TEXT_STREAM, _LIFT_STREAM = range(400, 404)
# The hands are in their place by then.
_FIRST_FRAME = round((CALIBRATION_S + ENTER_S + 0.3) / FRAME_S)
# More than anybody types: 65 words of five characters a minute and a space each are 0.93 of the words below.
_WORDS_PER_SECOND = 1.4

VOCABULARY = (
    "the quick brown fox jumps over the lazy dog while my very old box of fine jugs waits by a zigzag path and people "
    "write many words about what they would like to find or make before the next long day comes to an end so you can "
    "pack some of these for the first part of it then look how each was made which is more than two were ever asked"
)

Progress = Callable[[Iterator[int], int], AbstractContextManager[Iterator[int]]]


def simulate_dataset(
    blocks: Sequence[CaptureBlock],
    root: Path,
    *,
    workers: int = 1,
    progress: Progress = lambda counts, total: nullcontext(counts),
) -> int:
    """Makes the sessions that are not there yet; returns the number of frames of all.

    A session appears when it is whole; an interrupted call is gone on with by the same call. progress: gets the frame
    counts of the blocks and the number of blocks. Raises ValueError where another configuration made what is there, or
    there is no worker.
    """
    if workers < 1:
        raise ValueError(f"workers is {workers}: at least one process has to draw")
    for block in blocks:
        # Report what prevents a continuation before an hour of work, not after.
        _find_missing_actions(block, root)
    try:
        with _render_blocks(blocks, root, workers) as rendered_counts, progress(rendered_counts, len(blocks)) as counts:
            return sum(counts)
    finally:
        for block in blocks:
            _remove_partial_sessions(block, root)


def render_block(block: CaptureBlock, root: Path) -> int:
    """Makes the sessions of a block that are not there yet; returns how many frames all have."""
    missing = _find_missing_actions(block, root)
    if missing:
        layout = load_layout(block.config.layout)
        scene = make_block_scene(block)
        trajectory = _simulate_trajectory(block, layout, scene.difficulty)
        frame_renderer = FrameRenderer(Setup(scene, layout, trajectory.models))
        for action in missing:
            _render_session(block, action, root, scene, trajectory, frame_renderer)
    return sum(block.frames.values())


@contextmanager
def _render_blocks(blocks: Sequence[CaptureBlock], root: Path, workers: int) -> Iterator[Iterator[int]]:
    if workers == 1:
        yield (render_block(block, root) for block in blocks)
        return
    # spawn, not fork: Embree and OpenCV keep threads that do not survive a fork.
    with block_interrupts():
        pool = get_context("spawn").Pool(min(workers, len(blocks)), cv2.setNumThreads, (1,))
    with pool:
        yield pool.imap_unordered(_BlockRenderer(root), blocks)


@dataclass(frozen=True)
class _BlockRenderer:
    """`render_block` for a worker."""

    root: Path

    def __call__(self, block: CaptureBlock) -> int:
        return render_block(block, self.root)


def _find_missing_actions(block: CaptureBlock, root: Path) -> list[str]:
    """The actions whose sessions have to be made. Raises ValueError where another configuration made one."""
    missing = []
    for action, frames in block.frames.items():
        folder = block.folder(root, action)
        if not frames or folder.is_dir():
            if folder.is_dir() and read_object(folder / METADATA).get("simulation") != block.to_metadata(action):
                raise ValueError(f"{folder} was made with other settings; choose another folder, or remove this one")
            continue
        missing.append(action)
    return missing


def _remove_partial_sessions(block: CaptureBlock, root: Path) -> None:
    """Takes away what workers left that were stopped in the middle of a session."""
    for action in block.frames:
        folder = block.folder(root, action)
        for partial_path in folder.parent.glob(f".{folder.name}.*.partial"):
            shutil.rmtree(partial_path, ignore_errors=True)


def _render_session(
    block: CaptureBlock,
    action: str,
    root: Path,
    scene: Scene,
    trajectory: SampledTypingTrajectory,
    frame_renderer: FrameRenderer,
) -> None:
    camera, plane = scene.color_camera, sheet_plane(scene.camera_from_sheet)
    lifts = _sample_lifts(block, action)
    with (
        atomic_write(block.folder(root, action)) as temporary_path,
        SessionWriter(
            temporary_path,
            block.session_info(action),
            camera,
            frames_per_second=1 / (FRAME_S * block.config.every),
            surface=make_surface_calibration(plane, camera, inlier_ratio=1.0, frames_used=0),
            extra_metadata={"simulation": block.to_metadata(action)},
        ) as session,
    ):
        for frame_index in _frame_indices(block, action):
            shifts_m = {hand: lift(frame_index * FRAME_S) for hand, lift in lifts.items()}
            poses = trajectory.poses[frame_index]
            rendered_frame = frame_renderer.render_frame(
                FrameRequest(frame_index, translate_poses(poses, shifts_m) if shifts_m else poses)
            )
            truth = _make_ground_truth(trajectory, scene, rendered_frame, shifts_m)
            depth = DepthImage(rendered_frame.aligned_depth, DEPTH_UNIT_M)
            session.write(
                block.start_ns(action) + round(frame_index * FRAME_S * NANOSECONDS),
                rendered_frame.color_bgr,
                depth,
                annotate(truth, camera, scene.camera_from_sheet, depth),
                label(truth, camera, scene.camera_from_sheet),
                DepthImage(rendered_frame.exact_aligned_m, 1.0),
            )


def _make_ground_truth(
    trajectory: SampledTypingTrajectory,
    scene: Scene,
    rendered_frame: RenderedFrame,
    shifts_m: Mapping[Handedness, np.ndarray],
) -> GroundTruthFrame:
    """The ground truth of a frame; a lifted hand has no contacts, whichever joints its fingers have."""
    frame = parse_ground_truth_frame(make_frame_line(trajectory, scene, rendered_frame))
    hands = []
    for hand in frame.hands:
        if hand.hand in shifts_m and shifts_m[hand.hand][2] > 0:
            fingers = {name: replace(finger, contact=False, key=None) for name, finger in hand.fingers.items()}
            hand = replace(hand, fingers=fingers)
        hands.append(hand)
    return GroundTruthFrame(frame.stamp_ns, tuple(hands))


def make_block_scene(block: CaptureBlock) -> Scene:
    """Camera, light and noise are the block's; skin and sleeves the participant's."""
    config = block.config
    random = np.random.default_rng([config.seed, _BLOCK_STREAM, block.participant, block.angle_index])
    distance_m = random.uniform(*next(range_m for limit, range_m in DISTANCES_M if block.angle_deg <= limit))
    scene = make_scene(_sample_seed(random), block.angle_deg, config.difficulty, distance_m)
    appearance = make_scene(
        _sample_seed(_make_participant_random(block)), block.angle_deg, config.difficulty
    ).appearance
    return replace(scene, appearance=replace(appearance, desk=DESK_BY_SURFACE[block.surface]))


def _simulate_trajectory(block: CaptureBlock, layout: Layout, difficulty: Difficulty) -> SampledTypingTrajectory:
    """Somebody who types for as long as all sessions of the block need."""
    config = block.config
    frame_count = _FIRST_FRAME + config.every * sum(block.frames.values())
    random = np.random.default_rng([config.seed, _TEXT_STREAM, block.participant, block.angle_index])
    words = random.choice(VOCABULARY.split(), round(_WORDS_PER_SECOND * frame_count * FRAME_S) + 1)
    participant = sample_participant(_make_participant_random(block), difficulty)
    return simulate_typing(" ".join(words), layout, _sample_seed(random), difficulty, participant)


def _make_participant_random(block: CaptureBlock) -> np.random.Generator:
    """The participant's own random stream."""
    return np.random.default_rng([block.config.seed, _PARTICIPANT_STREAM, block.participant])


def _sample_lifts(block: CaptureBlock, action: str) -> dict[Handedness, HandLift]:
    """How each hand is carried; empty where hands type at their desk."""
    sample_lift = {"hovering": sample_hover, "transition": sample_transition}.get(action)
    if sample_lift is None:
        return {}
    stream = [block.config.seed, _LIFT_STREAM, block.participant, block.angle_index, ACTIONS.index(action)]
    random = np.random.default_rng(stream)
    return {hand: sample_lift(random) for hand in HANDS}


def _frame_indices(block: CaptureBlock, action: str) -> range:
    """Which frames of the trajectory make the session: each action has a time of its own."""
    preceding_count = sum(block.frames[other] for other in ACTIONS[: ACTIONS.index(action)])
    first = _FIRST_FRAME + block.config.every * preceding_count
    return range(first, first + block.config.every * block.frames[action], block.config.every)


def _sample_seed(random: np.random.Generator) -> int:
    return int(random.integers(2**31))
