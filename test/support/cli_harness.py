"""Runs the command line inside the test process."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from fingertip_contact.cli.main import main


def run(*arguments: str | Path) -> int:
    """Returns the exit code. The signal handlers of pytest are restored."""
    handlers = {signal_number: signal.getsignal(signal_number) for signal_number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with pytest.raises(SystemExit) as exit_info:
            main([str(argument) for argument in arguments])
    finally:
        for signal_number, handler in handlers.items():
            signal.signal(signal_number, handler)
    return exit_info.value.code or 0
