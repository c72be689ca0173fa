"""The `fingertip-contact` command: its verbs, each in a file of its own, and what a user sees when something fails.

A verb's file is imported when the verb runs, so that `--help` is quick and one verb's missing extra hinders no other.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, entry_points, version
from types import FrameType
from typing import Annotated

import typer

PROGRAM = "fingertip-contact"
DEBUG_VARIABLE = "FINGERTIP_CONTACT_DEBUG"
RESEARCH_PACKAGE = "fingertip_research"

EXIT_INTERNAL_ERROR = 1
EXIT_BAD_INPUT = 2

EPILOG = """
Examples:

fingertip-contact demo

fingertip-contact simulate --text "the quick brown fox" --seed 7 --angle 60 --out out/fox.mcap

fingertip-contact process out/fox.mcap --out out/fox.events.jsonl --video out/fox.mp4

fingertip-contact evaluate recording out/fox.mcap

Exit codes: 0 done, 1 not good enough or a fault in the program, 2 bad input, 130 interrupted.
"""


@dataclass(frozen=True)
class Subcommand:
    """A verb: the function or typer application, as `module:attribute`; its line in `--help`."""

    reference: str
    help: str


SUBCOMMANDS = {
    "process": Subcommand(
        "fingertip_contact.cli.process:process",
        "Run the pipeline on a recording: contact events, and a video of them.",
    ),
    "keyboard": Subcommand(
        "fingertip_contact.cli.keyboard:app", "List, show and print keyboard layouts; find where a sheet lies."
    ),
    "models": Subcommand("fingertip_contact.cli.models:app", "Fetch, list, check and convert the network weights."),
    "export": Subcommand(
        "fingertip_contact.cli.export:export",
        "Make depth weights ready for a runtime without torch, in fp32 or int8.",
    ),
}

# Other packages add verbs by this entry-point group. These are the ones of fingertip_research, known here so that
# `--help` lists them, and that a verb which is not installed names its package.
ENTRY_POINT_GROUP = "fingertip_contact.commands"
RESEARCH_COMMANDS = {
    "demo": "Watch simulated hands type, and the real nodes read the text back over DDS.",
    "simulate": "Render a recording of typing hands, or a dataset, with exact ground truth.",
    "evaluate": "Score the pipeline against a recording's ground truth.",
    "dataset": "Record, convert, check, label and split datasets for the depth network.",
    "train": "Fine-tune the depth network on a dataset.",
    "bench": "Measure how fast things run on this machine.",
}

# What brings a module that is not there.
EXTRAS = {
    "embreex": "fingertip_contact[research]",
    "fpdf": "fingertip_contact[print]",
    "huggingface_hub": "fingertip_contact[depth]",
    "lightgbm": "fingertip_research[fit]",
    "matplotlib": "fingertip_research[plots]",
    "pyrealsense2": "fingertip_contact[realsense]",
    "rclpy": "fingertip_contact[ros]",
    "safetensors": "fingertip_contact[depth]",
    "scipy": "fingertip_contact[research]",
    "tensorboard": "fingertip_research[train]",
    "timm": "fingertip_contact[depth]",
    "torch": "fingertip_contact[depth]",
}

app = typer.Typer(
    name=PROGRAM,
    help="Fingertip contact: any flat surface becomes a keyboard under a depth camera.",
    epilog=EPILOG,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def main(arguments: list[str] | None = None) -> None:
    """Runs the command and leaves by SystemExit; every error is one line on stderr that says what to do.

    FINGERTIP_CONTACT_DEBUG=1 lets the traceback through.
    """
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signal_number, _exit)
    try:
        app(arguments, prog_name=PROGRAM)
    except Exception as error:
        if os.environ.get(DEBUG_VARIABLE):
            raise
        message, code = _explain(error)
        typer.echo("error: " + " ".join(message.split()), err=True)
        sys.exit(code)


def _show_version(show: bool) -> None:
    if show:
        typer.echo(f"{PROGRAM} {_get_version()}")
        raise typer.Exit


@app.callback()
def _handle_global_options(
    show_version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_show_version, help="Show the version and exit.")
    ] = False,
) -> None:
    pass


def _add_command(name: str, subcommand: Subcommand) -> None:
    """A stand-in that imports the verb and hands it the arguments as they came, `--help` included."""

    def run(context: typer.Context) -> None:
        code = _load(subcommand)(context.args, prog_name=f"{PROGRAM} {name}", standalone_mode=False)
        raise typer.Exit(code if isinstance(code, int) else 0)

    settings = {"allow_extra_args": True, "ignore_unknown_options": True}
    app.command(name, help=subcommand.help, context_settings=settings, add_help_option=False)(run)


def _load(subcommand: Subcommand) -> Callable[..., object]:
    module, _, attribute = subcommand.reference.partition(":")
    target = getattr(importlib.import_module(module), attribute)
    if isinstance(target, typer.Typer):
        return target
    application = typer.Typer(add_completion=False)
    application.command()(target)
    return application


def _find_subcommands() -> dict[str, Subcommand]:
    """Our own verbs, then those of installed packages, then those of fingertip_research where it is missing."""
    found = dict(SUBCOMMANDS)
    for entry in sorted(entry_points(group=ENTRY_POINT_GROUP)):
        package = entry.dist.name if entry.dist else entry.value.split(".")[0]
        help_text = RESEARCH_COMMANDS.get(entry.name, f"Added by {package}.")
        found.setdefault(entry.name, Subcommand(entry.value, help_text))
    for name, help_text in RESEARCH_COMMANDS.items():
        found.setdefault(name, Subcommand("fingertip_research:missing", f"{help_text} (needs fingertip_research)"))
    return found


for _name, _subcommand in _find_subcommands().items():
    _add_command(_name, _subcommand)


def _exit(signal_number: int, frame: FrameType | None) -> None:
    """Leaves by an exception, so that half-written files are taken away; 130 after Ctrl-C, as shells have it."""
    raise SystemExit(128 + signal_number)


def _explain(error: Exception) -> tuple[str, int]:
    """What to tell the user, and the exit code."""
    if isinstance(error, ModuleNotFoundError) and not (error.name or "").startswith("fingertip_contact"):
        return _describe_missing_module(error), EXIT_BAD_INPUT
    if isinstance(error, ValueError | OSError):
        return str(error), EXIT_BAD_INPUT
    return (
        f"{type(error).__name__}: {error}; a fault in the program, {DEBUG_VARIABLE}=1 shows where",
        EXIT_INTERNAL_ERROR,
    )


def _describe_missing_module(error: ModuleNotFoundError) -> str:
    name = (error.name or "").split(".")[0]
    if name == RESEARCH_PACKAGE:
        return (
            "simulation, evaluation, datasets, training and benchmarks are in the package fingertip_research, which is "
            "not installed; pip install 'fingertip_contact[research]' (or ./research in a checkout)"
        )
    return f"the Python module {error.name} is not installed; pip install '{EXTRAS.get(name, name)}'"


def _get_version() -> str:
    try:
        return version("fingertip_contact")
    except PackageNotFoundError:
        return "(not installed)"
