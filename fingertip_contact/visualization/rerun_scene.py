"""What is shown in Rerun's viewer: image, fingertips by state, surface, keys, heights over time, events and text.

Needs rerun-sdk (extra `rerun`). Points are metres in the camera's optical frame; the timeline `stamp` is that of the
images. Colours are the overlay's.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

import numpy as np

from fingertip_contact.cameras.rotation import rotate_camera, rotate_optical_frame
from fingertip_contact.datatypes import (
    FINGERS,
    HANDS,
    ContactEvent,
    Fingertip,
    Frame,
    FrameResult,
    KeyEvent,
)
from fingertip_contact.geometry import Camera, RigidTransform
from fingertip_contact.keyboard.layout import Layout
from fingertip_contact.safe_text import to_one_line
from fingertip_contact.transports.image_coding import encode_jpeg
from fingertip_contact.visualization.overlay import (
    KEY_COLOR_BGR,
    PRESSED_COLOR_BGR,
    STATE_COLORS_BGR,
    HeldKeys,
    Overlay,
    compute_key_corners_m,
)
from fingertip_contact.visualization.rerun_import import import_rerun
from fingertip_contact.visualization.upright import AUTO

ReportLevel = Literal["ok", "warning", "error"]

TIMELINE = "stamp"
DESK, CAMERA, IMAGE = "desk", "desk/camera", "desk/camera/image"
FINGERTIPS, SHEET, SURFACE = "desk/fingertips", "desk/sheet", "desk/sheet/surface"
KEYS, HELD_KEYS = "desk/sheet/keys", "desk/sheet/held_keys"
TOUCHES = "desk/touches"
HEIGHTS, EVENTS, TEXT, ADVICE = "heights", "events", "text", "advice"

FINGERTIP_RADIUS_M = 0.004
TOUCH_RADIUS_M = 0.0025
KEY_LINE_RADIUS_M, HELD_LINE_RADIUS_M = 0.0003, 0.0009
SURFACE_THICKNESS_M = 0.0005
SURFACE_COLOR_RGBA = (204, 204, 204, 60)
IMAGE_PLANE_DISTANCE_M = 0.08
JPEG_QUALITY = 80
# One hue per finger, light for the left hand, as lines in the plot of heights.
HEIGHT_COLORS_RGB = {
    "thumb": (150, 110, 60),
    "index": (40, 110, 220),
    "middle": (30, 150, 90),
    "ring": (200, 60, 60),
    "little": (140, 70, 190),
}


class RerunScene:
    """Logs into a recording of Rerun. Remembers which keys are held down and what was logged last."""

    def __init__(self, recording: Any, layout: Layout) -> None:
        """recording: a rerun.RecordingStream. Raises ValueError where rerun-sdk is not installed."""
        self._rr = import_rerun()
        self._recording = recording
        self._layout = layout
        self._overlay = Overlay(layout, AUTO)
        self._held = HeldKeys()
        self._touches: dict[int, ContactEvent] = {}
        self._camera: tuple[Camera, int] | None = None
        self._text: str | None = None
        self._advice: tuple[str, ...] = ()
        self._log_static()

    def log_result(self, frame: Frame | None, result: FrameResult) -> None:
        """Everything about one frame, its overlay included; without a frame, only events and text."""
        if frame is not None:
            image = self._overlay.draw(frame.color_bgr, result, frame.camera)
            self.log_camera(result.stamp_ns, frame.camera, self._overlay.turn_deg)
            self.log_image(result.stamp_ns, image)
            self.log_fingertips(result.stamp_ns, result.fingertips)
            self.log_sheet(result.stamp_ns, result.camera_from_sheet)
            self.log_advice(result.stamp_ns, [advice.message for advice in result.advice])
        for contact in result.contact_events:
            self.log_contact_event(contact)
        for event in result.key_events:
            self.log_key_event(event)
        self.log_text(result.stamp_ns, result.text)

    def log_camera(self, stamp_ns: int, camera: Camera, turn_deg: int) -> None:
        """Where the image hangs in the 3-D view, also one that is turned clockwise; logged when it changes."""
        if (camera, turn_deg) == self._camera:
            return
        self._camera = camera, turn_deg
        turned = rotate_camera(camera, turn_deg)
        pinhole = self._rr.Pinhole(
            image_from_camera=turned.matrix,
            resolution=(turned.width, turned.height),
            camera_xyz=self._rr.ViewCoordinates.RDF,
            image_plane_distance=IMAGE_PLANE_DISTANCE_M,
        )
        self._log(stamp_ns, CAMERA, self._rr.Transform3D(mat3x3=rotate_optical_frame(turn_deg).inverse.rotation))
        self._log(stamp_ns, CAMERA, pinhole)

    def log_image(self, stamp_ns: int, image_bgr: np.ndarray) -> None:
        """The overlay, (H, W, 3) uint8, as JPEG."""
        image = self._rr.EncodedImage(contents=encode_jpeg(image_bgr, JPEG_QUALITY), media_type="image/jpeg")
        self._log(stamp_ns, IMAGE, image)

    def log_fingertips(self, stamp_ns: int, fingertips: Iterable[Fingertip]) -> None:
        """A ball for every finger that is not lost, in the colour of its state, and the height of each in millimetres.

        A finger that is lost leaves a gap in its line.
        """
        fingertips = tuple(fingertips)
        seen = [tip for tip in fingertips if np.all(np.isfinite(tip.point_m))]
        balls = self._rr.Points3D(
            np.array([tip.point_m for tip in seen], np.float32).reshape(-1, 3),
            colors=[to_rgb(STATE_COLORS_BGR[tip.state]) for tip in seen],
            radii=FINGERTIP_RADIUS_M,
            labels=[f"{tip.hand} {tip.finger}, {tip.state}" for tip in seen],
            show_labels=False,
        )
        self._log(stamp_ns, FINGERTIPS, balls)
        for tip in fingertips:
            self._log(stamp_ns, f"{HEIGHTS}/{tip.hand}_{tip.finger}", self._rr.Scalars(tip.height_m * 1e3))

    def log_sheet(self, stamp_ns: int, camera_from_sheet: RigidTransform | None) -> None:
        """Where sheet and keys lie; nothing while that is not known."""
        if camera_from_sheet is None:
            return
        pose = self._rr.Transform3D(translation=camera_from_sheet.translation_m, mat3x3=camera_from_sheet.rotation)
        self._log(stamp_ns, SHEET, pose)

    def log_contact_event(self, event: ContactEvent) -> None:
        """Where fingers are down now, on a key or beside all of them."""
        if event.type in ("release", "cancel"):
            self._touches.pop(event.press, None)
        else:
            self._touches[event.press] = event
        down = [touch for touch in self._touches.values() if np.all(np.isfinite(touch.point_m))]
        points = self._rr.Points3D(
            np.array([touch.point_m for touch in down], np.float32).reshape(-1, 3),
            colors=to_rgb(PRESSED_COLOR_BGR),
            radii=TOUCH_RADIUS_M,
            labels=[f"{touch.hand} {touch.finger}" for touch in down],
            show_labels=False,
        )
        self._log(event.stamp_ns, TOUCHES, points)

    def log_key_event(self, event: KeyEvent) -> None:
        """A line in the list of events, and the outline of what is held down now."""
        if not event.repeat and event.contact.type != "move":
            self._log(event.contact.stamp_ns, EVENTS, self._rr.TextLog(describe_key_event(event)))
        if self._held.update(event):
            held = self._rr.LineStrips3D(
                [
                    _close_outline(compute_key_corners_m(key))
                    for key in self._layout.keys
                    if key.name in self._held.keys
                ],
                colors=to_rgb(PRESSED_COLOR_BGR),
                radii=HELD_LINE_RADIUS_M,
            )
            self._log(event.contact.stamp_ns, HELD_KEYS, held)

    def log_text(self, stamp_ns: int, text: str) -> None:
        """The text so far, when it has changed."""
        if text != self._text:
            self._text = text
            self._log(stamp_ns, TEXT, self._rr.TextDocument(text))

    def log_advice(self, stamp_ns: int, messages: Iterable[str]) -> None:
        """Why nothing is read, or not well, when that has changed."""
        messages = tuple(messages)
        if messages != self._advice:
            self._advice = messages
            for message in messages or ("no advice",):
                level = self._rr.TextLogLevel.WARN if messages else self._rr.TextLogLevel.INFO
                self._log(stamp_ns, ADVICE, self._rr.TextLog(message, level=level))

    def log_report(self, stamp_ns: int, text: str, level: ReportLevel) -> None:
        """What a node says of itself, among the advice."""
        levels = self._rr.TextLogLevel
        shown = {"ok": levels.INFO, "warning": levels.WARN, "error": levels.ERROR}[level]
        self._log(stamp_ns, ADVICE, self._rr.TextLog(text, level=shown))

    def _log(self, stamp_ns: int, path: str, what: Any) -> None:
        self._recording.set_time(TIMELINE, timestamp=np.datetime64(stamp_ns, "ns"))
        self._recording.log(path, what)

    def _log_static(self) -> None:
        """What never changes: axes, outlines of the keys in the sheet's frame, names and colours of the lines."""
        rr, layout = self._rr, self._layout
        outlines = [_close_outline(compute_key_corners_m(key)) for key in layout.keys]
        keys = rr.LineStrips3D(outlines, colors=to_rgb(KEY_COLOR_BGR), radii=KEY_LINE_RADIUS_M)
        half_sizes_m = [(*(0.5 * size_m for size_m in layout.sheet_size_m), SURFACE_THICKNESS_M / 2)]
        surface = rr.Boxes3D(half_sizes=half_sizes_m, colors=SURFACE_COLOR_RGBA, fill_mode="solid")
        # x right, y down, z forward.
        self._recording.log(DESK, rr.ViewCoordinates.RDF, static=True)
        self._recording.log(KEYS, keys, static=True)
        self._recording.log(SURFACE, surface, static=True)
        for hand in HANDS:
            for finger in FINGERS:
                line = rr.SeriesLines(colors=choose_line_color(hand, finger), names=f"{hand} {finger}")
                self._recording.log(f"{HEIGHTS}/{hand}_{finger}", line, static=True)


def make_blueprint() -> Any:
    """Which panels there are, and where: image and text, 3-D, heights, events."""
    import_rerun()
    import rerun.blueprint as rrb

    return rrb.Blueprint(
        rrb.Horizontal(
            rrb.Vertical(
                rrb.Spatial2DView(origin=IMAGE, name="Overlay"),
                rrb.TextDocumentView(origin=TEXT, name="Text"),
                row_shares=[4, 1],
            ),
            rrb.Vertical(
                rrb.Spatial3DView(origin=DESK, name="Fingertips by state, keys, surface"),
                rrb.TimeSeriesView(origin=HEIGHTS, name="Heights, mm"),
                rrb.TextLogView(origin="/", contents=[EVENTS, ADVICE], name="Events and advice"),
                row_shares=[3, 2, 1],
            ),
        ),
        rrb.TimePanel(state="collapsed"),
        rrb.SelectionPanel(state="collapsed"),
        rrb.BlueprintPanel(state="collapsed"),
    )


def describe_key_event(event: KeyEvent) -> str:
    """One line: `press h by right index: writes 'h'`."""
    contact: ContactEvent = event.contact
    key = to_one_line(event.key) or "beside every key"
    line = f"{contact.type} {key} by {contact.hand} {contact.finger}"
    if event.modifiers:
        line += f" with {', '.join(event.modifiers)}"
    if event.text:
        line += f": writes {event.text!r}"
    if event.rejected:
        line += f": {event.rejected!r} is withheld ({event.reason})"
    return line


def choose_line_color(hand: str, finger: str) -> tuple[int, int, int]:
    """RGB. The left hand's are lighter."""
    color = HEIGHT_COLORS_RGB[finger]
    return color if hand == "right" else tuple(value + (255 - value) // 2 for value in color)  # type: ignore[return-value]


def to_rgb(bgr: tuple[int, int, int]) -> tuple[int, int, int]:
    """The overlay's colours are OpenCV's."""
    blue, green, red = bgr
    return red, green, blue


def _close_outline(corners_m: np.ndarray) -> np.ndarray:
    return np.vstack([corners_m, corners_m[:1]])
