"""A fault of a camera's stream: how its frames are sent, and what has to come of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from diagnostic_msgs.msg import DiagnosticStatus

from fingertip_contact.ros import messages
from fingertip_contact.ros.selftest.listener import read_values
from fingertip_contact.ros.selftest.rows import StationRow
from fingertip_contact.ros.selftest.station import FORMS, PERIOD_S, Station
from fingertip_contact.selftest.finding import require
from fingertip_contact.selftest.stand_ins import TOUCH

Send = Callable[[Station, int], None]
# Shorter than the default `camera_timeout_s`.
MAX_LATENESS_NS = 300_000_000
# A fault that leaves a key held is watched for so many frames.
MIN_FRAMES = 20
OUTCOMES = {
    "held": "the key stays held",
    "ends": "the key is cancelled once",
    "any": "the key may end",
}


@dataclass(frozen=True)
class StreamFault:
    """send: sends the frame of an index. key: what becomes of the key that is held. advice: a code that diagnostics
    have to name; warning: a text that they have to hold. period_s: between frames. is_prompt: whether
    results have to come within MAX_LATENESS_NS in the end."""

    name: str
    send: Send
    key: Literal["held", "ends", "any"]
    advice: str = ""
    warning: str = ""
    period_s: float = PERIOD_S
    is_fast: bool = False
    is_prompt: bool = False
    parameters: Mapping[str, object] = field(default_factory=dict)
    forms: tuple[str, ...] = tuple(FORMS)

    def make_row(self, kind: str) -> StationRow:
        """The row of the table."""
        told = [f"diagnostics name {word!r}" for word in (self.advice, self.warning) if word]
        expects = "; ".join([OUTCOMES[self.key], *told, "then keys are read as before"])
        return StationRow(
            kind, self.name, expects, is_fast=self.is_fast, run=self.run, parameters=self.parameters, forms=self.forms
        )

    def run(self, station: Station) -> None:
        """Hold a key, send the fault until all that is expected has come, then good frames."""
        station.press()
        first, ups = len(station.listener.diagnostics) + 1, station.up_count
        sent = 0

        def send(index: int) -> None:
            nonlocal sent
            sent += 1
            self.send(station, index)

        def has_come() -> bool:
            return (
                sent >= MIN_FRAMES
                and (self.key != "ends" or station.up_count > ups)
                and (not (self.advice or self.warning) or self._is_told(station, first))
            )

        station.send_until(
            has_come, f"what was expected ({self.key}, {self.advice}{self.warning})", send, period_s=self.period_s
        )
        if self.is_prompt:
            station.send_until(lambda: is_prompt(station), "results that are not late", send)
        if self.key == "held":
            require(station.up_count == ups, "the key was let go")
        if self.key == "ends":
            ends = [event for event in station.listener.keys if event.event_type == event.MOUSE_UP][ups:]
            require(not ends[0].mouse_point_valid, "the key was released, not cancelled")
        station.recover()

    def _is_told(self, station: Station, first: int) -> bool:
        return any(
            status.level != DiagnosticStatus.OK
            and self.advice in read_values(status).get("advice", "")
            and self.warning in status.message
            for status in station.listener.statuses(first)
        )


def is_prompt(station: Station) -> bool:
    """Whether the last result is of a new frame."""
    if not station.listener.fingertips:
        return False
    stamp_ns = messages.stamp_to_ns(station.listener.fingertips[-1].header.stamp)
    return station.camera.last_ns - stamp_ns < MAX_LATENESS_NS


def damage(
    image: Mapping[str, Any] | None = None,
    info: Mapping[str, Any] | None = None,
    depth: Mapping[str, Any] | None = None,
) -> Send:
    """Frames of a held key with these fields replaced."""

    def send(station: Station, index: int) -> None:
        station.camera.send(TOUCH, image=image or {}, info=info or {}, depth=depth or {})

    return send
