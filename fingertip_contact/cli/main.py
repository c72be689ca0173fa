"""The `fingertip-contact` command: finds its subcommands and turns every error into one line and an exit code.

A subcommand's module is imported only when it runs: `--help` stays quick, and a missing extra affects only the
subcommands that need it.
"""

from __future__ import annotations

import importlib
import io
import os
import signal
import sys
from dataclasses import dataclass
from functools import reduce
from importlib.metadata import PackageNotFoundError, entry_points, version
from types import FrameType
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from fingertip_contact.cli.finite_numbers import require_finite_numbers
from fingertip_contact.cli.outputs import release_folders
from fingertip_contact.resources import PACKAGE, advise_install
from fingertip_contact.safe_text import to_one_line
from fingertip_contact.stop_signals import list_stop_signals

PROGRAM = "fingertip-contact"
DEBUG_VARIABLE = "FINGERTIP_CONTACT_DEBUG"
RESEARCH_PACKAGE = "fingertip_research"

EXIT_INTERNAL_ERROR = 1
EXIT_BAD_INPUT = 2

EPILOG = """
Without a camera, watch simulated hands type:

fingertip-contact demo

Or render a recording, process it, and score the result against its ground truth:

fingertip-contact simulate --text "the quick brown fox" --seed 7 --angle 60 --out out/fox.mcap

fingertip-contact process out/fox.mcap --out out/fox.events.jsonl --video out/fox.mp4

fingertip-contact evaluate recording out/fox.mcap --events out/fox.events.jsonl

With a camera: fingertip-contact setup, then the line that it prints: ros2 launch fingertip_contact d405.launch.py ...

`fingertip-contact COMMAND --help` explains a command and its options.

Exit codes: 0 success, 1 a failed check or an internal error, 2 bad input or a missing package, 130 interrupted
(129 terminal closed, 143 terminated).
"""

CORE_PANEL = "Commands"
RESEARCH_PANEL = "Simulation, evaluation, training: package fingertip_research"
OTHER_PANEL = "Commands of other packages"


@dataclass(frozen=True)
class Subcommand:
    """reference: the function or typer application, as `module:attribute`. help: its line in `--help`. panel: the
    heading in `--help` under which it is listed."""

    reference: str
    help: str
    panel: str = CORE_PANEL


SUBCOMMANDS = {
    "setup": Subcommand(
        "fingertip_contact.cli.setup:setup", "Lead from a camera and a printed sheet to a typed text, step by step."
    ),
    "live": Subcommand("fingertip_contact.cli.live:live", "Type on a sheet under a camera, without ROS."),
    "process": Subcommand(
        "fingertip_contact.cli.process:process",
        "Run the pipeline on a recording; write contact events and an optional video.",
    ),
    "recording": Subcommand(
        "fingertip_contact.cli.recording:app",
        "Show what is in a recording, and whether it can be used.",
    ),
    "keyboard": Subcommand(
        "fingertip_contact.cli.keyboard:app",
        "List, show and print keyboard layouts; locate a printed sheet, calibrate a camera on it.",
    ),
    "models": Subcommand("fingertip_contact.cli.models:app", "Download, list, check and convert network weights."),
    "doctor": Subcommand(
        "fingertip_contact.cli.doctor:doctor", "Check this machine, and say what to do where something is missing."
    ),
    "selftest": Subcommand(
        "fingertip_contact.cli.selftest:app", "Start real nodes against faults, and mutated messages and files."
    ),
    "web": Subcommand(
        "fingertip_contact.cli.web:web", "Serve a page with what is typed now: camera, keys, text, heights, advice."
    ),
    "export": Subcommand(
        "fingertip_contact.cli.export:export",
        "Convert depth weights for a runtime without torch, in fp32 or int8.",
    ),
}

# Other packages add subcommands by this entry-point group. Those of fingertip_research are also named here: `--help`
# lists them even where that package is missing, and the error then names it.
ENTRY_POINT_GROUP = "fingertip_contact.commands"
RESEARCH_COMMANDS = {
    "demo": "Watch simulated hands type while the real ROS nodes decode the text.",
    "simulate": "Render a recording of typing hands, or a dataset, with exact ground truth.",
    "evaluate": "Score contact events, contact detection, keys or depth against ground truth.",
    "dataset": "Record, convert, check, label and split datasets for the depth network.",
    "train": "Fine-tune the depth network on a dataset.",
    "bench": "Measure latency and throughput on this machine.",
}

# Module -> what is installed for it: an extra of this repository, or a package; other modules have the name of theirs.
REPOSITORY_REQUIREMENTS = {
    **dict.fromkeys(
        ("huggingface_hub", "nncf", "onnx", "onnxruntime", "safetensors", "timm", "torch", "torchvision"), ".[depth]"
    ),
    "fpdf": ".[print]",
    "pyrealsense2": ".[realsense]",
    **dict.fromkeys(("builtin_interfaces", "diagnostic_msgs", "rcl_interfaces", "rclpy", "sensor_msgs"), ".[ros]"),
    "aiohttp": ".[web]",
    "evdev": ".[desktop]",
    **dict.fromkeys(("embreex", "scipy", RESEARCH_PACKAGE), "research"),
    **dict.fromkeys(("lightgbm", "sklearn"), "research[fit]"),
    **dict.fromkeys(("jinja2", "matplotlib"), "research[plots]"),
    "tensorboard": "research[train]",
}
PACKAGES = {"cv2": "opencv-python-headless", "yaml": "pyyaml"}


class SubcommandGroup(TyperGroup):
    """Lists the subcommands by their one line of help, and imports the one that is called, or completed by a shell."""

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        name, command, rest = super().resolve_command(ctx, args)
        if name in _subcommands:
            command = _load(_subcommands[name])
            # Only now: while modules are imported the process ends at once, as nothing is open yet, and an exception
            # could be lost in a callback of the interpreter or be taken for one of the module.
            for signal_number in list_stop_signals():
                signal.signal(signal_number, _exit)
        return name, command, rest


app = typer.Typer(
    name=PROGRAM,
    cls=SubcommandGroup,
    help="Detect fingertip contact in images: any flat surface becomes a keyboard.",
    epilog=EPILOG,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


def main(arguments: list[str] | None = None) -> None:
    """Runs the command and raises SystemExit; every error is one line on stderr that names the remedy.

    With FINGERTIP_CONTACT_DEBUG=1 the exception propagates, with its traceback.
    """
    _caught_signals.clear()
    for stream in (sys.stdout, sys.stderr):
        # A terminal that is not UTF-8, as in the locale C, shows what it lacks as \xe9 instead of failing.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        app(arguments, prog_name=PROGRAM)
    except (Exception, SystemExit) as error:
        if _caught_signals:
            # Whatever has become of its exception: an import that it ends is told as one that failed, and one of a
            # destructor is lost.
            sys.exit(128 + _caught_signals[0])
        if isinstance(error, SystemExit) or os.environ.get(DEBUG_VARIABLE):
            raise
        message, code = _explain(error)
        typer.echo(f"error: {to_one_line(message)}", err=True)
        sys.exit(code)
    finally:
        release_folders()


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
    """Adds a stand-in for the help; SubcommandGroup runs the subcommand."""
    app.command(name, help=subcommand.help, rich_help_panel=subcommand.panel)(lambda: None)


def _load(subcommand: Subcommand) -> Any:
    """Imports a subcommand. Its numbers are finite: click takes `nan` for a number that is within any limits."""
    module, _, attribute = subcommand.reference.partition(":")
    try:
        target = reduce(getattr, attribute.split("."), importlib.import_module(module))
    except ModuleNotFoundError:
        raise
    except (Exception, SystemExit) as error:
        raise ValueError(
            f"the command {subcommand.reference!r} cannot be loaded: {type(error).__name__}: {error}"
        ) from error
    if not callable(target):
        raise ValueError(f"the command {subcommand.reference!r} is not callable; correct the entry point")
    application = target if isinstance(target, typer.Typer) else typer.Typer(add_completion=False)
    if application is not target:
        application.command()(target)
    command = typer.main.get_command(application)
    require_finite_numbers(command)
    return command


def _find_subcommands() -> dict[str, Subcommand]:
    """This package's subcommands, those of installed packages, and those of fingertip_research even if missing."""
    found = dict(SUBCOMMANDS)
    for entry in sorted(entry_points(group=ENTRY_POINT_GROUP)):
        package = entry.module.split(".")[0]
        help_text = RESEARCH_COMMANDS.get(entry.name, f"Added by {package}.")
        panel = RESEARCH_PANEL if package == RESEARCH_PACKAGE else OTHER_PANEL
        found.setdefault(entry.name, Subcommand(f"{entry.module}:{entry.attr}", help_text, panel))
    for name, help_text in RESEARCH_COMMANDS.items():
        found.setdefault(name, Subcommand(f"{RESEARCH_PACKAGE}:missing", help_text, f"{RESEARCH_PANEL}, not installed"))
    return found


_subcommands = _find_subcommands()
for _name, _subcommand in _subcommands.items():
    _add_command(_name, _subcommand)


_caught_signals: list[int] = []


def _exit(signal_number: int, frame: FrameType | None) -> None:
    """Raises SystemExit, so that context managers remove half-written files; 130 after Ctrl-C, as in shells."""
    _caught_signals.append(signal_number)
    raise SystemExit(128 + signal_number)


def _explain(error: Exception) -> tuple[str, int]:
    """The error message and the exit code."""
    if isinstance(error, ModuleNotFoundError) and not (error.name or "").startswith(
        ("fingertip_contact", f"{RESEARCH_PACKAGE}.")
    ):
        return describe_missing_module(error), EXIT_BAD_INPUT
    if isinstance(error, ValueError | OSError):
        return str(error), EXIT_BAD_INPUT
    return (
        f"{type(error).__name__}: {error}; internal error: run again with {DEBUG_VARIABLE}=1 for a traceback",
        EXIT_INTERNAL_ERROR,
    )


def describe_missing_module(error: ModuleNotFoundError) -> str:
    """What is not installed, and how to install it, in one line."""
    name = (error.name or "").split(".")[0]
    if name == PACKAGE:
        return f"{error.name} is no module of {PACKAGE}; correct its name"
    requirement = REPOSITORY_REQUIREMENTS.get(name)
    remedy = advise_install(requirement) if requirement else f"pip install '{PACKAGES.get(name, name)}'"
    if name == RESEARCH_PACKAGE:
        return f"this command is in the package {RESEARCH_PACKAGE}, which is not installed; {remedy}"
    return f"the Python module {error.name} is not installed; {remedy}"


def _get_version() -> str:
    try:
        return version("fingertip_contact")
    except PackageNotFoundError:
        return "(not installed)"
