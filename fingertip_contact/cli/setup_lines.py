"""What `setup` prints while it runs: a line for each step as it changes."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from fingertip_contact.safe_text import to_one_line

if TYPE_CHECKING:
    from fingertip_contact.datatypes import Frame, FrameResult
    from fingertip_contact.setup_guide.step import StepReport

# A verdict that follows a moving camera changes with each image.
MIN_PERIOD_S = 1.0
COLORS = {
    "active": typer.colors.CYAN,
    "done": typer.colors.GREEN,
    "failed": typer.colors.RED,
    "skipped": typer.colors.BRIGHT_BLACK,
}


class StepLines:
    """A view (setup_guide/session.py) that prints what has changed."""

    def __init__(self) -> None:
        self._told: dict[str, tuple[str, str, str]] = {}
        self._last_s = 0.0

    def show(self, frame: Frame, result: FrameResult) -> None:
        """See View: nothing is said of a frame."""

    def show_steps(self, reports: Sequence[StepReport]) -> None:
        """See View."""
        for report in reports:
            now = (report.state, report.text, report.remedy)
            before = self._told.get(report.name, ("waiting", "", ""))
            if now == before:
                continue
            is_begun = report.state == "active" and before[0] != "active"
            if report.state == "active" and not is_begun and time.monotonic() - self._last_s < MIN_PERIOD_S:
                continue
            self._told[report.name] = now
            self._last_s = time.monotonic()
            typer.echo(_format(report, is_begun))


def _format(report: StepReport, is_begun: bool) -> str:
    state = typer.style(f"{report.state:8}", fg=COLORS.get(report.state))
    found = " -> ".join(filter(None, (report.text, report.remedy)))
    text = report.instruction if is_begun else found
    return f"{state}{report.name:11}{to_one_line(text)}".rstrip()
