"""What `setup` prints while it runs: a line for each step as it changes."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from fingertip_contact.safe_text import to_one_line

if TYPE_CHECKING:
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
    """Prints what has changed since the last call. is_quiet: nothing is printed, for --json."""

    def __init__(self, is_quiet: bool) -> None:
        self._is_quiet = is_quiet
        self._told: dict[str, tuple[str, str, str]] = {}
        self._last_s = 0.0

    def show(self, reports: Sequence[StepReport]) -> None:
        """The states of all steps, in order."""
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
            if not self._is_quiet:
                typer.echo(_format(report, is_begun))


def _format(report: StepReport, is_begun: bool) -> str:
    state = typer.style(f"{report.state:8}", fg=COLORS.get(report.state))
    found = " -> ".join(filter(None, (report.text, report.remedy)))
    text = report.instruction if is_begun else found
    return f"{state}{report.name:11}{to_one_line(text)}".rstrip()
