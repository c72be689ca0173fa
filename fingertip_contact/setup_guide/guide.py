"""The order of the steps: one is active at a time; time is that of the frames' stamps."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from fingertip_contact.datatypes import Frame, FrameResult
from fingertip_contact.safe_text import suggest
from fingertip_contact.setup_guide.step import Step, StepReport, Verdict

ENDED_TEXT = "the images ended before it"
BLOCKED_TEXT = "not tried, since a step that it needs has failed"


def require_known(names: Collection[str], skipped: Collection[str]) -> None:
    """Raises ValueError for a step to skip that is none of the names."""
    if unknown := [name for name in skipped if name not in names]:
        raise ValueError(
            f"there is no step {unknown[0]!r} to skip{suggest(unknown[0], names)}; the steps are {', '.join(names)}"
        )


class SetupGuide:
    """Leads through the steps. A step that fails is told and left, unless the ones after it need it: then it is over.

    timeout_s: how long a step may take, by stamps. is_blocked: whether it ended early for a step that others need.
    """

    def __init__(self, steps: Sequence[Step], skipped: Collection[str] = (), timeout_s: float = 60.0) -> None:
        """Raises ValueError for a step to skip that there is not."""
        require_known([step.name for step in steps], skipped)
        self._steps = steps
        self._timeout_s = timeout_s
        self._began_ns: int | None = None
        self._reports = [
            StepReport(step.name, step.instruction, "skipped" if step.name in skipped else "waiting") for step in steps
        ]
        self._index, self.is_blocked = -1, False
        self._advance()

    @property
    def reports(self) -> tuple[StepReport, ...]:
        """Of all steps, in order."""
        return tuple(self._reports)

    @property
    def active(self) -> StepReport | None:
        """The step that is active; None once all is over."""
        return None if self.is_over else self._reports[self._index]

    @property
    def is_over(self) -> bool:
        return self._index >= len(self._steps)

    @property
    def has_failed(self) -> bool:
        """Whether a step has failed."""
        return any(report.state == "failed" for report in self._reports)

    def update(self, frame: Frame, result: FrameResult) -> None:
        """A frame and what was found in it, in the order of stamps; a step back begins the active step's time anew."""
        if self.is_over:
            return
        if self._began_ns is None or frame.stamp_ns < self._began_ns:
            self._began_ns = frame.stamp_ns
        duration_s = (frame.stamp_ns - self._began_ns) / 1e9
        step = self._steps[self._index]
        verdict = step.update(frame, result)
        self._take(verdict, duration_s)
        if verdict.state == "active" and duration_s > self._timeout_s:
            self._finish(f"not within {self._timeout_s:g} s")

    def end(self) -> None:
        """No more frames come: every step that is left says what it can."""
        while not self.is_over:
            self._finish(ENDED_TEXT)

    def _finish(self, reason: str) -> None:
        """The active step sees no more frames. What it said last tells why it has failed, unless it knows better."""
        step, last = self._steps[self._index], self._reports[self._index]
        verdict = step.finish()
        if verdict.state == "failed":
            text = ": ".join(filter(None, (reason, verdict.text or last.text)))
            verdict = Verdict("failed", text, last.remedy or verdict.remedy or step.instruction)
        self._take(verdict, last.duration_s)

    def _take(self, verdict: Verdict, duration_s: float) -> None:
        self._reports[self._index] = replace(
            self._reports[self._index],
            state=verdict.state,
            text=verdict.text,
            remedy=verdict.remedy,
            duration_s=duration_s,
        )
        if verdict.state == "failed" and self._steps[self._index].is_required:
            self._block()
        elif verdict.state != "active":
            self._advance()

    def _advance(self) -> None:
        """To the next step that is not skipped."""
        self._index += 1
        while not self.is_over and self._reports[self._index].state == "skipped":
            self._index += 1
        self._began_ns = None
        if not self.is_over:
            self._reports[self._index] = replace(self._reports[self._index], state="active")
            self._steps[self._index].begin()

    def _block(self) -> None:
        """All is over: the steps that are left cannot succeed."""
        for index in range(self._index + 1, len(self._steps)):
            if self._reports[index].state == "waiting":
                self._reports[index] = replace(self._reports[index], state="skipped", text=BLOCKED_TEXT)
        self._index, self.is_blocked = len(self._steps), True
