"""Options of the commands that create sessions."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, TypeVar

import typer

Value = TypeVar("Value")

Root = Annotated[Path, typer.Option(help="The dataset's folder, in which the session's folder is created.")]
Participant = Annotated[str, typer.Option(help="P and a number, e.g. P01.")]
Surface = Annotated[str | None, typer.Option(help="Surface of the desk, e.g. white_desk, wood_grain, dark.")]
Action = Annotated[str, typer.Option(help="typing, hovering or transition.")]
Angle = Annotated[float | None, typer.Option(help="Elevation of the camera over the desk, degrees.")]
DepthStep = Annotated[
    float,
    typer.Option(min=0.01, max=1.0, help="Unit of the depth images, mm; other readers of the layout expect 1."),
]


def check_participant(name: str) -> str:
    """Returns the name. Raises ValueError if it is not P and a number."""
    if not re.fullmatch(r"P\d+", name):
        raise ValueError(f"--participant is {name!r}; it must be P and a number, e.g. P01")
    return name


def check_time_of_day(digits: str) -> str:
    """Returns the digits. Raises ValueError if they are not HHMMSS."""
    if not re.fullmatch(r"\d{6}", digits):
        raise ValueError(f"--time is {digits!r}; it must be six digits, HHMMSS")
    return digits


def require(option: str, option_value: Value | None, fallback: Value | None = None) -> Value:
    """The option's value, else the fallback. Raises ValueError that names the option if both are missing."""
    value = fallback if option_value is None else option_value
    if value is None:
        raise ValueError(f"{option} is missing, and no other source provides it")
    return value
