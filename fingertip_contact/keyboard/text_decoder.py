"""The text that a series of uncertain touches means, by beam search over a noisy channel.

Each touch may have been a tap, of one of several keys, or none. A hypothesis takes or drops each; it costs the negative
log-likelihood of those choices and of the text that they write. The best one is the text. It may revise the word in
progress and the one before, as phones do; older text is fixed.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from fingertip_contact.keyboard.language import LanguageModel
from fingertip_contact.keyboard.text_hypothesis import Hypothesis, HypothesisWriter

# All constants without another source were chosen by `evaluate words --phrases development`.

# The most hypotheses that are kept, and the cost up to which they are, over the best.
BEAM_WIDTH = 40
MAX_SCORE_NATS = 14.0
# Probabilities of a tap are not believed beyond these.
MIN_TAP_PROBABILITY, MAX_TAP_PROBABILITY = 0.02, 0.995
# A false touch lands anywhere in its finger's reach, a tap near its key: what the place of a touch says against a false
# one, if it is the middle of the key.
FALSE_TOUCH_NLL = 4.5
# More certain presses are never dropped.
MAX_DOUBTED_PROBABILITY = 0.92
# A tap that gave no touch at all. The best hypotheses are tried with one.
MISSED_NLL = 7.5
MISSED_WIDTH = 6
# Words that may change.
_OPEN_WORDS = 2
# Longest text that may change: one word without an end, for instance.
_MAX_OPEN_CHARACTERS = 60
_SUGGESTIONS = 3


@dataclass(frozen=True)
class Touch:
    """A touch that may have been a tap. keys: the text of each key in reach, with the negative log-likelihood of the
    touch if that key was meant, nats; the least is about 0. tap_probability: 0..1. written: what a press wrote at once;
    None for a touch that was no press."""

    keys: tuple[tuple[str, float], ...]
    tap_probability: float
    written: str | None


class TextDecoder:
    """`text` after every touch, in the order of time."""

    def __init__(self, language: LanguageModel) -> None:
        self._language = language
        self._writer = HypothesisWriter(language)
        self.clear()

    @property
    def text(self) -> str:
        """The best text so far."""
        return self._fixed + self._best().text

    def clear(self) -> None:
        """Empty the text; the presses before can no longer be cancelled."""
        self._is_complete = False
        self._fixed = ""
        self._hypotheses = [self._writer.start("")]
        self._last_press: int | None = None
        self._before_last_press = self._fixed, self._hypotheses
        self._since_last_press: list[Touch] = []

    def continue_text(self, text: str) -> None:
        """Start after this text, which is fixed."""
        self.clear()
        self._fix(text)

    def press(self, press: int, touch: Touch | None) -> None:
        """A press of a key. press: its number. touch: None for a modifier, which is no part of the text."""
        self._remember(press)
        if touch is not None:
            self._hear(touch)

    def press_command(self, press: int) -> None:
        """A key that may move the cursor or act on the text, as arrows and Ctrl do: the text so far is fixed."""
        self._remember(press)
        self._fix(self.text)

    def add_tentative(self, touch: Touch) -> None:
        """A touch that was no press, but may have been a tap."""
        self._since_last_press.append(touch)
        self._hear(touch)

    def press_backspace(self, press: int) -> None:
        """Takes the last character of the text away; what is left is fixed, as its typist has seen and kept it."""
        self._remember(press)
        self._fix(self.text[:-1])

    def repeat(self, text: str) -> None:
        """A held key writes once more."""
        self._fix(self.text + text)

    def repeat_backspace(self) -> None:
        """A held backspace takes one more character."""
        self._fix(self.text[:-1])

    def cancel(self, press: int) -> None:
        """Take a press back if it is the last one."""
        if press != self._last_press:
            return
        self._last_press = None
        self._fixed, self._hypotheses = self._before_last_press
        for touch in self._since_last_press:
            self._hear(touch)

    def complete_word(self) -> None:
        """The typist pauses: take the word in progress for complete until the next touch."""
        self._is_complete = True

    @property
    def word_in_progress(self) -> str:
        """The letters at the end of the text."""
        return self._split_last_word(self.text)[1]

    def suggest(self) -> tuple[str, ...]:
        """At most three other readings or completions of the word in progress, the best first."""
        best = self._best()
        head, shown = self._split_last_word(self._fixed + best.text)
        if best.word is None or not best.word.letters:
            return ()
        costs: dict[str, float] = {}
        for found in self._hypotheses:
            found_head, typed = self._split_last_word(self._fixed + found.text)
            if found.word is None or not found.word.letters or found_head != head:
                continue
            for word, probability in self._language.lexicon.find_commonest(found.word.span, _SUGGESTIONS + 1):
                suggestion = typed + word[len(typed) :]
                cost = found.cost - math.log(probability)
                costs[suggestion] = min(cost, costs.get(suggestion, math.inf))
            if found.is_literal:
                costs.setdefault(typed, found.score)
        costs.pop(shown, None)
        return tuple(sorted(costs, key=costs.__getitem__)[:_SUGGESTIONS])

    def _remember(self, press: int) -> None:
        self._last_press = press
        self._before_last_press = self._fixed, self._hypotheses
        self._since_last_press = []

    def _best(self) -> Hypothesis:
        if not self._is_complete:
            return self._hypotheses[0]
        return min(self._hypotheses, key=lambda found: found.cost + self._writer.end_nll(found))

    def _hear(self, touch: Touch) -> None:
        self._is_complete = False
        found: dict[str, Hypothesis] = {}
        probability = min(max(touch.tap_probability, MIN_TAP_PROBABILITY), MAX_TAP_PROBABILITY)
        tap_nll, false_nll = -math.log(probability), -math.log(1 - probability) + FALSE_TOUCH_NLL
        can_drop = touch.written is None or probability <= MAX_DOUBTED_PROBABILITY
        if can_drop:
            for before in self._hypotheses:
                is_literal = before.is_literal and touch.written is None
                _keep_better(found, self._writer.drop(before, false_nll, is_literal))
        for before in [*self._hypotheses, *self._insert_missed()]:
            for text, nll in touch.keys:
                is_literal = before.is_literal and text == touch.written
                _keep_better(found, self._writer.write(before, text, tap_nll + nll, is_literal, self._fixed))
        self._hypotheses = _prune(found)
        self._fix_old_words()

    def _insert_missed(self) -> list[Hypothesis]:
        """The best hypotheses, each with one more character whose tap was not seen at all."""
        missed = []
        for before in self._hypotheses[:MISSED_WIDTH]:
            if before.word is None or not before.word.letters:
                continue
            for text in self._language.find_continuations(before.word):
                missed.append(self._writer.write(before, text, MISSED_NLL, False, self._fixed))
        limit = self._hypotheses[0].score + MAX_SCORE_NATS
        return [hypothesis for hypothesis in missed if hypothesis.score <= limit]

    def _fix_old_words(self) -> None:
        """Of the best text, all but the last words; hypotheses that differ there are dropped."""
        text = self._hypotheses[0].text
        starts = [match.start() for match in re.finditer(r"\S+", text)]
        if text[-1:].isspace():
            starts.append(len(text))
        if len(text) > _MAX_OPEN_CHARACTERS and len(starts) <= _OPEN_WORDS:
            self._fix(self.text)
        elif len(starts) > _OPEN_WORDS:
            fixed = text[: starts[-_OPEN_WORDS]]
            self._fixed += fixed
            agreeing = [found for found in self._hypotheses if found.text.startswith(fixed)]
            self._hypotheses = [found._replace(text=found.text[len(fixed) :]) for found in agreeing]

    def _split_last_word(self, text: str) -> tuple[str, str]:
        """What precedes the word in progress, and its letters."""
        start = len(text)
        while start and text[start - 1].lower() in self._language.letters:
            start -= 1
        return text[:start], text[start:]

    def _fix(self, text: str) -> None:
        self._fixed = text
        self._hypotheses = [self._writer.start(text)]


def _keep_better(found: dict[str, Hypothesis], hypothesis: Hypothesis) -> None:
    """Of two hypotheses with the same text the cheaper one; it is literal if either is."""
    known = found.get(hypothesis.text)
    if known is None:
        found[hypothesis.text] = hypothesis
    else:
        better = min(known, hypothesis, key=lambda each: each.score)
        found[hypothesis.text] = better._replace(is_literal=known.is_literal or hypothesis.is_literal)


def _prune(found: dict[str, Hypothesis]) -> list[Hypothesis]:
    """The best, in order, from a cost of 0 on; the literal one stays."""
    ordered = sorted(found.values(), key=lambda hypothesis: hypothesis.score)
    least = ordered[0].score
    kept = [h for h in ordered[:BEAM_WIDTH] if h.score <= least + MAX_SCORE_NATS]
    if not any(h.is_literal for h in kept):
        kept += [h for h in ordered if h.is_literal][:1]
    base = kept[0].cost
    return [h._replace(cost=h.cost - base, score=h.score - base) for h in kept]
