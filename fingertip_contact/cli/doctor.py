"""`fingertip-contact doctor`: is this machine ready, and if not, what to do."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from fingertip_contact.doctor.check import EXIT_CODES, CheckResult, System, find_worst
from fingertip_contact.doctor.run import run_checks
from fingertip_contact.safe_text import to_one_line

COLORS = {
    "ok": typer.colors.GREEN,
    "advice": typer.colors.CYAN,
    "warning": typer.colors.YELLOW,
    "error": typer.colors.RED,
}


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="The results as JSON.")] = False,
    brief: Annotated[bool, typer.Option("--brief", help="Leave out what is well.")] = False,
) -> None:
    """Check machine, installation, ROS, DDS, cameras, weights and running nodes, and say what to do: a line each.

    Nothing is changed and no camera is opened. Exit code 0: all is well, or there is advice; 1: a warning, some uses
    will fail; 2: an error, nodes do not run.
    """
    results = []
    for result in run_checks(System()):
        results.append(result)
        if not as_json and not (brief and result.severity == "ok"):
            typer.echo(_format(result))
    worst = find_worst(results)
    if as_json:
        rows = [vars(result) for result in results]
        typer.echo(json.dumps({"worst": worst, "checks": rows}, indent=2))
    raise typer.Exit(EXIT_CODES[worst])


def _format(result: CheckResult) -> str:
    severity = typer.style(f"{result.severity:7}", fg=COLORS[result.severity])
    remedy = f" -> {result.remedy}" if result.remedy else ""
    return f"{severity} {result.name:14} {to_one_line(result.text + remedy)}"
