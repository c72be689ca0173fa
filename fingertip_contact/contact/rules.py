"""The rules that decide whether a fingertip touched, over the same history: our evidence, and the published one."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Protocol

import numpy as np

from fingertip_contact.contact.contact_height import ContactHeights
from fingertip_contact.contact.evidence import Touch
from fingertip_contact.contact.history import COLUMNS, History
from fingertip_contact.contact.moment import CLEAR, SLIGHT, Moment
from fingertip_contact.contact.parameters import ContactParameters
from fingertip_contact.contact.published import FIRE_SCORE, PublishedFinger
from fingertip_contact.contact.seen_ways import SeenWays
from fingertip_contact.contact.stop_features import stop_features
from fingertip_contact.contact.trees import TIME_FILE, TOUCH_FILE, Trees, load_trees
from fingertip_contact.frames import FINGERS, HANDS
from fingertip_contact.resources import share_file

# How much less likely a stop is a tap, to learn from, where another finger of the hand came down farther.
FOLLOWER_LOG_ODDS = 3.0
# What stops higher over the contact height than this is a tap, if at all, of a bent finger that shows its back; so far
# it has to come down then. Fingers that hover stop often, and by less.
LOW_M, HIGH_DROP_M = 0.0045, 0.004
# Rows closer in time than this belong to the same stop.
SAME_STOP_NS = 70_000_000


@dataclass(frozen=True)
class Verdict:
    """One finger at one instant. height_m: of the pad over the surface. touch: whether it touched, at touch_ns."""

    height_m: float
    touch: bool
    touch_ns: int
    confidence: float


@dataclass(frozen=True)
class Stop:
    """A stop of one finger of a hand, found at stamp_ns, that may be a touch. column: see History. taps_known,
    seen_share: see stop_features."""

    moment: Moment
    column: int
    touch: Touch
    stamp_ns: int
    taps_known: float
    seen_share: float

    def features(self) -> np.ndarray:
        finger = self.column % len(FINGERS)
        return stop_features(self.moment, finger, self.touch, self.taps_known, self.seen_share)


class Rule(Protocol):
    """What the detector asks of a rule."""

    def judge(self, history: History, row: int) -> list[Verdict | None]:
        """A verdict for each column at this row, None where the finger was not seen. Rows come once, in order."""

    def contact_m(self) -> np.ndarray:
        """The visible height at which each finger touches, as known now (COLUMNS,), metres."""


class EvidenceRule:
    """Named log-odds of heights and of pictures' ways, over contact heights learnt while typing goes on."""

    descent = CLEAR

    def __init__(self, parameters: ContactParameters) -> None:
        self._parameters = parameters
        self._heights = ContactHeights(parameters.contact_height_m)
        self._ways = SeenWays()
        self._learnt_ns: list[int | None] = [None] * COLUMNS

    def contact_m(self) -> np.ndarray:
        return self._heights.contact_m()

    def judge(self, history: History, row: int) -> list[Verdict | None]:
        self._heights.see_from(history.visible_m[row], history.along_axis_m[row])
        height_m = history.visible_m - self._heights.contact_m()
        stamp_ns = int(history.stamps_ns[row])
        verdicts: list[Verdict | None] = [
            Verdict(now_m, False, stamp_ns, 0.0) if math.isfinite(now_m) else None for now_m in height_m[row].tolist()
        ]
        if not row:
            return verdicts
        moment = Moment.of(history.stamps_ns, height_m, history.noise_m(), history.moved_m, row)
        stops = self._stops(moment, stamp_ns)
        for stop, (log_odds, touch_s) in zip(stops, self._weigh(stops), strict=True):
            confidence = chance_of(log_odds - self._parameters.press_evidence)
            touch_ns = stamp_ns + round(1e9 * touch_s)
            verdicts[stop.column] = Verdict(stop.touch.bottom_m, confidence > 0.5, touch_ns, confidence)
        return verdicts

    def _stops(self, moment: Moment, stamp_ns: int) -> list[Stop]:
        """Those low enough for a press; all teach where each finger's contact height is."""
        hands = [moment.hand(number) for number in range(len(HANDS))]
        stops, seen_shares = [], self._ways.shares()
        for column in np.nonzero(moment.stopped(self.descent))[0].tolist():
            hand, finger = hands[column // len(FINGERS)], column % len(FINGERS)
            touch = hand.touch(finger, self.descent)
            if touch is None:
                continue
            self._learn(column, touch, hand.along_m(finger, touch), stamp_ns)
            if self._may_press(touch):
                stops.append(
                    Stop(hand, column, touch, stamp_ns, self._heights.taps_known(column), float(seen_shares[column]))
                )
        return stops

    def _may_press(self, touch: Touch) -> bool:
        """Low enough; and from higher up, if it is not low."""
        drop_m = touch.high_m - touch.bottom_m
        return touch.bottom_m <= self._parameters.entry_height_m and (touch.bottom_m <= LOW_M or drop_m > HIGH_DROP_M)

    def _weigh(self, stops: list[Stop]) -> Sequence[tuple[float, float]]:
        """Of each stop, the log-odds that it is a tap, and when that touched: seconds after the stop was found."""
        return [(stop.touch.total(self._parameters), stop.touch.after_s) for stop in stops]

    def _learn(self, column: int, touch: Touch, along_m: float, stamp_ns: int) -> None:
        """Learn from a stop, once: the rows after its first one tell the same."""
        last_ns, self._learnt_ns[column] = self._learnt_ns[column], stamp_ns
        if last_ns is not None and abs(stamp_ns - last_ns) <= SAME_STOP_NS:
            return
        # A finger that only ever went along with another has shown nothing of where it would touch.
        motion = touch.motion(self._parameters) - (0.0 if touch.first else FOLLOWER_LOG_ODDS)
        self._heights.learn(column, touch.bottom_m, motion)
        # By heights alone: what is seen of a tap must not decide what is learnt of that.
        self._ways.learn(column, touch.high_m - touch.bottom_m, along_m, chance_of(touch.depth + touch.drop))


class LearntRule(EvidenceRule):
    """The same contact heights; which stops, slight ones too, are taps, and when those touched, is told by trees that
    were fitted to true taps."""

    descent = SLIGHT

    def __init__(self, parameters: ContactParameters) -> None:
        super().__init__(parameters)
        self._tap, self._time = _packaged_trees()

    def _weigh(self, stops: list[Stop]) -> Sequence[tuple[float, float]]:
        if not stops:
            return ()
        features = np.stack([stop.features() for stop in stops])
        log_odds, touch_s = self._tap.predict(features), np.zeros(len(stops))
        # Few stops are taps: only theirs is a time that anybody asks for.
        taps = log_odds > self._parameters.press_evidence
        if taps.any():
            touch_s[taps] = self._time.predict(features[taps])
        return list(zip(log_odds.tolist(), touch_s.tolist(), strict=True))


class PublishedRule:
    """The published rule of every finger; thickness is not taken off."""

    def __init__(self) -> None:
        self._fingers = [PublishedFinger(FINGERS[column % len(FINGERS)]) for column in range(COLUMNS)]

    def contact_m(self) -> np.ndarray:
        return np.zeros(COLUMNS)

    def judge(self, history: History, row: int) -> list[Verdict | None]:
        return [self._judge(history, row, column) for column in range(COLUMNS)]

    def _judge(self, history: History, row: int, column: int) -> Verdict | None:
        distance_m = float(history.along_axis_m[row, column])
        if not math.isfinite(distance_m):
            return None
        stamp_ns = int(history.stamps_ns[row])
        fired = self._fingers[column].update(stamp_ns, float(history.tip_px[row, column, 1]), distance_m)
        return Verdict(distance_m, fired, stamp_ns, FIRE_SCORE if fired else 0.0)


def chance_of(log_odds: float) -> float:
    """0..1"""
    return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, log_odds))))


_RULES: dict[str, Callable[[ContactParameters], Rule]] = {
    "evidence": EvidenceRule,
    "learnt": LearntRule,
    "published": lambda parameters: PublishedRule(),
}


def make_rule(parameters: ContactParameters) -> Rule:
    """The rule that the parameters name."""
    return _RULES[parameters.rule](parameters)


@cache
def _packaged_trees() -> tuple[Trees, Trees]:
    """What tells taps, and what tells when they touched."""
    return load_trees(share_file(TOUCH_FILE)), load_trees(share_file(TIME_FILE))
