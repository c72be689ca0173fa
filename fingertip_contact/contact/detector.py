"""Hands and depth to contact events: one machine a finger, all on the same clock, slightly in the past.

A press is decided `decision_delay_s` after it happened: a tap is told from a near miss, and the tapping finger from its
neighbours, by what follows the touch as much as by what led to it. Every event carries both times.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from fingertip_contact.contact.fingertip_meter import FingertipMeter
from fingertip_contact.contact.fingertips import FingertipSamples
from fingertip_contact.contact.history import COLUMNS, History, columns_of
from fingertip_contact.contact.moment import two_highest
from fingertip_contact.contact.motion import HeightFilter
from fingertip_contact.contact.parameters import ContactParameters
from fingertip_contact.contact.rules import Verdict, make_rule
from fingertip_contact.contact.state_machine import FingerMachine, FingerSample
from fingertip_contact.frames import FINGERS, HANDS, ContactEvent, EventType, Fingertip, Frame, Hand, Surface

# A finger that is so much higher than at its lowest has left the surface; noise alone goes up less far.
LIFTED_M = 0.0015


class ContactDetector:
    """process() takes frames in the order of their stamps; one that does not advance ends every press."""

    def __init__(self, parameters: ContactParameters) -> None:
        self._parameters = parameters
        self._presses = 0
        self._meter = FingertipMeter(parameters)
        self.reset()

    def reset(self) -> None:
        """Forget everything, contact heights included. Call end_all() first where presses may be open."""
        self._rule = make_rule(self._parameters)
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
        samples = self._meter.measure(frame, hands, surface.plane if surface else None)
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
        row_ns = int(self._history.stamps_ns[row])
        for column, verdict in enumerate(self._rule.judge(self._history, row)):
            machine = self._machines[column]
            if verdict is None:
                events.extend(self._end(change, column, row_ns, stamp_ns) for change in machine.miss(row_ns))
                continue
            speed_mps = _speed_mps(self._history.stamps_ns, self._history.visible_m[:, column], row)
            touch_ns = verdict.touch_ns if verdict.touch else None
            for change in machine.update(FingerSample(row_ns, verdict.height_m, speed_mps, touch_ns)):
                if change == "press":
                    events.append(self._press(column, row, verdict, stamp_ns))
                else:
                    events.append(self._end(change, column, self._lifted_ns(column, row), stamp_ns))
            events.extend(self._moves(column, row, stamp_ns))
        return events

    def _press(self, column: int, row: int, verdict: Verdict, stamp_ns: int) -> ContactEvent:
        self._presses += 1
        event = ContactEvent(
            stamp_ns=stamp_ns,
            contact_ns=min(verdict.touch_ns, stamp_ns),
            type="press",
            press=self._presses,
            track=self._tracks[column],
            hand=HANDS[column // len(FINGERS)],
            finger=FINGERS[column % len(FINGERS)],
            point_m=self._history.pads_m[row, column],
            confidence=verdict.confidence,
        )
        self._open[column] = event
        return event

    def _moves(self, column: int, row: int, stamp_ns: int) -> list[ContactEvent]:
        """The move of this column's open press, if it slid on since it was last reported."""
        press = self._open.get(column)
        if press is None:
            return []
        point_m = self._history.pads_m[row, column]
        # NaN, where it was not measured, is no move either.
        if not np.linalg.norm(point_m - press.point_m) > self._parameters.move_m:
            return []
        row_ns = int(self._history.stamps_ns[row])
        self._open[column] = replace(press, point_m=point_m)
        move = replace(press, type="move", stamp_ns=stamp_ns, contact_ns=max(row_ns, press.contact_ns), point_m=point_m)
        return [move]

    def _lifted_ns(self, column: int, row: int) -> int:
        """When this column's pressing finger left the surface, of which this row tells: where its height last passed
        LIFTED_M over the lowest of the press."""
        first = int(np.searchsorted(self._history.stamps_ns[:row], self._open[column].contact_ns))
        stamps_ns, height_m = self._history.stamps_ns[first : row + 1], self._history.visible_m[first : row + 1, column]
        seen = np.isfinite(height_m)
        stamps_ns, height_m = stamps_ns[seen], height_m[seen]
        ceiling_m = float(-two_highest(-height_m)) + LIFTED_M
        low = int(np.nonzero(height_m <= ceiling_m)[0][-1])
        if low == len(height_m) - 1:
            return int(stamps_ns[low])
        share = (ceiling_m - height_m[low]) / (height_m[low + 1] - height_m[low])
        return int(stamps_ns[low] + share * (stamps_ns[low + 1] - stamps_ns[low]))

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
        contact_m = self._rule.contact_m()
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
