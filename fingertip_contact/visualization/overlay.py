"""The image with keys, fingertips coloured by state, and the text drawn in."""

from __future__ import annotations

import textwrap

import cv2
import numpy as np

from fingertip_contact.cameras.rotation import rotate_image
from fingertip_contact.datatypes import FingerState, Fingertip, FrameResult, KeyEvent
from fingertip_contact.geometry import Camera, RigidTransform
from fingertip_contact.keyboard.layout import Key, Layout
from fingertip_contact.stroke_text import draw_text, measure_text
from fingertip_contact.visualization.upright import UprightTurn, turn_result

# BGR. They differ in brightness as well as in hue, for colour-blind users.
STATE_COLORS_BGR: dict[FingerState, tuple[int, int, int]] = {
    "hover": (230, 200, 90),
    "approach": (60, 200, 255),
    "contact": (60, 60, 255),
    "retract": (220, 120, 220),
    "lost": (128, 128, 128),
}
KEY_COLOR_BGR = (200, 170, 60)
PRESSED_COLOR_BGR = (60, 60, 255)
TEXT_COLOR_BGR = (245, 245, 245)
HALO_COLOR_BGR = (20, 20, 20)
BANNER_PX = 44
# Heights of capitals.
HEIGHT_TEXT_PX, HINT_TEXT_PX, BANNER_TEXT_PX = 7, 10, 17
HINT_COLOR_BGR = (90, 220, 255)
HINT_COLUMNS = 72
BONES = tuple((finger * 4 + joint, finger * 4 + joint + 1) for finger in range(5) for joint in range(1, 4))
PALM_OUTLINE = (0, 1, 5, 9, 13, 17, 0)


class HeldKeys:
    """Which keys are held down, by the events so far."""

    def __init__(self) -> None:
        self._by_press: dict[int, str] = {}

    @property
    def keys(self) -> frozenset[str]:
        """Their names."""
        return frozenset(self._by_press.values())

    def update(self, event: KeyEvent) -> bool:
        """Whether a press has begun or ended."""
        if event.contact.type == "press":
            self._by_press[event.contact.press] = event.key
            return True
        return event.contact.type in ("release", "cancel") and self._by_press.pop(event.contact.press, None) is not None


class Overlay:
    """Draws frames in their order; remembers which keys are held down, and how images are turned: turn_deg, clockwise,
    of the last one."""

    def __init__(self, layout: Layout, turn: str = "0") -> None:
        """turn: one of upright.TURNS; auto: so that the sheet can be read, as soon as it has been found."""
        self._layout = layout
        self._held = HeldKeys()
        self._turn = UprightTurn(turn)

    @property
    def turn_deg(self) -> int:
        return self._turn.degrees

    def follow(self, result: FrameResult) -> None:
        """Of a result that is not drawn: which keys are held down."""
        for event in result.key_events:
            self._held.update(event)

    def draw(self, color_bgr: np.ndarray, result: FrameResult, camera: Camera) -> np.ndarray:
        """A new (H, W, 3) uint8 image, (W, H, 3) after a quarter turn; `color_bgr` is not changed. What is written is
        upright in it."""
        self.follow(result)
        turn_deg = self._turn.update(camera, result.camera_from_sheet)
        image = rotate_image(color_bgr, turn_deg) if turn_deg else color_bgr.copy()
        result, camera = turn_result(result, camera, turn_deg)
        if result.camera_from_sheet is not None:
            self._draw_keys(image, camera, result.camera_from_sheet)
        for hand in result.hands:
            _draw_skeleton(image, hand.landmarks_px)
        for fingertip in result.fingertips:
            _draw_fingertip(image, fingertip)
        _draw_hint(image, result.hint)
        _draw_banner(image, result.text)
        return image

    def _draw_keys(self, image: np.ndarray, camera: Camera, camera_from_sheet: RigidTransform) -> None:
        keys = list(self._layout.keys)
        corners_m = np.concatenate([compute_key_corners_m(key) for key in keys])
        quads = camera.project(camera_from_sheet.apply(corners_m)).round().astype(np.int32).reshape(-1, 4, 2)
        cv2.polylines(image, list(quads), True, KEY_COLOR_BGR, 1, cv2.LINE_AA)
        held = [quad for key, quad in zip(keys, quads, strict=True) if key.name in self._held.keys]
        if held:
            cv2.polylines(image, held, True, PRESSED_COLOR_BGR, 3, cv2.LINE_AA)


def compute_key_corners_m(key: Key) -> np.ndarray:
    """The four corners of a key in their order around it, in the sheet frame: (4, 3) metres."""
    signs = np.array([[-1, 1, 0], [1, 1, 0], [1, -1, 0], [-1, -1, 0]])
    return np.array([*key.center_m, 0.0]) + 0.5 * signs * np.array([*key.size_m, 0.0])


def _draw_skeleton(image: np.ndarray, landmarks_px: np.ndarray) -> None:
    points = np.round(landmarks_px).astype(np.int32)
    cv2.polylines(image, [points[list(PALM_OUTLINE)]], False, (170, 170, 170), 1, cv2.LINE_AA)
    for start, end in BONES:
        cv2.line(image, tuple(map(int, points[start])), tuple(map(int, points[end])), (170, 170, 170), 1, cv2.LINE_AA)


def _draw_fingertip(image: np.ndarray, fingertip: Fingertip) -> None:
    if not np.all(np.isfinite(fingertip.pixel)):
        return
    center = (round(fingertip.pixel[0]), round(fingertip.pixel[1]))
    color = STATE_COLORS_BGR[fingertip.state]
    cv2.circle(image, center, 6, HALO_COLOR_BGR, 2, cv2.LINE_AA)
    cv2.circle(image, center, 6, color, -1 if fingertip.state == "contact" else 2, cv2.LINE_AA)
    if np.isfinite(fingertip.height_m):
        _draw_with_halo(
            image, f"{fingertip.height_m * 1000:.0f}", (center[0] + 8, center[1] + 4), HEIGHT_TEXT_PX, color, 1
        )


def _draw_hint(image: np.ndarray, hint: str) -> None:
    for row, line in enumerate(textwrap.wrap(hint, HINT_COLUMNS)):
        _draw_with_halo(image, line, (12, 20 + 18 * row), HINT_TEXT_PX, HINT_COLOR_BGR, 2)


def _draw_with_halo(
    image: np.ndarray,
    text: str,
    position_px: tuple[int, int],
    cap_height_px: int,
    color: tuple[int, int, int],
    halo_px: int,
) -> None:
    """halo_px: by how much the dark line is thicker than the coloured one."""
    draw_text(image, text, position_px, cap_height_px, HALO_COLOR_BGR, 1 + halo_px)
    draw_text(image, text, position_px, cap_height_px, color, 1)


def _draw_banner(image: np.ndarray, text: str) -> None:
    height, width = image.shape[:2]
    image[height - BANNER_PX :] //= 4
    last_line = text.rsplit("\n", 1)[-1]
    while last_line and measure_text(last_line, BANNER_TEXT_PX) > width - 40:
        last_line = last_line[1:]
    draw_text(image, last_line + "_", (12, height - 14), BANNER_TEXT_PX, TEXT_COLOR_BGR, 2)
