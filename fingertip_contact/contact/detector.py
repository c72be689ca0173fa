"""Hands and depth to contact events: one machine a finger, all on the same clock, slightly in the past.

A press is decided `decision_delay_s` after it happened: a tap is told from a near miss, and the tapping finger from its
neighbours, by what follows the touch as much as by what led to it. Every event carries both times.
"""

from __future__ import annotations

import math

import numpy as np

from fingertip_contact.contact.contact_height import ContactHeights
from fingertip_contact.contact.evidence import Touch, find_touch
from fingertip_contact.contact.fingertips import FingertipSamples, measure_fingertips
from fingertip_contact.contact.history import COLUMNS, History, columns_of
from fingertip_contact.contact.motion import HeightFilter
from fingertip_contact.contact.parameters import ContactParameters
from fingertip_contact.contact.state_machine import FingerMachine, FingerSample
from fingertip_contact.frames import FINGERS, HANDS, ContactEvent, EventType, Fingertip, Frame, Hand, Surface


class ContactDetector:
    """process() takes frames in the order of their stamps; one that does not advance ends every press."""

    def __init__(self, parameters: ContactParameters) -> None:
        self._parameters = parameters
        self._presses = 0
        self.reset()

    def reset(self) -> None:
        """Forget everything, contact heights included. Call end_all() first where presses may be open."""
        self._heights = ContactHeights(self._parameters.contact_height_m)
        self._restart()

    def end_all(self, stamp_ns: int) -> tuple[ContactEvent, ...]:
        """Cancel every open press, and start motion afresh: the camera stopped, or time ran backwards."""
        events = tuple(self._end("cancel", column, stamp_ns, stamp_ns) for column in sorted(self._open))
        self._restart()
        return events

    def _restart(self) -> None:
        self._history = History()
        self._filters = [HeightFilter() for _ in range(COLUMNS)]
        self._machines = [FingerMachine(self._parameters) for _ in range(COLUMNS)]
        self._tracks = [-1] * COLUMNS
        self._open: dict[int, ContactEvent] = {}

    def process(
        self, frame: Frame, hands: tuple[Hand, ...], surface: Surface | None
    ) -> tuple[tuple[Fingertip, ...], tuple[ContactEvent, ...]]:
        """Fingertips as they are now, and the events that this frame decided."""
        hands = _one_a_side(hands)
        samples = None
        if surface is not None and frame.depth is not None and hands:
            samples = measure_fingertips(frame.depth, frame.camera, surface.plane, hands, self._parameters)
        return self.observe(frame.stamp_ns, hands, samples)

    def observe(
        self, stamp_ns: int, hands: tuple[Hand, ...], samples: FingertipSamples | None
    ) -> tuple[tuple[Fingertip, ...], tuple[ContactEvent, ...]]:
        """process() from the measured fingertips on. samples: five rows a hand, None where nothing was measured."""
        events: list[ContactEvent] = []
        if len(self._history.stamps_ns) and stamp_ns <= self._history.stamps_ns[-1]:
            events.extend(self.end_all(stamp_ns))
        columns = columns_of(hands)
        for column, hand in zip(columns, (hand for hand in hands for _ in FINGERS), strict=True):
            self._tracks[column] = hand.track
        self._history.add(stamp_ns, columns, samples)
        if samples is not None:
            for column, visible_m, sigma_m in zip(columns, samples.visible_m, samples.sigma_m, strict=True):
                self._filters[column].update(stamp_ns, float(visible_m), float(sigma_m))
        for row in self._history.take(self._parameters.decision_delay_s):
            events.extend(self._decide(row, stamp_ns))
        return self._fingertips(hands, samples), tuple(events)

    def _decide(self, row: int, stamp_ns: int) -> list[ContactEvent]:
        """Let every finger's machine take this row of the history."""
        events: list[ContactEvent] = []
        height_m = self._history.visible_m - self._heights.contact_m()
        noise_m = self._history.noise_m()
        row_ns = int(self._history.stamps_ns[row])
        for column, machine in enumerate(self._machines):
            if not math.isfinite(height_m[row, column]):
                events.extend(self._end(change, column, row_ns, stamp_ns) for change in machine.miss(row_ns))
                continue
            touch = self._touch(height_m, row, column, float(noise_m[column]))
            log_odds = touch.total(self._parameters) if touch is not None else -math.inf
            speed_mps = _speed_mps(self._history.stamps_ns, height_m[:, column], row)
            likely = log_odds > self._parameters.press_evidence
            pad_m = touch.bottom_m if touch is not None else float(height_m[row, column])
            for change in machine.update(FingerSample(row_ns, pad_m, speed_mps, likely)):
                if change == "press":
                    assert touch is not None
                    events.append(self._press(column, row, touch, log_odds, stamp_ns))
                else:
                    events.append(self._end(change, column, row_ns, stamp_ns))
            if touch is not None:
                self._heights.learn(column, touch.bottom_m, touch.motion(self._parameters))
        return events

    def _touch(self, height_m: np.ndarray, row: int, column: int, noise_m: float) -> Touch | None:
        first = column - column % len(FINGERS)
        hand_m = height_m[:, first : first + len(FINGERS)]
        return find_touch(self._history.stamps_ns, hand_m, row, column - first, noise_m)

    def _press(self, column: int, row: int, touch: Touch, log_odds: float, stamp_ns: int) -> ContactEvent:
        self._presses += 1
        event = ContactEvent(
            stamp_ns=stamp_ns,
            contact_ns=min(touch.touch_ns, stamp_ns),
            type="press",
            press=self._presses,
            track=self._tracks[column],
            hand=HANDS[column // len(FINGERS)],
            finger=FINGERS[column % len(FINGERS)],
            point_m=self._history.pads_m[row, column],
            confidence=1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, log_odds)))),
        )
        self._open[column] = event
        return event

    def _end(self, kind: EventType, column: int, contact_ns: int, stamp_ns: int) -> ContactEvent:
        """The release or cancel of this column's open press."""
        press = self._open.pop(column)
        return ContactEvent(
            stamp_ns=stamp_ns,
            contact_ns=min(max(contact_ns, press.contact_ns), stamp_ns),
            type=kind,
            press=press.press,
            track=press.track,
            hand=press.hand,
            finger=press.finger,
            point_m=press.point_m,
            confidence=press.confidence,
        )

    def _fingertips(self, hands: tuple[Hand, ...], samples: FingertipSamples | None) -> tuple[Fingertip, ...]:
        if samples is None:
            return ()
        contact_m = self._heights.contact_m()
        tips = []
        for row, column in enumerate(columns_of(hands)):
            seen = math.isfinite(samples.visible_m[row])
            motion = self._filters[column]
            tips.append(
                Fingertip(
                    track=self._tracks[column],
                    hand=HANDS[column // len(FINGERS)],
                    finger=FINGERS[column % len(FINGERS)],
                    pixel=(float(samples.end_px[row, 0]), float(samples.end_px[row, 1])),
                    point_m=samples.pad_m[row],
                    height_m=motion.height_m - float(contact_m[column]) if seen else math.nan,
                    speed_mps=motion.speed_mps if seen else math.nan,
                    score=hands[row // len(FINGERS)].score,
                    state=self._machines[column].state if seen else "lost",
                )
            )
        return tuple(tips)


def _one_a_side(hands: tuple[Hand, ...]) -> tuple[Hand, ...]:
    """The best hand of each handedness: a finger is known by its hand and its name."""
    best: dict[str, Hand] = {}
    for hand in hands:
        if hand.handedness not in best or hand.score > best[hand.handedness].score:
            best[hand.handedness] = hand
    return tuple(best.values())


def _speed_mps(stamps_ns: np.ndarray, height_m: np.ndarray, row: int) -> float:
    """Speed between the last row and this one, metres a second; zero where the finger was not seen."""
    if row == 0 or not math.isfinite(height_m[row - 1]):
        return 0.0
    return float((height_m[row] - height_m[row - 1]) / ((stamps_ns[row] - stamps_ns[row - 1]) / 1e9))
