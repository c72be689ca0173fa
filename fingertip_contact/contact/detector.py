"""Hands and depth to contact events: one state machine per finger, all of them a fixed delay behind the camera.

A press is decided `settling_s` after it happened: what follows a touch-down separates taps from near misses, and
tapping fingers from coupled ones, as much as what precedes it. Every event carries both times.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from fingertip_contact.contact.contact_window import average_top_two
from fingertip_contact.contact.decision import ContactDecision
from fingertip_contact.contact.measurement.appearance_network import OUTPUTS
from fingertip_contact.contact.measurement.columns import FINGER_COUNT, find_columns
from fingertip_contact.contact.measurement.fingertip_estimator import FingertipEstimator
from fingertip_contact.contact.measurement.fingertip_samples import FingertipSamples
from fingertip_contact.contact.measurement.height_filter import HeightFilter
from fingertip_contact.contact.measurement.history import FingertipHistory
from fingertip_contact.contact.parameters import ContactParameters
from fingertip_contact.contact.state_machine import RELEASE_PROBABILITY, FingerSample, FingerStateMachine
from fingertip_contact.contact.tentative import TentativeTaps
from fingertip_contact.datatypes import (
    FINGERS,
    HANDS,
    ContactEvent,
    EventType,
    Fingertip,
    Frame,
    Hand,
    Surface,
    TapCandidate,
)
from fingertip_contact.protocols import ContactClassifier
from fingertip_contact.registry import CONTACT_CLASSIFIERS

# Receives the stamp of a frame, the hands that were measured, and their samples.
MeasurementObserver = Callable[[int, tuple[Hand, ...], FingertipSamples | None], None]

# A finger this much above the lowest height of its press has left the surface; noise alone rises less.
LIFT_OFF_MARGIN_M = 0.0015
# A fingertip's place is read this long after its touch-down, when a frame exposed during the fall is over, and never
# from a frame farther away than this.
SETTLING_S, MAX_POINT_AGE_S = 0.015, 0.06
# Standard deviation of heights by both imagers, by the middle of a finger in aligned depth, and by appearance, metres:
# rendered hands at 26 to 45 cm.
STEREO_SIGMA_M, DEPTH_SIGMA_M, APPEARANCE_SIGMA_M = 0.0008, 0.0015, 0.004
# Of a touching fingertip: what estimates of the pad lack to the visible surface, and how much higher the middle of its
# last segment is in aligned depth.
TYPICAL_VISIBLE_HEIGHT_M, TYPICAL_MIDDLE_RISE_M = 0.0085, 0.0025
_NEVER_NS = -(1 << 62)


class ContactDetector:
    """process() takes frames in the order of their stamps; a stamp that does not advance cancels every press."""

    def __init__(
        self,
        parameters: ContactParameters,
        on_measured: MeasurementObserver | None = None,
        estimator: FingertipEstimator | None = None,
    ) -> None:
        """on_measured: called by process() for every frame, between the measurement and the decision. estimator: what
        measures; by default what the classifier needs."""
        self._parameters = parameters
        self._on_measured = on_measured
        self._press_count = 0
        self.reset()
        self._estimator = estimator or FingertipEstimator(
            parameters, with_rims=self.needs_rims, with_appearance=self.needs_appearance
        )

    def reset(self) -> None:
        """Forget everything, contact heights included. Call cancel_all() first where presses may be open."""
        self._classifier: ContactClassifier = CONTACT_CLASSIFIERS.make(
            self._parameters.classifier,
            self._parameters,
            required=("classify", "estimate_contact_heights_m", "needs_rims"),
        )
        self._restart()

    @property
    def needs_rims(self) -> bool:
        """See protocols.ContactClassifier."""
        return self._classifier.needs_rims

    @property
    def needs_appearance(self) -> bool:
        """See protocols.ContactClassifier. Classifiers of other packages that do not say so get it."""
        return getattr(self._classifier, "needs_appearance", True)

    def cancel_all(self, stamp_ns: int) -> tuple[ContactEvent, ...]:
        """Cancel every open press and forget all motion: the camera stopped, or time ran backwards."""
        events = tuple(
            self._finish_press("cancel", column, stamp_ns, stamp_ns) for column in sorted(self._open_presses)
        )
        self._restart()
        return events

    def _restart(self) -> None:
        self._history = FingertipHistory()
        self._filters = [HeightFilter() for _ in range(FINGER_COUNT)]
        self._machines = [FingerStateMachine(self._parameters) for _ in range(FINGER_COUNT)]
        self._tracks = [-1] * FINGER_COUNT
        self._contact_probability = [math.nan] * FINGER_COUNT
        self._open_presses: dict[int, ContactEvent] = {}
        # The time of each finger's last event: its contacts never run backwards.
        self._last_contact_ns = [_NEVER_NS] * FINGER_COUNT
        self._tentative = TentativeTaps()
        self.tentative: tuple[TapCandidate, ...] = ()

    def process(
        self, frame: Frame, hands: tuple[Hand, ...], surface: Surface | None
    ) -> tuple[tuple[Fingertip, ...], tuple[ContactEvent, ...]]:
        """The fingertips of this frame, and the events that it decided."""
        hands = select_best_hands(hands)
        samples = self._estimator.measure(frame, hands, surface)
        if self._on_measured is not None:
            self._on_measured(frame.stamp_ns, hands, samples)
        return self.update(frame.stamp_ns, hands, samples)

    def update(
        self, stamp_ns: int, hands: tuple[Hand, ...], samples: FingertipSamples | None
    ) -> tuple[tuple[Fingertip, ...], tuple[ContactEvent, ...]]:
        """process() after the measurement. samples: five rows per hand, None where nothing was measured."""
        events: list[ContactEvent] = []
        if len(self._history.stamps_ns) and stamp_ns <= self._history.stamps_ns[-1]:
            events.extend(self.cancel_all(stamp_ns))
        columns = find_columns(hands)
        for column, hand in zip(columns, (hand for hand in hands for _ in FINGERS), strict=True):
            self._tracks[column] = hand.track
        heights_m: list[float] = []
        if samples is not None:
            heights_m, sigmas_m = _choose_heights(samples)
            for column, height_m, sigma_m in zip(columns, heights_m, sigmas_m, strict=True):
                self._filters[column].update(stamp_ns, height_m, sigma_m)
        speeds_mps = np.array([self._filters[column].speed_mps for column in columns])
        self._history.add(stamp_ns, columns, samples, speeds_mps)
        candidates: list[TapCandidate] = []
        for row in self._history.pop_settled(self._parameters.settling_s):
            events.extend(self._step(row, stamp_ns, candidates))
        self.tentative = tuple(candidates)
        return self._make_fingertips(hands, columns, samples, heights_m), tuple(events)

    def _step(self, row: int, stamp_ns: int, candidates: list[TapCandidate]) -> list[ContactEvent]:
        """Advance every finger's state machine to this row of the history. candidates: gets those of this row."""
        events: list[ContactEvent] = []
        row_ns = int(self._history.stamps_ns[row])
        for column, decision in enumerate(self._classifier.classify(self._history, row)):
            machine = self._machines[column]
            if decision is None:
                events.extend(
                    self._finish_press(transition, column, row_ns, stamp_ns)
                    for transition in machine.mark_missing(row_ns)
                )
                continue
            speed_mps = float(self._history.speed_mps[row, column])
            touch_down_ns = decision.touch_down_ns if decision.is_contact else None
            sample = FingerSample(row_ns, decision.height_m, speed_mps, touch_down_ns, decision.contact_probability)
            transitions = machine.update(sample)
            for transition in transitions:
                if transition == "press":
                    events.append(self._make_press(column, row, decision, stamp_ns))
                    continue
                lift_off_ns = self._find_lift_off_ns(column, row, decision.contact_probability)
                if "press" in transitions:  # It left before it touched again.
                    lift_off_ns = min(lift_off_ns, decision.touch_down_ns)
                events.append(self._finish_press(transition, column, lift_off_ns, stamp_ns))
            self._contact_probability[column] = decision.contact_probability
            events.extend(self._make_moves(column, row, stamp_ns))
            find_point_m = partial(self._find_point_m, column, row, decision.touch_down_ns)
            is_pressed = column in self._open_presses
            tentative = self._tentative.update(column, row_ns, stamp_ns, decision, find_point_m, is_pressed=is_pressed)
            if tentative is not None:
                candidates.append(tentative)
        return events

    def _make_press(self, column: int, row: int, decision: ContactDecision, stamp_ns: int) -> ContactEvent:
        self._press_count += 1
        event = ContactEvent(
            stamp_ns=stamp_ns,
            contact_ns=self._order(column, min(decision.touch_down_ns, stamp_ns)),
            type="press",
            press=self._press_count,
            track=self._tracks[column],
            hand=HANDS[column // len(FINGERS)],
            finger=FINGERS[column % len(FINGERS)],
            point_m=self._find_point_m(column, row, decision.touch_down_ns),
            confidence=decision.confidence,
        )
        self._open_presses[column] = event
        return event

    def _find_point_m(self, column: int, row: int, touch_down_ns: int) -> np.ndarray:
        """(3,) where this column's finger touches: while it is still in the air, its place on the surface is not where
        it will touch. The instant of the decision may be a frame before the touch-down; the frames after it are known.
        """
        stamps_ns, points_m = self._history.stamps_ns, self._history.contact_points_m[:, column]
        settled_ns = touch_down_ns + round(SETTLING_S * 1e9)
        known = np.flatnonzero(np.isfinite(points_m[:, 0]) & (np.abs(stamps_ns - settled_ns) < MAX_POINT_AGE_S * 1e9))
        if not len(known):
            return points_m[row].copy()
        return points_m[known[np.abs(stamps_ns[known] - settled_ns).argmin()]].copy()

    def _make_moves(self, column: int, row: int, stamp_ns: int) -> list[ContactEvent]:
        """The move of this column's open press, if it slid since it was last reported."""
        press, row_ns = self._open_presses.get(column), int(self._history.stamps_ns[row])
        # Before the touch and after the lift-off a finger is in the air, and its place on the surface is not its own.
        if press is None or row_ns < press.contact_ns + SETTLING_S * 1e9:
            return []
        if self._contact_probability[column] < RELEASE_PROBABILITY:
            return []
        point_m = self._history.contact_points_m[row, column].copy()
        # Unmeasured points are NaN, which is not a move.
        if not np.linalg.norm(point_m - press.point_m) > self._parameters.move_threshold_m:
            return []
        contact_ns = self._order(column, row_ns)
        self._open_presses[column] = replace(press, point_m=point_m)
        return [replace(press, type="move", stamp_ns=stamp_ns, contact_ns=contact_ns, point_m=point_m)]

    def _order(self, column: int, contact_ns: int) -> int:
        """This time, or that of the finger's last event if it is later: contacts of one finger do not overlap."""
        self._last_contact_ns[column] = max(contact_ns, self._last_contact_ns[column])
        return self._last_contact_ns[column]

    def _find_lift_off_ns(self, column: int, row: int, contact_probability: float) -> int:
        """When this column's pressing finger left the surface, as found at this row."""
        if math.isnan(contact_probability):
            return self._find_rise_ns(column, row)
        return self._find_probability_crossing_ns(column, row, contact_probability)

    def _find_probability_crossing_ns(self, column: int, row: int, now: float) -> int:
        """Where the probability of contact fell below RELEASE_PROBABILITY since the row before."""
        row_ns, before = int(self._history.stamps_ns[row]), self._contact_probability[column]
        if row == 0 or not before > RELEASE_PROBABILITY > now:
            return row_ns
        step_ns = row_ns - int(self._history.stamps_ns[row - 1])
        return row_ns - round(step_ns * (RELEASE_PROBABILITY - now) / (before - now))

    def _find_rise_ns(self, column: int, row: int) -> int:
        """Where the rim last crossed LIFT_OFF_MARGIN_M above its lowest height of the press; this row without rims."""
        first = int(np.searchsorted(self._history.stamps_ns[:row], self._open_presses[column].contact_ns))
        stamps_ns, height_m = (
            self._history.stamps_ns[first : row + 1],
            self._history.rim_height_m[first : row + 1, column],
        )
        valid = np.isfinite(height_m)
        if not valid.any():
            return int(self._history.stamps_ns[row])
        stamps_ns, height_m = stamps_ns[valid], height_m[valid]
        ceiling_m = float(-average_top_two(-height_m)) + LIFT_OFF_MARGIN_M
        last_low_row = int(np.nonzero(height_m <= ceiling_m)[0][-1])
        if last_low_row == len(height_m) - 1:
            return int(stamps_ns[last_low_row])
        fraction = (ceiling_m - height_m[last_low_row]) / (height_m[last_low_row + 1] - height_m[last_low_row])
        return int(stamps_ns[last_low_row] + fraction * (stamps_ns[last_low_row + 1] - stamps_ns[last_low_row]))

    def _finish_press(self, event_type: EventType, column: int, contact_ns: int, stamp_ns: int) -> ContactEvent:
        """The release or cancel of this column's open press."""
        press = self._open_presses.pop(column)
        return ContactEvent(
            stamp_ns=stamp_ns,
            # Where time ran backwards, the last event is later than this frame.
            contact_ns=min(self._order(column, min(contact_ns, stamp_ns)), stamp_ns),
            type=event_type,
            press=press.press,
            track=press.track,
            hand=press.hand,
            finger=press.finger,
            point_m=press.point_m,
            confidence=press.confidence,
        )

    def _make_fingertips(
        self, hands: tuple[Hand, ...], columns: list[int], samples: FingertipSamples | None, heights_m: list[float]
    ) -> tuple[Fingertip, ...]:
        """The fingertips of the frame that was just added; every field is of its instant. heights_m: by
        _choose_heights."""
        if samples is None:
            return ()
        contact_heights_m = self._classifier.estimate_contact_heights_m().tolist()
        tip_px = samples.tip_px.tolist()
        tips = []
        for row, column in enumerate(columns):
            valid = math.isfinite(heights_m[row])
            height_filter = self._filters[column]
            height_m = height_filter.height_m - contact_heights_m[column]
            tips.append(
                Fingertip(
                    track=self._tracks[column],
                    hand=HANDS[column // len(FINGERS)],
                    finger=FINGERS[column % len(FINGERS)],
                    pixel=(tip_px[row][0], tip_px[row][1]),
                    point_m=samples.contact_point_m[row],
                    height_m=height_m if valid else math.nan,
                    speed_mps=height_filter.speed_mps if valid else math.nan,
                    score=hands[row // len(FINGERS)].score,
                    state=self._machines[column].state_at(height_m, height_filter.speed_mps) if valid else "lost",
                )
            )
        return tuple(tips)


def _choose_heights(samples: FingertipSamples) -> tuple[list[float], list[float]]:
    """The best height of each fingertip (N), metres, and its standard deviation (N): of its rim where that was asked
    for, by both imagers, by depth, or by its looks."""
    seen_m = 0.01 * samples.appearance[:, OUTPUTS.index("height_cm")] + TYPICAL_VISIBLE_HEIGHT_M
    heights_m, sigmas_m = seen_m, np.full(len(seen_m), APPEARANCE_SIGMA_M)
    for better_m, sigma_m in (
        (samples.finger_height_m - TYPICAL_MIDDLE_RISE_M, DEPTH_SIGMA_M),
        (samples.stereo_height_m, STEREO_SIGMA_M),
        (samples.rim_height_m, samples.sigma_m),
    ):
        known = np.isfinite(better_m)
        heights_m, sigmas_m = np.where(known, better_m, heights_m), np.where(known, sigma_m, sigmas_m)
    return heights_m.tolist(), sigmas_m.tolist()


def select_best_hands(hands: tuple[Hand, ...]) -> tuple[Hand, ...]:
    """The best hand of each handedness: fingers are identified by hand and name."""
    best: dict[str, Hand] = {}
    for hand in hands:
        if hand.handedness not in best or hand.score > best[hand.handedness].score:
            best[hand.handedness] = hand
    return tuple(best.values())
