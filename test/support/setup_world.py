"""Frames and results for the steps of the guided start: a sheet under a camera, fingers that press, a text."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from fingertip_contact.advice import Advice
from fingertip_contact.datatypes import FINGERS, HANDS, ContactEvent, Frame, FrameResult, KeyEvent, PlacedSheet, Surface
from fingertip_contact.geometry import RigidTransform
from fingertip_contact.keyboard.layout import Layout, load_layout
from fingertip_contact.live.source import FrameSource
from fingertip_contact.setup_guide.guide import SetupGuide
from fingertip_contact.setup_guide.step import StepReport
from fingertip_contact.setup_guide.steps import make_guide
from fingertip_contact.setup_guide.typing_step import TypingStep
from keyboard_images import CAMERA, make_camera_pose

QWERTY = load_layout("qwerty")
POSE = make_camera_pose(60, 0.36)
IMAGE = np.full((480, 640, 3), 128, np.uint8)
PERIOD_NS = 33_333_333
ALL_FINGERS = tuple((hand, finger) for hand in HANDS for finger in FINGERS)


def make_surface(pose: RigidTransform) -> Surface:
    """The sheet's plane, in colour."""
    return Surface(PlacedSheet(pose, QWERTY.sheet_size_m, 0).plane, None, float("nan"), float("nan"), 0)


def make_press(stamp_ns: int, finger: tuple[str, str], number: int = 1) -> ContactEvent:
    hand, name = finger
    return ContactEvent(stamp_ns, stamp_ns, "press", number, 1, hand, name, np.zeros(3), 1.0)


class Desk:
    """Gives one frame after another to a guide: what a pipeline would find is set by hand."""

    typing: TypingStep

    def __init__(self, guide: SetupGuide) -> None:
        self.guide = guide
        self.index = 0
        self.pose: RigidTransform | None = POSE
        self.advice: tuple[Advice, ...] = ()
        self.text = ""

    @property
    def stamp_ns(self) -> int:
        return 1_000_000_000 + self.index * PERIOD_NS

    def show(self, seconds: float = 0.0, presses: Iterable[tuple[str, str]] = (), keys: str = "") -> None:
        """Frames for so long, at least one; presses and keys come with the first."""
        events = tuple(make_press(self.stamp_ns, finger) for finger in presses)
        key_events = tuple(KeyEvent(make_press(self.stamp_ns, ALL_FINGERS[1]), "qwerty", key, key) for key in keys)
        self.text += keys
        for _ in range(max(1, round(seconds * 1e9 / PERIOD_NS))):
            self.guide.update(*self._make(events, key_events))
            self.index += 1
            events, key_events = (), ()

    def find(self, name: str) -> StepReport:
        """What a step says now."""
        return next(report for report in self.guide.reports if report.name == name)

    def type(self, text: str, interval_s: float = 0.2) -> None:
        """Each character after another."""
        for key in text:
            self.show(interval_s, keys=key)

    def _make(self, events: tuple[ContactEvent, ...], key_events: tuple[KeyEvent, ...]) -> tuple[Frame, FrameResult]:
        frame = Frame(self.stamp_ns, "camera", CAMERA, IMAGE, None)
        surface = None if self.pose is None else make_surface(self.pose)
        result = FrameResult(self.stamp_ns, (), (), events, key_events, self.text, surface, self.pose, self.advice)
        return frame, result


def make_desk(
    skipped: Iterable[str] = (),
    target: str = "hello",
    user_side: str = "facing",
    timeout_s: float = 60.0,
    layout: Layout = QWERTY,
    saved: list[str] | None = None,
) -> Desk:
    """saved: gets a line when the profile would be saved."""
    saved = [] if saved is None else saved

    def save() -> str:
        saved.append("desk")
        return "saved as desk.yaml"

    def clear_text() -> None:
        for desk in desks:
            desk.text = ""

    desks: list[Desk] = []
    typing = TypingStep(target, clear_text, max_cer=0.2)
    desk = Desk(
        make_guide(
            FrameSource("a camera", iter(()), "none", ""), layout, user_side, typing, save, tuple(skipped), timeout_s
        )
    )
    desk.typing = typing
    desks.append(desk)
    return desk
