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
from importlib.metadata import PackageNotFoundError, version
from types import FrameType
from typing import Annotated

import typer

PROGRAM = "fingertip-contact"
DEBUG_VARIABLE = "FINGERTIP_CONTACT_DEBUG"

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
    """Where a verb lives: a module of this package and the function, or the typer application, in it."""

    module: str
    attribute: str
    help: str


SUBCOMMANDS = {
    "demo": Subcommand("demo", "demo", "Watch simulated hands type, and the real nodes read the text back over DDS."),
    "simulate": Subcommand("simulate", "app", "Render a recording of typing hands, or a dataset, with exact truth."),
    "process": Subcommand(
        "process", "process", "Run the pipeline on a recording: contact events, and a video of them."
    ),
    "evaluate": Subcommand("evaluate", "app", "Score the pipeline against a recording's truth."),
    "dataset": Subcommand("dataset", "app", "Record, convert, check, label and split datasets for the depth network."),
    "keyboard": Subcommand("keyboard", "app", "List, show and print keyboard layouts; find where a sheet lies."),
    "train": Subcommand("train", "train", "Fine-tune the depth network on a dataset."),
    "models": Subcommand("models", "app", "Fetch, list, check and convert the network weights."),
    "export": Subcommand("export", "export", "Make depth weights ready for a runtime without torch, in fp32 or int8."),
    "bench": Subcommand("bench", "app", "Measure how fast things run on this machine."),
}

# What brings a module that is not there.
EXTRAS = {
    "embreex": "sim",
    "huggingface_hub": "depth",
    "matplotlib": "plots",
    "pyrealsense2": "realsense",
    "rclpy": "ros",
    "rosbags": "bags",
    "safetensors": "depth",
    "scipy": "sim",
    "tensorboard": "train",
    "timm": "depth",
    "torch": "depth",
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
    target = getattr(importlib.import_module(f"fingertip_contact.cli.{subcommand.module}"), subcommand.attribute)
    if isinstance(target, typer.Typer):
        return target
    application = typer.Typer(add_completion=False)
    application.command()(target)
    return application


for _name, _subcommand in SUBCOMMANDS.items():
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
    extra = EXTRAS.get(name)
    remedy = (
        f"pip install 'fingertip_contact[{extra}]' (or '.[{extra}]' in a checkout)" if extra else f"pip install {name}"
    )
    return f"the Python module {error.name} is not installed; {remedy}"


def _get_version() -> str:
    try:
        return version("fingertip_contact")
    except PackageNotFoundError:
        return "(not installed)"
