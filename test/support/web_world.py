"""A server of the page with something to show, and the schema of its messages."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from typing import Any

import cv2
import numpy as np

from fingertip_contact.datatypes import FINGERS, HANDS
from fingertip_contact.keyboard.layout import load_layout
from fingertip_contact.web.live_state import LiveState
from fingertip_contact.web.server import ServerSettings, WebServer

START_US = 1_700_000_000_000_000
PERIOD_US = 33_333
RATE_HZ = 100.0


def read_schema() -> dict[str, Any]:
    """page/schema.json."""
    return json.loads((files("fingertip_contact") / "web/page/schema.json").read_text(encoding="utf-8"))


class SteppedClock:
    """It stands still unless it is set: what a state holds stays new on a busy machine."""

    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@contextmanager
def serve(state: LiveState, token: str = "", rate_hz: float = RATE_HZ, port: int = 0) -> Iterator[WebServer]:
    """At a port of this computer, by default a free one."""
    server = WebServer(state, load_layout("qwerty"), ServerSettings("127.0.0.1", port, token, rate_hz))
    server.start()
    try:
        yield server
    finally:
        server.stop()


def make_fingertips(height_mm: float, touching: str = "") -> list[dict[str, Any]]:
    """Ten of them at one height; the one that touches, e.g. right_index, is at 0."""
    return [
        {
            "finger": f"{hand}_{finger}",
            "state": "contact" if f"{hand}_{finger}" == touching else "hover",
            "height_mm": 0.0 if f"{hand}_{finger}" == touching else height_mm,
            "speed_mps": 0.0,
            "point_m": [0.0, 0.0, 0.35],
        }
        for hand in HANDS
        for finger in FINGERS
    ]


def make_event(key: str, kind: str = "press") -> dict[str, Any]:
    """An event on a key."""
    point = {"point_m": [0.0, 0.0, 0.35]}
    times = {"stamp_us": START_US, "contact_us": START_US - 60_000}
    return {"topic": "key_events", "type": kind, "finger": "right_index", "key": key, **times, **point}


def make_step(name: str, step_state: str, text: str = "", remedy: str = "") -> dict[str, str]:
    """A step of the guided start."""
    return {"name": name, "instruction": f"do {name}", "state": step_state, "text": text, "remedy": remedy}


def fill(state: LiveState, frame_count: int = 60) -> None:
    """Two seconds of images, a key that is down, a text, advice and an image."""
    for frame in range(frame_count):
        height_mm = 15 + 8 * np.sin(frame / 5)
        state.set_fingertips(make_fingertips(height_mm, "right_index"), START_US + frame * PERIOD_US, 24.0)
    state.add_event(make_event("h"))
    state.set_down([{"finger": "right_index", "key": "h", "stamp_us": START_US}])
    state.set_text("hello wor")
    advice = {"code": "slow_frames", "text": "only 9 frames come in a second", "remedy": "set the camera to 30"}
    state.set_report("fingertip_contact/contact_node", "warning", "only 9 frames come", [advice])
    state.set_report("fingertip_contact/hand_tracking_node", "ok", "29.9 frames/s", [])
    state.set_overlay(make_jpeg())


def make_jpeg() -> bytes:
    """A grey image of 640x480."""
    return cv2.imencode(".jpg", np.full((480, 640, 3), 90, np.uint8))[1].tobytes()
