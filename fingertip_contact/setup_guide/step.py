"""What a step of the guide is: what the person should do, and what was found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from fingertip_contact.datatypes import Frame, FrameResult

StepState = Literal["waiting", "active", "done", "failed", "skipped"]


@dataclass(frozen=True)
class Verdict:
    """What a step says now. state: active, done or failed. text: what was found. remedy: what to do; may be empty, and
    of a step that is done it is advice."""

    state: StepState
    text: str = ""
    remedy: str = ""


@dataclass(frozen=True)
class StepReport:
    """A step as it is told. instruction: what the person should do. duration_s: by the frames' stamps, since it became
    active. Text and remedy: see Verdict."""

    name: str
    instruction: str
    state: StepState = "waiting"
    text: str = ""
    remedy: str = ""
    duration_s: float = 0.0


class Step(Protocol):
    """A step; it sees frames only while it is active. name, instruction: see StepReport. is_required: whether the steps
    after it make no sense where it fails."""

    name: str
    instruction: str
    is_required: bool

    def begin(self) -> None:
        """It becomes active: the next frame is its first."""

    def update(self, frame: Frame, result: FrameResult) -> Verdict:
        """What it says after this frame."""

    def finish(self) -> Verdict:
        """No more frames come, or its time is over: done or failed, and what is known. Also for a step without frames.

        An empty text or remedy of a failure stands for what it said last."""


class Held:
    """How long a condition has held without a break, by stamps."""

    def __init__(self) -> None:
        self._since_ns: int | None = None

    def follow(self, stamp_ns: int, is_true: bool) -> float:
        """Seconds until now; 0 where it does not hold, or begins to."""
        if not is_true or (self._since_ns is not None and stamp_ns < self._since_ns):
            self._since_ns = None
        if is_true and self._since_ns is None:
            self._since_ns = stamp_ns
        return 0.0 if self._since_ns is None else (stamp_ns - self._since_ns) / 1e9
