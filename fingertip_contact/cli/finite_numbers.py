"""Options that are numbers take finite ones only."""

from __future__ import annotations

import math
from functools import wraps
from typing import Any


def require_finite_numbers(command: Any) -> None:
    """Make a command and its subcommands refuse `nan` and `inf`, which pass the limits of options.

    Then they raise a ValueError that names the option, before anything is done.
    """
    if command.callback is not None:
        command.callback = _require_finite_arguments(command.callback)
    for subcommand in getattr(command, "commands", {}).values():
        require_finite_numbers(subcommand)


def _require_finite_arguments(callback: Any) -> Any:
    @wraps(callback)
    def run(*arguments: Any, **options: Any) -> Any:
        for name, value in options.items():
            if isinstance(value, float) and not math.isfinite(value):
                raise ValueError(f"--{name.replace('_', '-')} is {value}; it has to be a finite number")
        return callback(*arguments, **options)

    return run
