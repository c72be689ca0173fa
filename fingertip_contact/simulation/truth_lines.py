"""The lines of a truth file, as `recordings.truth` reads them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from fingertip_contact.frames import FINGERS, Handedness
from fingertip_contact.keyboard.layout import Layout
from fingertip_contact.recordings.truth import VERSION, TrueRest, TrueTap
from fingertip_contact.simulation.darkroom import Exposure
from fingertip_contact.simulation.hand import HandPose
from fingertip_contact.simulation.scene import Scene
from fingertip_contact.simulation.typist import Performance

_MICROMETRE_DIGITS = 6
_PIXEL_DIGITS = 2


def header_line(performance: Performance, layout: Layout, scene: Scene) -> dict[str, Any]:
    """What was recorded, and where the camera stood."""
    pose = scene.camera_from_sheet
    return {
        "kind": "header",
        "version": VERSION,
        "text": performance.text,
        "seed": scene.seed,
        "angle_deg": scene.angle_deg,
        "difficulty": scene.difficulty,
        "words_per_minute": performance.words_per_minute,
        "layout": layout.name,
        "participant": {**performance.participant, "skin_tone": scene.looks.skin_tone, "desk": scene.looks.desk},
        "calibration_seconds": performance.calibration_seconds,
        "camera_from_sheet": {"rotation": pose.rotation.tolist(), "translation_m": pose.translation_m.tolist()},
    }


def tap_line(tap: TrueTap) -> dict[str, Any]:
    return {"kind": "tap", **asdict(tap)}


def rest_line(rest: TrueRest) -> dict[str, Any]:
    return {"kind": "rest", **asdict(rest)}


def frame_line(performance: Performance, scene: Scene, exposure: Exposure) -> dict[str, Any]:
    """Where every joint and fingertip was in a frame, sheet frame."""
    number = exposure.shot.number
    hands = [_hand(performance, scene, exposure, hand, pose) for hand, pose in exposure.shot.poses.items()]
    return {"kind": "frame", "stamp_ns": performance.stamps_ns[number], "hands": hands}


def _hand(
    performance: Performance, scene: Scene, exposure: Exposure, hand: Handedness, pose: HandPose
) -> dict[str, Any]:
    model = performance.models[hand]
    pads, ends = model.fingertip_pads(pose), model.fingertip_ends(pose)
    pixels = scene.color_camera.project(scene.camera_from_sheet.apply(ends))
    keys = performance.contacts[exposure.shot.number][hand]
    fingers = {
        finger: {
            "pad_m": _rounded(pads[index]),
            "clearance_m": round(float(pads[index, 2]), _MICROMETRE_DIGITS),
            "contact": finger in keys,
            "key": keys.get(finger),
            "tip_px": np.round(pixels[index], _PIXEL_DIGITS).tolist(),
            "visible": bool(exposure.seen[hand][index]),
        }
        for index, finger in enumerate(FINGERS)
    }
    joints = {name: _rounded(point) for name, point in model.joints(pose).items()}
    return {"hand": hand, "joints_m": joints, "fingers": fingers}


def _rounded(point_m: np.ndarray) -> list[float]:
    return np.round(point_m, _MICROMETRE_DIGITS).tolist()
