"""A dataset of simulated people in the D405 Hand-Surface layout, with exact labels.

Each participant is recorded once at every camera angle; such a block has one desk, one camera and one light, and
one session per action. A block depends only on the plan: the number of workers has no influence on the images, and
sessions that exist are not rendered again.
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
from fingertip_contact.json_file import read_object
from fingertip_contact.keyboard.layout import Layout, load_layout
from fingertip_research.datasets.dataset import ACTIONS, METADATA
from fingertip_research.datasets.from_ground_truth import annotate, label, sheet_plane
from fingertip_research.datasets.writer import SessionWriter, make_surface_calibration
from fingertip_research.ground_truth.recording import GroundTruthFrame, parse_ground_truth_frame
from fingertip_research.simulation.dataset_plan import DESK_BY_SURFACE, CaptureBlock
from fingertip_research.simulation.difficulty import Difficulty
from fingertip_research.simulation.driver import DEPTH_UNIT_M
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
from fingertip_research.simulation.rendered_typing import (
    DEFAULT_FRAME_RATE_HZ,
    NANOSECONDS,
    SampledTypingTrajectory,
    simulate_typing,
)
from fingertip_research.simulation.scene import Scene, make_scene

# Up to the camera angle, degrees: range of the distance from camera to sheet, metres, as in the published dataset.
DISTANCES_M = ((37.5, (0.40, 0.48)), (52.5, (0.35, 0.45)), (90.0, (0.30, 0.40)))

_PARTICIPANT_STREAM, _BLOCK_STREAM, _TEXT_STREAM, _LIFT_STREAM = range(400, 404)
# The hands are over their home keys from this frame on.
_FRAME_S = 1 / DEFAULT_FRAME_RATE_HZ
_FIRST_FRAME = round((CALIBRATION_S + ENTER_S + 0.3) / _FRAME_S)
# Upper limit of the typing speed: the fastest participant types 1.05 * 65 words of five characters per minute, that is
# 5.7 characters or 1.22 words of VOCABULARY per second.
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
    """Renders the sessions that do not exist yet; returns the number of frames in all blocks.

    A session appears when it is complete; repeating an interrupted call continues it. progress: gets the frame counts
    of the blocks and the number of blocks. Raises ValueError where an existing session was made with other settings, or
    if `workers` is less than 1.
    """
    if workers < 1:
        raise ValueError(f"workers is {workers}: at least one process is needed")
    for block in blocks:
        # Report existing sessions with other settings before an hour of rendering, not after.
        _find_missing_actions(block, root)
    try:
        with _render_blocks(blocks, root, workers) as rendered_counts, progress(rendered_counts, len(blocks)) as counts:
            return sum(counts)
    finally:
        for block in blocks:
            _remove_partial_sessions(block, root)


def render_block(block: CaptureBlock, root: Path) -> int:
    """Renders the sessions of a block that do not exist yet; returns the number of frames of the whole block."""
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
    """`render_block` as a callable that can be pickled for a worker process."""

    root: Path

    def __call__(self, block: CaptureBlock) -> int:
        return render_block(block, self.root)


def _find_missing_actions(block: CaptureBlock, root: Path) -> list[str]:
    """The actions whose sessions do not exist yet. Raises ValueError where one was made with other settings."""
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
    """Removes the unfinished sessions of workers that were terminated."""
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
            frames_per_second=1 / (_FRAME_S * block.config.every),
            surface=make_surface_calibration(plane, camera, inlier_ratio=1.0, frames_used=0),
            extra_metadata={"simulation": block.to_metadata(action)},
        ) as session,
    ):
        for frame_index in _frame_indices(block, action):
            shifts_m = {hand: lift(frame_index * _FRAME_S) for hand, lift in lifts.items()}
            poses = trajectory.poses[frame_index]
            rendered_frame = frame_renderer.render_frame(
                FrameRequest(frame_index, translate_poses(poses, shifts_m) if shifts_m else poses)
            )
            truth = _make_ground_truth(trajectory, scene, rendered_frame, shifts_m)
            depth = DepthImage(rendered_frame.aligned_depth, DEPTH_UNIT_M)
            session.write(
                block.start_ns(action) + round(frame_index * _FRAME_S * NANOSECONDS),
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
    """The ground truth of a frame; the fingers of a lifted hand have no contacts, even during a tap."""
    frame = parse_ground_truth_frame(make_frame_line(trajectory, scene, rendered_frame))
    hands = []
    for hand in frame.hands:
        if hand.hand in shifts_m and shifts_m[hand.hand][2] > 0:
            fingers = {name: replace(finger, contact=False, key=None) for name, finger in hand.fingers.items()}
            hand = replace(hand, fingers=fingers)
        hands.append(hand)
    return GroundTruthFrame(frame.stamp_ns, tuple(hands))


def make_block_scene(block: CaptureBlock) -> Scene:
    """Camera, light and noise depend on the block; skin and sleeves on the participant."""
    config = block.config
    random = np.random.default_rng([config.seed, _BLOCK_STREAM, block.participant, block.angle_index])
    distance_m = random.uniform(*next(range_m for limit, range_m in DISTANCES_M if block.angle_deg <= limit))
    scene = make_scene(_sample_seed(random), block.angle_deg, config.difficulty, distance_m, clutter="none")
    appearance = make_scene(
        _sample_seed(_make_participant_random(block)), block.angle_deg, config.difficulty
    ).appearance
    return replace(scene, appearance=replace(appearance, desk=DESK_BY_SURFACE[block.surface]))


def _simulate_trajectory(block: CaptureBlock, layout: Layout, difficulty: Difficulty) -> SampledTypingTrajectory:
    """The participant types for as long as all sessions of the block last."""
    config = block.config
    frame_count = _FIRST_FRAME + config.every * sum(block.frames.values())
    random = np.random.default_rng([config.seed, _TEXT_STREAM, block.participant, block.angle_index])
    words = random.choice(VOCABULARY.split(), round(_WORDS_PER_SECOND * frame_count * _FRAME_S) + 1)
    participant = sample_participant(_make_participant_random(block), difficulty)
    return simulate_typing(" ".join(words), layout, _sample_seed(random), difficulty, participant)


def _make_participant_random(block: CaptureBlock) -> np.random.Generator:
    """The participant's own random stream."""
    return np.random.default_rng([block.config.seed, _PARTICIPANT_STREAM, block.participant])


def _sample_lifts(block: CaptureBlock, action: str) -> dict[Handedness, HandLift]:
    """The motion of each hand off the desk; empty for typing."""
    sample_lift = {"hovering": sample_hover, "transition": sample_transition}.get(action)
    if sample_lift is None:
        return {}
    stream = [block.config.seed, _LIFT_STREAM, block.participant, block.angle_index, ACTIONS.index(action)]
    random = np.random.default_rng(stream)
    return {hand: sample_lift(random) for hand in HANDS}


def _frame_indices(block: CaptureBlock, action: str) -> range:
    """The frames of the trajectory that form the session; the sessions of a block do not overlap."""
    preceding_count = sum(block.frames[other] for other in ACTIONS[: ACTIONS.index(action)])
    first = _FIRST_FRAME + block.config.every * preceding_count
    return range(first, first + block.config.every * block.frames[action], block.config.every)


def _sample_seed(random: np.random.Generator) -> int:
    return int(random.integers(2**31))
