"""The typing test: a text is shown, typed, and compared with what was read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fingertip_contact.datatypes import Frame, FrameResult
from fingertip_contact.keyboard.layout import Layout
from fingertip_contact.safe_text import describe, to_printable
from fingertip_contact.setup_guide.seeing_steps import find_advice, tell_waiting
from fingertip_contact.setup_guide.step import Verdict
from fingertip_contact.text_metrics import character_error_rate, words_per_minute

# After the last press: nobody pauses for so long in a short text.
SILENCE_S = 4.0
# Where as much was read as was asked for, no more is to be expected.
COMPLETE_SILENCE_S = 1.0
CODES = ("no_hands", "hands_lost", "camera_behind_hands", "markers_covered", "surface_moved", "no_sheet")
REMEDY = (
    "type more slowly, with fingers that lift well; see the camera's placement and light, and try a list of words "
    "(words:=english)"
)
INTENDED_REMEDY = "type the text with both hands over the sheet"


@dataclass(frozen=True)
class TypingScore:
    """read: the text that was read. wpm: from the first press to the last. cer: edits per character of the target."""

    target: str
    read: str
    wpm: float
    cer: float


class TypingStep:
    """target: the text to type. clear_text: empties the pipeline's text. max_cer: above, the step has failed.

    score: once it is over and something was typed.
    """

    name = "typing"
    is_required = False

    def __init__(self, target: str, clear_text: Callable[[], None], max_cer: float) -> None:
        self.instruction = f"type: {to_printable(target)}"
        self.score: TypingScore | None = None
        self._target, self._clear_text, self._max_cer = target.rstrip(), clear_text, max_cer
        self._text = ""
        self._first_ns: int | None = None
        self._last_ns = 0

    def begin(self) -> None:
        """See Step."""
        self._clear_text()

    def update(self, frame: Frame, result: FrameResult) -> Verdict:
        """See Step."""
        self._text = result.text
        for event in result.key_events:
            if event.contact.type == "press" and event.key:
                self._first_ns = event.contact.contact_ns if self._first_ns is None else self._first_ns
                self._last_ns = event.contact.contact_ns
        if self._first_ns is None:
            return tell_waiting(find_advice(result, CODES))
        silence_s = (frame.stamp_ns - self._last_ns) / 1e9
        is_long = len(self._text.rstrip()) >= len(self._target)
        if self._text.rstrip() == self._target or silence_s > (COMPLETE_SILENCE_S if is_long else SILENCE_S):
            return self._judge()
        return Verdict("active")

    def finish(self) -> Verdict:
        """See Step."""
        if self._first_ns is None:
            return Verdict("failed", "no key was pressed", INTENDED_REMEDY)
        return self._judge()

    def _judge(self) -> Verdict:
        read = self._text.rstrip()
        duration_s = (self._last_ns - (self._first_ns or 0)) / 1e9
        cer = character_error_rate(self._target, read)
        self.score = TypingScore(self._target, read, words_per_minute(read, duration_s), cer)
        text = f"read {describe(read)}: {self.score.wpm:.0f} words a minute, {cer:.1%} of the characters wrong"
        if cer > self._max_cer:
            return Verdict("failed", f"{text} (limit {self._max_cer:.0%})", REMEDY)
        return Verdict("done", text)


def require_typable(text: str, layout: Layout) -> None:
    """Raises ValueError for a text that is empty, or that the keys of the layout do not write."""
    remedy = "give another one (--text), or leave the typing test out: --skip typing"
    if not text.strip():
        raise ValueError(f"the text to type is empty; {remedy}")
    writable = {character for key in layout.keys for character in (key.text, key.shifted)}
    if missing := sorted(set(text) - writable):
        raise ValueError(
            f"layout {layout.name} does not write {describe(''.join(missing))} of the text to type; {remedy}"
        )
