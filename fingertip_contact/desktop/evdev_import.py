"""The library evdev, which reads and makes Linux's input devices."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from fingertip_contact.resources import advise_install


def import_evdev() -> Any:
    """The module. Raises ValueError with the remedy where it is missing, or the system is not Linux."""
    if sys.platform != "linux":
        raise ValueError(f"keys go into the desktop through Linux's uinput, which {sys.platform} does not have")
    try:
        import evdev
    except ModuleNotFoundError:
        remedy = f"{advise_install('.[desktop]')}, or apt install python3-evdev"
        raise ValueError(f"the Python module evdev is not installed; {remedy}") from None
    return evdev


def find_numbers(codes: Sequence[str]) -> dict[str, int]:
    """The number of each key code, by its name. Raises ValueError for names that Linux does not have."""
    numbers = import_evdev().ecodes.ecodes
    if unknown := [code for code in codes if not code.startswith("KEY_") or code not in numbers]:
        raise ValueError(f"Linux has no key code {', '.join(unknown)}; docs/desktop.md says what keys are called")
    return {code: numbers[code] for code in codes}
