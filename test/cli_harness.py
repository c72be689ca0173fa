"""Runs the command line inside the test's own process."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from fingertip_contact.cli.main import main


def run(*arguments: str | Path) -> int:
    """The exit code. Ctrl-C means to pytest what it meant before."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with pytest.raises(SystemExit) as leaving:
            main([str(argument) for argument in arguments])
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    return leaving.value.code or 0
