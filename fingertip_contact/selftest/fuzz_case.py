"""One case of a fuzz."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class FuzzCase:
    """index: in its fuzz, which with the seed makes it again. subject: what was mutated. content: shortened. outcome:
    what came of it. finding: what must not be; empty where all is well."""

    index: int
    subject: str
    content: str
    outcome: str
    finding: str
