"""Key accuracy under scattered touches: simulated taps, without cameras.

A tap lands around the middle of its key (along wide keys, anywhere) with Gaussian scatter, and every typist's fingers
have offsets of their own, drawn from the deviations that the touch model assumes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from fingertip_contact.datatypes import FINGERS, HANDS, ContactEvent, EventType, Finger, Handedness
from fingertip_contact.geometry import RigidTransform
from fingertip_contact.keyboard.key_decoder import KeyDecoder
from fingertip_contact.keyboard.language import LanguageModel
from fingertip_contact.keyboard.layout import Key, Layout
from fingertip_contact.keyboard.touch_model import COMMON_SD_M, FINGER_SD_M, HAND_SD_M

WORDS_PER_TEXT = 40
_TAP_NS = 100_000_000
# A sheet half a metre in front of the camera, facing it.
_POSE = RigidTransform(np.diag([1.0, -1.0, -1.0]), np.array([0.0, 0.0, 0.5]))


@dataclass(frozen=True)
class KeyAccuracy:
    """Ratio of the taps decoded as their key: mean over typists and its standard error, and the median typist."""

    mean: float
    standard_error: float
    median: float


def measure_key_accuracy(
    layout: Layout, texts: Sequence[str], scatter_m: float, language: LanguageModel | None, seed: int
) -> KeyAccuracy:
    """One typist per text, with offsets unknown at the start. Every character must be on the layout."""
    accuracies = []
    for index, text in enumerate(texts):
        # A typist's taps do not depend on the language model.
        random = np.random.default_rng([seed, index])
        decoder = KeyDecoder(layout, language=language)
        accuracies.append(
            np.mean([_is_decoded(decoder, tap) for tap in _simulate_taps(layout, text, scatter_m, random)])
        )
    error = float(np.std(accuracies) / np.sqrt(len(accuracies)))
    return KeyAccuracy(float(np.mean(accuracies)), error, float(np.median(accuracies)))


def sample_texts(words: Mapping[str, float], layout: Layout, count: int, seed: int) -> list[str]:
    """Texts of words drawn by frequency from those that the layout can write. Raises ValueError without any."""
    writable = [word for word in words if set(word) <= layout.by_text.keys()]
    if not writable or " " not in layout.by_text:
        raise ValueError(f"layout {layout.name} cannot write words of the list; choose another list or layout")
    frequencies = np.array([words[word] for word in writable])
    random = np.random.default_rng(seed)
    return [" ".join(random.choice(writable, WORDS_PER_TEXT, p=frequencies / frequencies.sum())) for _ in range(count)]


def sample_random_texts(layout: Layout, count: int, seed: int) -> list[str]:
    """Texts about as long as those of `sample_texts`, drawn uniformly from the printable characters of the layout."""
    writable = sorted(text for text in layout.by_text if text.isprintable() and len(text) == 1)
    random = np.random.default_rng(seed)
    return ["".join(random.choice(writable, 5 * WORDS_PER_TEXT)) for _ in range(count)]


@dataclass(frozen=True)
class _Tap:
    key: Key
    hand: Handedness
    finger: Finger
    point_m: np.ndarray
    press: int


def _simulate_taps(layout: Layout, text: str, scatter_m: float, random: np.random.Generator) -> Iterator[_Tap]:
    common_m = random.normal(0, COMMON_SD_M, 2)
    hands_m = {hand: common_m + random.normal(0, HAND_SD_M, 2) for hand in HANDS}
    fingers_m = {(hand, f): hands_m[hand] + random.normal(0, FINGER_SD_M, 2) for hand in HANDS for f in FINGERS}
    for index, character in enumerate(text):
        key = layout.by_text[character]
        hand, finger = layout.fingers.get(key.name, ("right", "index"))
        core_m = (np.array(key.size_m) - min(key.size_m)) / 2
        target_m = np.array(key.center_m) + random.uniform(-core_m, core_m)
        point_m = target_m + fingers_m[hand, finger] + random.normal(0, scatter_m, 2)
        yield _Tap(key, hand, finger, _POSE.apply(np.array([*point_m, 0.0])), index)


def _is_decoded(decoder: KeyDecoder, tap: _Tap) -> bool:
    found = decoder.process([_make_event(tap, "press"), _make_event(tap, "release")], _POSE)
    return bool(found) and found[0].key == tap.key.name


def _make_event(tap: _Tap, event_type: EventType) -> ContactEvent:
    at_ns = tap.press * _TAP_NS
    return ContactEvent(at_ns, at_ns, event_type, tap.press, 0, tap.hand, tap.finger, tap.point_m, 1.0)
