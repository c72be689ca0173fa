"""The lines of a ground-truth file, as `ground_truth.recording` reads them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from fingertip_contact.datatypes import FINGERS, Handedness
from fingertip_contact.keyboard.layout import Layout
from fingertip_research.ground_truth.recording import VERSION, GroundTruthRest, GroundTruthTap
from fingertip_research.simulation.frame_renderer import RenderedFrame
from fingertip_research.simulation.hand import HandPose
from fingertip_research.simulation.rendered_typing import SampledTypingTrajectory
from fingertip_research.simulation.scene import Scene

_MICROMETRE_DIGITS = 6
_PIXEL_DIGITS = 2


def make_header_line(trajectory: SampledTypingTrajectory, layout: Layout, scene: Scene) -> dict[str, Any]:
    """The text, the participant, what surrounds the hands, and the pose of the camera."""
    pose, (width, height) = scene.camera_from_sheet, (scene.color_camera.width, scene.color_camera.height)
    return {
        "kind": "header",
        "version": VERSION,
        "text": trajectory.text,
        "seed": scene.seed,
        "angle_deg": scene.angle_deg,
        "difficulty": scene.difficulty,
        "view": scene.view,
        "posture": scene.posture,
        "desk": scene.appearance.desk,
        "clutter": scene.clutter,
        "sensor": scene.sensor,
        "resolution": f"{width}x{height}",
        "frame_rate_hz": scene.frame_rate_hz,
        "words_per_minute": trajectory.words_per_minute,
        "layout": layout.name,
        "participant": {
            **trajectory.participant,
            "skin_tone": scene.appearance.skin_tone,
            "rings": [f"{hand} {finger}" for hand, finger in scene.appearance.rings],
        },
        "calibration_seconds": trajectory.calibration_seconds,
        "camera_from_sheet": {"rotation": pose.rotation.tolist(), "translation_m": pose.translation_m.tolist()},
    }


def make_tap_line(tap: GroundTruthTap) -> dict[str, Any]:
    return {"kind": "tap", **asdict(tap)}


def make_rest_line(rest: GroundTruthRest) -> dict[str, Any]:
    return {"kind": "rest", **asdict(rest)}


def make_frame_line(trajectory: SampledTypingTrajectory, scene: Scene, rendered_frame: RenderedFrame) -> dict[str, Any]:
    """Positions of all joints and fingertips in a frame, sheet frame."""
    frame_index = rendered_frame.request.frame_index
    hands = [
        _make_hand_entry(trajectory, scene, rendered_frame, hand, pose)
        for hand, pose in rendered_frame.request.poses.items()
    ]
    return {"kind": "frame", "stamp_ns": trajectory.stamps_ns[frame_index], "hands": hands}


def _make_hand_entry(
    trajectory: SampledTypingTrajectory, scene: Scene, rendered_frame: RenderedFrame, hand: Handedness, pose: HandPose
) -> dict[str, Any]:
    model = trajectory.models[hand]
    pads, ends = model.fingertip_pads(pose), model.fingertip_ends(pose)
    pixels = scene.color_camera.project(scene.camera_from_sheet.apply(ends))
    keys = trajectory.contacts[rendered_frame.request.frame_index][hand]
    fingers = {
        finger: {
            "pad_m": _round_point(pads[index]),
            "clearance_m": round(float(pads[index, 2]), _MICROMETRE_DIGITS),
            "contact": finger in keys,
            "key": keys.get(finger),
            "tip_px": np.round(pixels[index], _PIXEL_DIGITS).tolist(),
            "visible": bool(rendered_frame.visible_fingertips[hand][index]),
        }
        for index, finger in enumerate(FINGERS)
    }
    joints = {name: _round_point(point) for name, point in model.joints(pose).items()}
    return {"hand": hand, "joints_m": joints, "fingers": fingers}


def _round_point(point_m: np.ndarray) -> list[float]:
    return np.round(point_m, _MICROMETRE_DIGITS).tolist()
