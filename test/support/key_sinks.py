"""Where an injector's keys go in tests."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

LOG_VARIABLE = "KEY_SINK_LOG"


class RecordingSink:
    """Keeps what was written: ("KEY_A", True) for a key that went down."""

    def __init__(self, codes: Sequence[str] = ()) -> None:
        self.codes = codes
        self.written: list[tuple[str, bool]] = []
        self.is_closed = False

    def write(self, code: str, is_down: bool) -> None:
        assert not self.is_closed
        self.written.append((code, is_down))

    def close(self) -> None:
        self.is_closed = True

    @property
    def text(self) -> str:
        """As `describe_keys`."""
        return describe_keys(self.written)


class FileSink(RecordingSink):
    """Of a node in a process of its own: lines in the file that KEY_SINK_LOG names."""

    def write(self, code: str, is_down: bool) -> None:
        super().write(code, is_down)
        self._append(describe_keys([(code, is_down)]))

    def close(self) -> None:
        super().close()
        self._append("closed")

    def _append(self, line: str) -> None:
        with Path(os.environ[LOG_VARIABLE]).open("a", encoding="utf-8") as log:
            log.write(f"{line}\n")


class BrokenSink(RecordingSink):
    """A keyboard that is gone."""

    def write(self, code: str, is_down: bool) -> None:
        raise OSError("No such device")


def describe_keys(written: Sequence[tuple[str, bool]]) -> str:
    """`+A -A` for a key that went down and came up."""
    return " ".join(f"{'+' if is_down else '-'}{code.removeprefix('KEY_')}" for code, is_down in written)


def find_stuck_keys(written: Sequence[tuple[str, bool]]) -> set[str]:
    """What is down at the end. Fails where a key goes down twice, or comes up without having gone down."""
    down: set[str] = set()
    for code, is_down in written:
        assert is_down != (code in down), f"{code} {'down' if is_down else 'up'} twice: {describe_keys(written)}"
        (down.add if is_down else down.remove)(code)
    return down
