"""Options that the verbs which make sessions share."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, TypeVar

import typer

Value = TypeVar("Value")

Root = Annotated[Path, typer.Option(help="The dataset's folder; the session gets one of its own in it.")]
Participant = Annotated[str, typer.Option(help="Who it is: P and a number, e.g. P01.")]
Surface = Annotated[str | None, typer.Option(help="What the desk is, e.g. white_desk, wood_grain, dark.")]
Action = Annotated[str, typer.Option(help="What is done: typing, hovering or transition.")]
Angle = Annotated[float | None, typer.Option(help="Elevation of the camera over the desk, degrees.")]
DepthStep = Annotated[
    float,
    typer.Option(min=0.01, max=1.0, help="Step of the depth pictures, mm; other readers of the layout expect 1."),
]


def check_participant(name: str) -> str:
    """Raises ValueError where the name is none of the layout's."""
    if not re.fullmatch(r"P\d+", name):
        raise ValueError(f"--participant is {name!r}; it has to be P and a number, e.g. P01")
    return name


def check_time_of_day(digits: str) -> str:
    """Raises ValueError where it is no HHMMSS."""
    if not re.fullmatch(r"\d{6}", digits):
        raise ValueError(f"--time is {digits!r}; six digits are wanted, HHMMSS")
    return digits


def require(option: str, option_value: Value | None, fallback: Value | None = None) -> Value:
    """What was given, else what is known. Raises ValueError naming the option where neither is there."""
    value = fallback if option_value is None else option_value
    if value is None:
        raise ValueError(f"{option} is missing, and nothing else tells it")
    return value
