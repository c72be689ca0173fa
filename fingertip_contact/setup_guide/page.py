"""The companion page of the guide: the page of web_node, fed without ROS, with the list of steps."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from fingertip_contact.datatypes import Frame, FrameResult, KeyEvent
from fingertip_contact.keyboard.layout import Layout
from fingertip_contact.setup_guide.step import StepReport
from fingertip_contact.transports.image_coding import encode_jpeg
from fingertip_contact.visualization.overlay import Overlay
from fingertip_contact.visualization.upright import AUTO
from fingertip_contact.web import json_values
from fingertip_contact.web.live_state import LiveState
from fingertip_contact.web.server import ServerSettings, WebServer

HOST, RATE_HZ = "127.0.0.1", 30.0
# As web_node: drawing and coding an image costs 5 ms of a frame.
IMAGE_PERIOD_S, JPEG_QUALITY = 1 / 15, 80
# Under this name among the page's nodes.
NODE = "setup"
# Clients are sent the last state before the server says goodbye.
LAST_STATE_S = 0.2


class GuidePage:
    """Shows frames, results and steps; `open_page` serves it. address: to open in a browser."""

    def __init__(self, state: LiveState, server: WebServer, layout: Layout) -> None:
        self._state, self._server = state, server
        self._overlay = Overlay(layout, AUTO)
        self._image_due_s = 0.0
        self._down: dict[int, dict[str, Any]] = {}
        self.address = f"http://{HOST}:{server.port}/"

    def show(self, frame: Frame, result: FrameResult) -> None:
        """A frame and what was found in it; its image only while somebody watches."""
        stamp_us = result.stamp_ns // json_values.MICROSECOND_NS
        for event in result.contact_events:
            self._state.add_event(json_values.make_event("contact_events", event, ""))
        for key_event in result.key_events:
            self._state.add_event(json_values.make_event("key_events", key_event.contact, key_event.key))
            self._follow_press(key_event)
        self._state.set_down(list(self._down.values()))
        self._state.set_text(result.text)
        self._state.set_fingertips([json_values.make_fingertip(tip) for tip in result.fingertips], stamp_us, None)
        advice = [{"code": entry.code, "text": entry.text, "remedy": entry.remedy} for entry in result.advice]
        self._state.set_report(NODE, "warning" if advice else "ok", result.hint or "frames are read", advice)
        self._show_image(frame, result)

    def show_steps(self, reports: Sequence[StepReport]) -> None:
        """Where the guide is."""
        steps = [asdict(report) for report in reports]
        self._state.set_steps([{k: v for k, v in step.items() if k != "duration_s"} for step in steps])

    def _follow_press(self, event: KeyEvent) -> None:
        contact = event.contact
        if contact.type == "press":
            stamp_us = contact.stamp_ns // json_values.MICROSECOND_NS
            finger = f"{contact.hand}_{contact.finger}"
            self._down[contact.press] = {"finger": finger, "key": event.key, "stamp_us": stamp_us}
        elif contact.type in ("release", "cancel"):
            self._down.pop(contact.press, None)

    def _show_image(self, frame: Frame, result: FrameResult) -> None:
        now_s = time.monotonic()
        if self._server.watcher_count == 0 or now_s < self._image_due_s:
            return
        self._image_due_s = now_s + IMAGE_PERIOD_S
        self._state.set_overlay(encode_jpeg(self._overlay.draw(frame.color_bgr, result, frame.camera), JPEG_QUALITY))


@contextmanager
def open_page(layout: Layout, port: int) -> Iterator[GuidePage]:
    """Serves the page to this computer. port: 0 for any that is free.

    Raises ModuleNotFoundError without aiohttp, OSError where the port cannot be used.
    """
    state = LiveState()
    server = WebServer(state, layout, ServerSettings(HOST, port, "", RATE_HZ))
    server.start()
    try:
        yield GuidePage(state, server, layout)
        time.sleep(LAST_STATE_S)
    finally:
        server.stop()
