"""Options that several verbs share."""

from __future__ import annotations

from typing import Annotated

import typer

Layout = Annotated[
    str,
    typer.Option(help="Where keys and markers lie: a built-in layout's name, or a YAML or JSON file.", metavar="FILE"),
]
CalibrationSeconds = Annotated[
    float | None,
    typer.Option(min=0.0, max=60.0, help="How long the desk is empty at the start; by default as the profile says."),
]
Profile = Annotated[str, typer.Option(help="Contact profile: a built-in one's name, or a YAML file.")]
