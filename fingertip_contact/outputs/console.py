"""Prints what is typed."""

from __future__ import annotations

import sys

from fingertip_contact.datatypes import FrameResult


class Console:
    """Writes each key event's text to stdout as it is typed; backspace is written as the terminal's."""

    def process(self, result: FrameResult) -> None:
        """See protocols.Output."""
        for event in result.key_events:
            sys.stdout.write(event.text)
            if event.text:
                sys.stdout.flush()

    def close(self) -> None:
        """See protocols.Output."""
        sys.stdout.write("\n")
