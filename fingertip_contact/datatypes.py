"""The small frozen records that pass between the packages.

Stamps are the camera's exposure times in integer nanoseconds. Points are metres in the camera's optical frame
(REP-103: x right, y down, z forward). Arrays inside a record are never modified.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from fingertip_contact.advice import Advice
from fingertip_contact.geometry import Camera, Plane, RigidTransform

Handedness = Literal["left", "right"]
HANDS: tuple[Handedness, ...] = ("left", "right")

Finger = Literal["thumb", "index", "middle", "ring", "little"]
FINGERS: tuple[Finger, ...] = ("thumb", "index", "middle", "ring", "little")

# The 21 landmarks of MediaPipe's hand model: the wrist, then four for each finger from knuckle to tip.
WRIST = 0
LANDMARKS_PER_HAND = 21
FINGER_LANDMARKS: dict[Finger, tuple[int, int, int, int]] = {
    "thumb": (1, 2, 3, 4),
    "index": (5, 6, 7, 8),
    "middle": (9, 10, 11, 12),
    "ring": (13, 14, 15, 16),
    "little": (17, 18, 19, 20),
}
MIDDLE_KNUCKLE = FINGER_LANDMARKS["middle"][0]
FINGERTIP_LANDMARKS = (4, 8, 12, 16, 20)

FingerState = Literal["hover", "approach", "contact", "retract", "lost"]
FINGER_STATES: tuple[FingerState, ...] = ("hover", "approach", "contact", "retract", "lost")

EventType = Literal["press", "move", "release", "cancel"]

Modifier = Literal["shift", "caps_lock", "ctrl", "alt", "meta", "altgr"]

# Why a character was not written: the press was off all keys, the sheet was not found yet, a modifier turned it into a
# command, the language model chose a neighbouring key, or the press was cancelled.
Rejection = Literal["off_key", "no_sheet", "modifier", "language", "cancelled"]


@dataclass(frozen=True)
class DepthImage:
    """A depth image as received, not copied: conversion to metres is done on windows, where needed.

    values: (H, W) uint16 with 0 invalid (16UC1), or float32 with NaN, 0 or infinity invalid (32FC1).
    unit_m: metres of one step of `values`: 0.001 for 16UC1 (REP-118), 1.0 for 32FC1.
    """

    values: np.ndarray
    unit_m: float

    def to_metres(self, window: tuple[slice, slice] = (slice(None), slice(None))) -> np.ndarray:
        """The depth of a window as a new array: float32 metres, NaN where invalid."""
        metres = self.values[window].astype(np.float32) * np.float32(self.unit_m)
        metres[~np.isfinite(metres) | (metres <= 0)] = np.nan
        return metres


@dataclass(frozen=True)
class StereoImages:
    """The two imagers of a stereo camera in one exposure, rectified: a point has the same row in both.

    left, right: (H, W) uint8 grey. camera: intrinsics of both, without distortion. baseline_m: the right imager is this
    far along x of the left one. color_from_left: pose of the left imager in the colour camera's optical frame; the
    identity for a D405, whose colour comes from its left imager.
    """

    left: np.ndarray
    right: np.ndarray
    camera: Camera
    baseline_m: float
    color_from_left: RigidTransform


@dataclass(frozen=True)
class Frame:
    """One exposure: a colour image and what else was measured of it.

    color_bgr: (H, W, 3) uint8. depth: aligned to colour as drivers align it, to the camera without its distortion: what
    colour shows at a pixel has its depth at the undistorted pixel. None if there is no depth of this stamp. stereo: the
    imagers' own pictures, or None where they are not used.
    """

    stamp_ns: int
    frame_id: str
    camera: Camera
    color_bgr: np.ndarray
    depth: DepthImage | None
    stereo: StereoImages | None = None


@dataclass(frozen=True)
class Hand:
    """A tracked hand: `track` stays the same as long as the hand is tracked, and is never reused.

    landmarks_px: (21, 2) float32, pixels. score: presence, 0..1. handedness_score: 0..1.
    """

    track: int
    handedness: Handedness
    handedness_score: float
    score: float
    landmarks_px: np.ndarray


@dataclass(frozen=True)
class Fingertip:
    """A fingertip over the surface in one frame.

    point_m: (3,) the pad's position, optical frame; NaN while lost. height_m: thickness-corrected perpendicular height
    of the pad over the surface; NaN while lost. speed_mps: along the surface normal, positive away from the surface.
    """

    track: int
    hand: Handedness
    finger: Finger
    pixel: tuple[float, float]
    point_m: np.ndarray
    height_m: float
    speed_mps: float
    score: float
    state: FingerState


@dataclass(frozen=True)
class ContactEvent:
    """A finger pressed, moved on or left the surface, or its tracking was lost.

    stamp_ns: exposure of the frame that decided. contact_ns: best estimate of the time of the event, never later than
    stamp_ns. press: number that a press shares with its moves and its single release or cancel. point_m: (3,) optical
    frame. confidence: 0..1.
    """

    stamp_ns: int
    contact_ns: int
    type: EventType
    press: int
    track: int
    hand: Handedness
    finger: Finger
    point_m: np.ndarray
    confidence: float


@dataclass(frozen=True)
class TapCandidate:
    """What may have been a tap but was not sure enough for a press. Times, point and confidence: see ContactEvent."""

    stamp_ns: int
    contact_ns: int
    hand: Handedness
    finger: Finger
    point_m: np.ndarray
    confidence: float


@dataclass(frozen=True)
class KeyEvent:
    """A contact event on a key. key: the key's name in the layout, empty for a press on none; text: written by this
    event, often one character, empty for keys that write nothing and for ends of presses.

    modifiers: those held when a key was pressed, e.g. ("shift",). rejected: text that was withheld, and reason: why.
    repeat: number of repetitions of a held key; such an event is a `move` that writes.
    """

    contact: ContactEvent
    keyboard: str
    key: str
    text: str
    modifiers: tuple[Modifier, ...] = ()
    rejected: str = ""
    reason: Rejection | None = None
    repeat: int = 0


@dataclass(frozen=True)
class PlacedSheet:
    """The sheet on the desk. size_m: width and height. seen_ns: stamp of the last frame whose markers gave or confirmed
    the pose; None where it is less certain: from too few markers, or given by a user or file."""

    camera_from_sheet: RigidTransform
    size_m: tuple[float, float]
    seen_ns: int | None

    @property
    def plane(self) -> Plane:
        """The sheet's plane, its normal towards the camera."""
        normal = self.camera_from_sheet.rotation[:, 2]
        return Plane(normal, -float(normal @ self.camera_from_sheet.translation_m))


@dataclass(frozen=True)
class Surface:
    """The desk, as two planes in the optical frame.

    plane: where it is; rays, contact points and poses are intersected with it. depth_plane: where the depth camera sees
    it, up to 3 % nearer (a D405 at 41 cm: 11 mm); a height that comes from depth is measured over this one. The two are
    equal where depth alone is known; depth_plane is None where depth has not measured the desk: no heights then.
    residual_m: RMS distance of the desk's depth to depth_plane, at the desk's median distance. inlier_ratio: part of
    the depth around the desk that lies on it, 0..1. Both are NaN without depth_plane. stamp_ns: last frame that
    confirmed the surface.
    """

    plane: Plane
    depth_plane: Plane | None
    residual_m: float
    inlier_ratio: float
    stamp_ns: int


@dataclass(frozen=True)
class FrameResult:
    """The result of one frame. `surface` and `camera_from_sheet` are None until they are known. advice: why nothing
    is read, or not well, most important first; empty if there is no problem."""

    stamp_ns: int
    hands: tuple[Hand, ...]
    fingertips: tuple[Fingertip, ...]
    contact_events: tuple[ContactEvent, ...]
    key_events: tuple[KeyEvent, ...]
    text: str
    surface: Surface | None
    camera_from_sheet: RigidTransform | None
    advice: tuple[Advice, ...] = ()

    @property
    def hint(self) -> str:
        """The most important advice, in plain text; empty if there is none."""
        return self.advice[0].message if self.advice else ""
