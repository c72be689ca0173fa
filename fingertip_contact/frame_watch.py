"""Watches frames and what was found in them for causes of silence."""

from __future__ import annotations

import math
from collections import deque
from statistics import median

from fingertip_contact.advice import CAMERA_TURNED, DEPTH_INVALID, NO_HANDS, NO_SHEET, Advice, advise_frame_rate
from fingertip_contact.datatypes import DepthImage, Frame, Hand
from fingertip_contact.geometry import RigidTransform
from fingertip_contact.hand_watch import HandWatch
from fingertip_contact.image_watch import ImageWatch
from fingertip_contact.marker_watch import MarkerWatch

# At 10 Hz 14 of 19 taps were read on the demonstration's recording, at 5 Hz none.
MIN_RATE_HZ = 12.0
# Of so many intervals the median counts: lost frames are another matter.
INTERVALS = 15
# The sheet is found within a third of a second after its markers are seen.
SHEET_S = 3.0
HANDS_S = 10.0
DEPTH_S = 1.0
# The desk's normal tells what is up in the image, unless the camera looks down more steeply than this. A camera that is
# tilted sideways by less is upright.
MAX_ELEVATION_DEG, MAX_TILT_DEG = 75.0, 60.0
TURNED_S = 1.0
# One pixel of so many, in each direction, tells whether depth holds anything.
STRIDE = 8


class FrameWatch:
    """update() takes every frame with its hands and the sheet's pose; `advice` is the result, most important first.

    Times are those of the frames' stamps; a step back begins anew. layout: the chosen one's name, for advice.
    """

    def __init__(self, layout: str = "another layout") -> None:
        self._layout = layout
        self._intervals_ns: deque[int] = deque(maxlen=INTERVALS)
        self._last_ns: int | None = None
        # Since when each has not been seen; None: seen, and its absence is no news.
        self._without_ns: dict[str, int | None] = {}
        self._has_hands = False
        self._images, self._markers, self._hands = ImageWatch(), MarkerWatch(self._layout), HandWatch()
        self._turn_deg = 0

    def update(self, frame: Frame, hands: tuple[Hand, ...], camera_from_sheet: RigidTransform | None) -> None:
        stamp_ns = frame.stamp_ns
        if self._last_ns is not None and stamp_ns <= self._last_ns:
            self._intervals_ns.clear()
            self._without_ns.clear()
            self._last_ns = None
            self._images, self._markers, self._hands = ImageWatch(), MarkerWatch(self._layout), HandWatch()
        if self._last_ns is not None:
            self._intervals_ns.append(stamp_ns - self._last_ns)
        self._last_ns = stamp_ns
        self._has_hands = self._has_hands or bool(hands)
        self._images.update(stamp_ns, frame.color_bgr)
        self._markers.update(stamp_ns, frame.color_bgr, camera_from_sheet is not None)
        self._hands.update(stamp_ns, hands)
        self._follow("hands", self._has_hands)
        self._follow("sheet", camera_from_sheet is not None)
        if camera_from_sheet is not None:
            self._turn_deg = _find_turn_deg(camera_from_sheet)
        self._follow("upright", self._turn_deg == 0)
        self._follow("depth", frame.depth is None or _has_depth(frame.depth))

    @property
    def picture_advice(self) -> tuple[Advice, ...]:
        """The part of `advice` on the pictures themselves and on what is seen of the sheet: causes of much else."""
        found = [self._advise_rate(), self._images.advice]
        if self._has_lasted("sheet", SHEET_S) or self._without_ns.get("sheet") is None:
            found.append(self._markers.advice)
        return tuple(advice for advice in found if advice is not None)

    @property
    def advice(self) -> tuple[Advice, ...]:
        found: list[Advice | None] = [*self.picture_advice]
        if self._has_lasted("depth", DEPTH_S):
            found.append(DEPTH_INVALID)
        # What is seen of the sheet says more than that it is not found.
        if self._has_lasted("sheet", SHEET_S) and self._markers.advice is None:
            found.append(NO_SHEET)
        found.append(NO_HANDS if self._has_lasted("hands", HANDS_S) else self._hands.advice)
        if self._has_lasted("upright", TURNED_S):
            found.append(CAMERA_TURNED.get(self._turn_deg))
        return tuple(advice for advice in found if advice is not None)

    def _advise_rate(self) -> Advice | None:
        if len(self._intervals_ns) < INTERVALS:
            return None
        rate_hz = 1e9 / median(self._intervals_ns)
        return advise_frame_rate(rate_hz) if rate_hz < MIN_RATE_HZ else None

    def _has_lasted(self, name: str, limit_s: float) -> bool:
        since_ns = self._without_ns.get(name)
        return since_ns is not None and self._last_ns is not None and self._last_ns - since_ns > limit_s * 1e9

    def _follow(self, name: str, is_seen: bool) -> None:
        if is_seen:
            self._without_ns[name] = None
        elif self._without_ns.get(name) is None:
            self._without_ns[name] = self._last_ns


def _find_turn_deg(camera_from_sheet: RigidTransform) -> int:
    """By how much to turn the image clockwise so that the desk's normal points up in it: 0, 90, 180 or 270."""
    right, down, _ = camera_from_sheet.rotation[:, 2]
    if math.hypot(right, down) < math.cos(math.radians(MAX_ELEVATION_DEG)):
        return 0
    tilt_deg = math.degrees(math.atan2(right, -down))  # 90: what is up in the world is right in the image.
    return 0 if abs(tilt_deg) <= MAX_TILT_DEG else round(-tilt_deg / 90) % 4 * 90


def _has_depth(depth: DepthImage) -> bool:
    step = slice(STRIDE // 2, None, STRIDE)
    metres = depth.to_metres((step, step))
    return bool((metres > 0).any())
