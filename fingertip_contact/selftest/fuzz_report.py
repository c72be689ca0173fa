"""The report of a fuzz: plain data, and its text."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import Any

from fingertip_contact.safe_text import to_printable
from fingertip_contact.selftest.fuzz_case import FuzzCase


class FuzzReport:
    """Counts cases, and keeps those with a finding. is_complete: false where the fuzz was interrupted."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._counts: Counter[tuple[str, str, str]] = Counter()
        self.findings: list[tuple[str, FuzzCase]] = []
        self.is_complete = False

    def add(self, fuzz: str, case: FuzzCase) -> None:
        """fuzz: messages or files."""
        self._counts[fuzz, case.subject, case.outcome] += 1
        if case.finding:
            self.findings.append((fuzz, case))

    def to_data(self) -> dict[str, Any]:
        """JSON-serialisable."""
        return {
            "seed": self._seed,
            "complete": self.is_complete,
            "cases": self._counts.total(),
            "counts": [
                {"fuzz": fuzz, "subject": subject, "outcome": outcome, "cases": count}
                for (fuzz, subject, outcome), count in sorted(self._counts.items())
            ],
            "findings": [{"fuzz": fuzz, **asdict(case)} for fuzz, case in self.findings],
        }

    def format(self) -> str:
        """A line for each kind of case and for each finding."""
        lines = [
            f"{fuzz}: {subject}: {count} {outcome}" for (fuzz, subject, outcome), count in sorted(self._counts.items())
        ]
        lines += [
            to_printable(f"FINDING {fuzz} {case.index} ({case.subject}): {case.finding}; {case.content}")
            for fuzz, case in self.findings
        ]
        end = "" if self.is_complete else ", interrupted"
        return "\n".join(
            [*lines, f"{self._counts.total()} cases of seed {self._seed}, {len(self.findings)} findings{end}"]
        )
