"""The report of a selftest: plain data, and its text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.table import Table

from fingertip_contact.ros.selftest.runner import Outcome
from fingertip_contact.safe_text import escape_markup

MAX_FINDING_LENGTH = 600


def make_report(outcomes: Sequence[Outcome], is_complete: bool) -> dict[str, Any]:
    """JSON-serialisable. complete: false where the selftest was interrupted."""
    failed = sum(bool(outcome.finding) for outcome in outcomes)
    return {
        "passed": len(outcomes) - failed,
        "failed": failed,
        "complete": is_complete,
        "rows": [asdict(outcome) | {"passed": not outcome.finding} for outcome in outcomes],
    }


def make_table(outcomes: Sequence[Outcome]) -> Table:
    """One line for each row: what is done, what has to hold, and what did not."""
    table = Table("kind", "form", "fault", "has to hold", "s", "result")
    for outcome in outcomes:
        result = f"[red]{escape_markup(outcome.finding, MAX_FINDING_LENGTH)}[/red]" if outcome.finding else "passed"
        table.add_row(
            outcome.kind, outcome.form, escape_markup(outcome.name), escape_markup(outcome.expects),
            f"{outcome.seconds:.1f}", result,
        )  # fmt: skip
    return table
