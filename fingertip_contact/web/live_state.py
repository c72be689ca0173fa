"""What is known now. One thread writes it, the server's thread reads it; nothing in it grows."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

# Events that a client may fall behind before it loses some: four seconds of fast typing.
MAX_EVENTS = 64
# The newest part of a long text: a page shows a few lines.
MAX_TEXT_LENGTH = 4000
# Nodes report once a second, images come faster: after this long without any of it nothing is known of the keys.
SILENCE_S = 3.0
# Anybody may report under any name: of more nodes, the one that has been silent for longest is forgotten.
MAX_NODES = 32
RATE_WINDOW_S, RATE_WINDOW_US = 1.0, 1_000_000


@dataclass
class Report:
    """Of a node: its level (ok, warning or error), message and advice, and when it came, seconds of a steady clock."""

    level: str
    message: str
    advice: list[dict[str, str]]
    received_s: float


@dataclass
class _Values:
    text: str = ""
    suggestions: list[str] = field(default_factory=list)
    stamp_us: int | None = None
    latency_ms: float | None = None
    fingertips: list[dict[str, Any]] = field(default_factory=list)
    down: list[dict[str, Any]] = field(default_factory=list)
    reports: dict[str, Report] = field(default_factory=dict)
    steps: list[dict[str, str]] = field(default_factory=list)


class LiveState:
    """on_change, on_image: called after each change and each new image, in the writer's thread; they must not block."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """clock: steady, seconds."""
        self.on_change: Callable[[], None] = lambda: None
        self.on_image: Callable[[], None] = lambda: None
        self._clock = clock
        self._lock = threading.Lock()
        self._values = _Values()
        self._events: deque[dict[str, Any]] = deque(maxlen=MAX_EVENTS)
        self._event_count = 0
        self._overlay, self._overlay_number = b"", 0
        self._stamps_us: deque[int] = deque(maxlen=256)
        self._image_s = -math.inf
        self._heard_s = clock()

    def set_text(self, text: str) -> None:
        self._change(text=text[-MAX_TEXT_LENGTH:])

    def set_suggestions(self, words: list[str]) -> None:
        """Words for the one in progress, the likeliest first."""
        self._change(suggestions=words)

    def set_down(self, presses: list[dict[str, Any]]) -> None:
        """The keys that are down: finger, key and stamp_us of each press."""
        self._change(down=presses)

    def set_fingertips(self, fingertips: list[dict[str, Any]], stamp_us: int, latency_ms: float | None) -> None:
        """Those of an image. latency_ms: from its exposure until now; None where the clocks do not match."""
        with self._lock:
            if self._stamps_us and stamp_us < self._stamps_us[-1]:
                self._stamps_us.clear()  # A recording that began again.
            self._stamps_us.append(stamp_us)
            self._image_s = self._clock()
        self._change(fingertips=fingertips, stamp_us=stamp_us, latency_ms=latency_ms)

    def set_report(self, node: str, level: str, message: str, advice: list[dict[str, str]]) -> None:
        """advice: code, text and remedy of each."""
        reports = {**self._values.reports, node: Report(level, message, advice, self._clock())}
        if len(reports) > MAX_NODES:
            del reports[min(reports, key=lambda name: reports[name].received_s)]
        self._change(reports=reports)

    def set_steps(self, steps: list[dict[str, str]]) -> None:
        """Of the guided start: name, instruction, state, text and remedy of each. None are told until they are set."""
        self._change(steps=steps)

    def add_event(self, event: dict[str, Any]) -> None:
        with self._lock:
            self._events.append(event)
            self._event_count += 1
        self._change()

    def set_overlay(self, jpeg: bytes) -> None:
        """The newest image, as a client gets it."""
        with self._lock:
            self._overlay, self._overlay_number = jpeg, self._overlay_number + 1
        self.on_image()

    def get_overlay(self, after: int) -> tuple[bytes, int]:
        """The newest image and its number, which is greater than `after`; empty where there is none."""
        with self._lock:
            is_new = self._overlay_number > after
            return (self._overlay if is_new else b""), self._overlay_number

    @property
    def event_count(self) -> int:
        """Of all events so far, to begin with in `make_message`."""
        return self._event_count

    def make_message(self, after: int) -> tuple[dict[str, Any], int]:
        """The state with the events since the first `after` ones, and how many there are now."""
        now_s = self._clock()
        with self._lock:
            values, count = self._values, self._event_count
            new_count = min(count - after, len(self._events))
            events = list(islice(self._events, len(self._events) - new_count, None))
            is_live = now_s - self._heard_s < SILENCE_S
            has_image = now_s - self._image_s < RATE_WINDOW_S
            rate_hz = self._compute_rate_hz() if has_image else 0.0
        reports = {name: entry for name, entry in values.reports.items() if now_s - entry.received_s < SILENCE_S}
        silent = [name for name in values.reports if name not in reports]
        message = {
            "type": "state",
            "is_live": is_live,
            "stamp_us": values.stamp_us,
            "latency_ms": values.latency_ms if has_image else None,
            "rate_hz": rate_hz,
            "text": values.text,
            "suggestions": values.suggestions if is_live else [],
            "down": values.down if is_live else [],
            "fingertips": values.fingertips if has_image else [],
            "events": events,
            "lost_events": count - after - new_count,
            "nodes": [
                *({"name": name, "level": entry.level, "message": entry.message} for name, entry in reports.items()),
                *({"name": name, "level": "silent", "message": "no report for 3 s"} for name in silent),
            ],
            "advice": [{"node": name, **item} for name, entry in reports.items() for item in entry.advice],
        }
        if values.steps:
            message["steps"] = values.steps
        return message, count

    def _compute_rate_hz(self) -> float:
        """Of the images of the last second by their stamps: a slowed recording counts as its camera did."""
        recent = [stamp_us for stamp_us in self._stamps_us if self._stamps_us[-1] - stamp_us <= RATE_WINDOW_US]
        span_us = recent[-1] - recent[0]
        return round((len(recent) - 1) * 1e6 / span_us, 1) if span_us > 0 else 1.0

    def _change(self, **values: Any) -> None:
        with self._lock:
            self._heard_s = self._clock()
            self._values = _Values(**{**vars(self._values), **values})
        self.on_change()
