"""Character error rates of simulated typing, without and with a list of words."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fingertip_contact.datatypes import ContactEvent, TapCandidate
from fingertip_contact.keyboard.key_decoder import KeyDecoder
from fingertip_contact.keyboard.language import LanguageModel
from fingertip_contact.keyboard.layout import Layout
from fingertip_contact.text_metrics import edit_distance
from fingertip_research.evaluation.uncertain_taps import POSE, DetectorErrors, simulate_touches
from fingertip_research.resources import find_config_file


@dataclass(frozen=True)
class TextAccuracy:
    """Character error rates over all typists, and the median cost of a touch with the word list, milliseconds."""

    cer_without: float
    cer_with: float
    cost_ms: float


@dataclass(frozen=True)
class DecodedPhrase:
    """A phrase, and how it was read without and with the word list. cost_ms: of each touch with it."""

    typed: str
    without: str
    with_words: str
    cost_ms: tuple[float, ...]


def load_phrases(name: str) -> list[str]:
    """The phrases `development`, `test`, or of another language by its name. Raises FileNotFoundError for others."""
    lines = find_config_file(f"phrases/{name}.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def decode_phrases(
    layout: Layout, phrases: Sequence[str], errors: DetectorErrors, language: LanguageModel, seed: int
) -> list[DecodedPhrase]:
    """Each phrase is typed by a typist of its own, whose offsets are unknown at the start. Both ways of decoding get
    the same touches."""
    decoded = []
    for index, phrase in enumerate(phrases):
        touches = list(simulate_touches(layout, phrase, errors, np.random.default_rng([seed, index])))
        without, _ = _decode(KeyDecoder(layout), touches)
        with_words, cost_ms = _decode(KeyDecoder(layout, language=language), touches)
        decoded.append(DecodedPhrase(phrase, without, with_words, tuple(cost_ms)))
    return decoded


def summarize(decoded: Sequence[DecodedPhrase]) -> TextAccuracy:
    """Over all phrases; at least one."""
    characters = sum(len(phrase.typed) for phrase in decoded)
    return TextAccuracy(
        cer_without=sum(edit_distance(phrase.typed, phrase.without) for phrase in decoded) / characters,
        cer_with=sum(edit_distance(phrase.typed, phrase.with_words) for phrase in decoded) / characters,
        cost_ms=float(np.median([cost for phrase in decoded for cost in phrase.cost_ms])),
    )


def _decode(decoder: KeyDecoder, touches: Sequence[ContactEvent | TapCandidate]) -> tuple[str, list[float]]:
    cost_ms = []
    for touch in touches:
        started = time.perf_counter()
        if isinstance(touch, TapCandidate):
            decoder.process([], POSE, tentative=[touch])
        else:
            decoder.process([touch], POSE)
        if isinstance(touch, TapCandidate) or touch.type == "press":
            cost_ms.append(1000 * (time.perf_counter() - started))
    decoder.complete_word()
    return decoder.text, cost_ms
