"""Hands and depth to contact events: one machine a finger, all on the same clock, slightly in the past.

A press is decided `decision_delay_s` after it happened: a tap is told from a near miss, and the tapping finger from its
neighbours, by what follows the touch as much as by what led to it. Every event carries both times.
"""

from __future__ import annotations

import numpy as np

from fingertip_contact.contact.contact_height import ContactHeight, Stop
from fingertip_contact.contact.evidence import Touch, find_touch
from fingertip_contact.contact.fingertips import FingertipSamples, measure_fingertips
from fingertip_contact.contact.motion import HeightFilter
from fingertip_contact.contact.parameters import ContactParameters
from fingertip_contact.contact.state_machine import FingerMachine, FingerSample
from fingertip_contact.frames import FINGERS, HANDS, ContactEvent, EventType, Fingertip, Frame, Hand, Surface

COLUMNS = len(HANDS) * len(FINGERS)
HISTORY = 32


class ContactDetector:
    """process() takes frames in the order of their stamps; one that does not advance resets motion."""

    def __init__(self, parameters: ContactParameters) -> None:
        self._parameters = parameters
        self._presses = 0
        self.reset()

    def reset(self) -> None:
        """Forget everything, learnt contact heights included. Open presses are dropped: call end_all() first."""
        self._heights = [ContactHeight() for _ in range(COLUMNS)]
        self._guess_m = np.full(COLUMNS, 2 * self._parameters.finger_radius_m)
        self._open: dict[int, ContactEvent] = {}
        self._restart()

    def _restart(self) -> None:
        self._stamps_ns = np.zeros(0, dtype=np.int64)
        self._visible_m = np.zeros((0, COLUMNS))
        self._pads_m = np.zeros((0, COLUMNS, 3))
        self._filters = [HeightFilter() for _ in range(COLUMNS)]
        self._machines = [FingerMachine(self._parameters) for _ in range(COLUMNS)]
        self._tracks = [-1] * COLUMNS
        self._done = 0

    def end_all(self, stamp_ns: int) -> tuple[ContactEvent, ...]:
        """Cancel every open press: the camera stopped, or time ran backwards."""
        events = tuple(self._event("cancel", column, stamp_ns, stamp_ns) for column in sorted(self._open))
        self._restart()
        return events

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
        """process() from the measured fingertips on: five rows of samples a hand, None where nothing was measured."""
        events: list[ContactEvent] = []
        if len(self._stamps_ns) and stamp_ns <= self._stamps_ns[-1]:
            events.extend(self.end_all(stamp_ns))
        self._remember(stamp_ns, hands, samples)
        events.extend(self._decide(stamp_ns))
        return self._fingertips(hands, samples), tuple(events)

    def _remember(self, stamp_ns: int, hands: tuple[Hand, ...], samples: FingertipSamples | None) -> None:
        visible_m = np.full(COLUMNS, np.nan)
        pads_m = np.full((COLUMNS, 3), np.nan)
        if samples is not None:
            columns = _columns(hands)
            visible_m[columns] = samples.visible_m
            pads_m[columns] = samples.pad_m
            self._guess_m[columns] = np.where(np.isfinite(samples.guess_m), samples.guess_m, self._guess_m[columns])
            for column, value, sigma in zip(columns, samples.visible_m, samples.sigma_m, strict=True):
                self._filters[column].update(stamp_ns, float(value), float(sigma))
        for hand in hands:
            for column in _columns((hand,)):
                self._tracks[column] = hand.track
        keep = slice(-HISTORY + 1, None)
        self._done -= max(0, len(self._stamps_ns) - (HISTORY - 1))
        self._stamps_ns = np.append(self._stamps_ns[keep], stamp_ns)
        self._visible_m = np.vstack([self._visible_m[keep], visible_m])
        self._pads_m = np.concatenate([self._pads_m[keep], pads_m[None]])

    def _decide(self, stamp_ns: int) -> list[ContactEvent]:
        """Let the machines take every row that is `decision_delay_s` old."""
        events: list[ContactEvent] = []
        self._done = max(self._done, 0)
        while self._done < len(self._stamps_ns):
            if stamp_ns - self._stamps_ns[self._done] < self._parameters.decision_delay_s * 1e9:
                break
            events.extend(self._step(self._done, stamp_ns))
            self._done += 1
        return events

    def _step(self, row: int, stamp_ns: int) -> list[ContactEvent]:
        events: list[ContactEvent] = []
        height_m = self._visible_m - self._contact_m()
        for column in range(COLUMNS):
            machine = self._machines[column]
            then_ns = int(self._stamps_ns[row])
            if not np.isfinite(height_m[row, column]):
                if machine.miss(then_ns) and column in self._open:
                    events.append(self._event("cancel", column, then_ns, stamp_ns))
                continue
            touch = self._touch(height_m, row, column)
            total = touch.total(self._parameters) if touch is not None else -np.inf
            if touch is not None:
                self._learn(column, touch)
            pressed = total > self._parameters.press_evidence
            speed_mps = self._speed(height_m, row, column)
            sample = FingerSample(then_ns, float(height_m[row, column]), speed_mps, pressed)
            change = machine.update(sample)
            if change == "press" and touch is not None:
                events.append(self._press(column, row, touch, total, stamp_ns))
            elif change == "release" and column in self._open:
                events.append(self._event("release", column, then_ns, stamp_ns))
        return events

    def _contact_m(self) -> np.ndarray:
        """Contact height of every finger as known now (COLUMNS,), metres."""
        corrections = [
            height.correction_m if height.weight else self._expected_m(column)
            for column, height in enumerate(self._heights)
        ]
        return self._guess_m + np.array(corrections)

    def _expected_m(self, column: int) -> float:
        """The correction that the other fingers of the hand make likely: their mean, as far as they have learnt."""
        first = column - column % len(FINGERS)
        others = [self._heights[i] for i in range(first, first + len(FINGERS)) if i != column]
        weights = [height.weight / (height.weight + 1.0) for height in others]
        return sum(w * height.correction_m for w, height in zip(weights, others, strict=True)) / (1.0 + sum(weights))

    def _touch(self, height_m: np.ndarray, row: int, column: int) -> Touch | None:
        first = column - column % len(FINGERS)
        return find_touch(self._stamps_ns, height_m[:, first : first + len(FINGERS)], row, column - first)

    def _learn(self, column: int, touch: Touch) -> None:
        """Every stop teaches the contact height, as far as its motion was that of a tap."""
        share = float(1 / (1 + np.exp(-touch.motion(self._parameters))))
        over_guess_m = touch.bottom_m + self._contact_m()[column] - self._guess_m[column]
        self._heights[column].add(Stop(over_guess_m, share), self._expected_m(column))

    def _speed(self, height_m: np.ndarray, row: int, column: int) -> float:
        if row == 0 or not np.isfinite(height_m[row - 1, column]):
            return 0.0
        seconds = (self._stamps_ns[row] - self._stamps_ns[row - 1]) / 1e9
        return float((height_m[row, column] - height_m[row - 1, column]) / seconds)

    def _press(self, column: int, row: int, touch: Touch, total: float, stamp_ns: int) -> ContactEvent:
        self._presses += 1
        event = ContactEvent(
            stamp_ns=stamp_ns,
            contact_ns=min(touch.touch_ns, stamp_ns),
            type="press",
            press=self._presses,
            track=self._tracks[column],
            hand=HANDS[column // len(FINGERS)],
            finger=FINGERS[column % len(FINGERS)],
            point_m=self._pads_m[row, column],
            confidence=float(1 / (1 + np.exp(-np.clip(total, -30, 30)))),
        )
        self._open[column] = event
        return event

    def _event(self, kind: EventType, column: int, contact_ns: int, stamp_ns: int) -> ContactEvent:
        """The end of the open press of this column."""
        press = self._open.pop(column)
        return ContactEvent(
            stamp_ns=stamp_ns,
            contact_ns=min(contact_ns, stamp_ns),
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
        tips = []
        contact_m = self._contact_m()
        for row, (hand, finger) in enumerate((hand, finger) for hand in hands for finger in FINGERS):
            column = _columns((hand,))[FINGERS.index(finger)]
            seen = bool(np.isfinite(samples.visible_m[row]))
            tips.append(
                Fingertip(
                    track=hand.track,
                    hand=hand.handedness,
                    finger=finger,
                    pixel=(float(samples.end_px[row, 0]), float(samples.end_px[row, 1])),
                    point_m=samples.pad_m[row],
                    height_m=self._filters[column].height_m - float(contact_m[column]) if seen else float("nan"),
                    speed_mps=self._filters[column].speed_mps if seen else float("nan"),
                    score=hand.score,
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


def _columns(hands: tuple[Hand, ...]) -> list[int]:
    """Column of each finger of the hands, in the order of FINGERS."""
    return [HANDS.index(hand.handedness) * len(FINGERS) + i for hand in hands for i in range(len(FINGERS))]
