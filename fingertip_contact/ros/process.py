"""A node's process: start, spin, exit with code 0 on a signal, 2 if the node cannot be made."""

from __future__ import annotations

import ast
import inspect
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import rclpy
from rclpy.exceptions import ParameterException
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions

from fingertip_contact.resources import PACKAGE
from fingertip_contact.ros import environment
from fingertip_contact.ros.lifecycle import ManagedNode
from fingertip_contact.ros.parameter_tables import format_parameter_file
from fingertip_contact.runtime_tuning import tune_process
from fingertip_contact.safe_text import to_one_line

# Maximum delay until a signal is noticed in an idle node.
SPIN_PERIOD_S = 0.1
# Wrong usage, as in argparse and typer.
EXIT_USAGE = 2


class ShutdownEvent(threading.Event):
    """Set to end the process, with this exit_code."""

    exit_code = 0


def run_node(make_node: Callable[[ShutdownEvent], Node]) -> None:
    """Run a node until SIGINT or SIGTERM, or until the node sets its ShutdownEvent; with --help, describe it.

    The signals are handled here and not by rclpy, whose handlers shut the context down at once: a node could no longer
    publish the cancellation of held keys. Exits with code 2 and one line if the node cannot be made.
    """
    if {"-h", "--help"} & set(sys.argv[1:]):
        print(describe_node(Path(inspect.getfile(make_node))))
        raise SystemExit(0)
    shutdown_event = ShutdownEvent()
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signal_number, lambda *_: shutdown_event.set())
    os.environ.update(environment.find_missing_variables())
    tune_process()
    try:
        rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    except RuntimeError as error:  # Invalid ROS arguments.
        _exit_usage(error)
    try:
        node = make_node(shutdown_event)
    except (ParameterException, ValueError, OSError) as error:
        _exit_usage(error)
    else:
        _spin(node, shutdown_event)
        node.destroy_node()
    finally:
        rclpy.shutdown()
    raise SystemExit(shutdown_event.exit_code)


def describe_node(module: Path) -> str:
    """What a node's module says of it, and its parameters with their defaults. module: its Python file."""
    description = ast.get_docstring(ast.parse(module.read_text(encoding="utf-8"))) or ""
    usage = f"Set a parameter: ros2 run {PACKAGE} {module.stem} --ros-args -p NAME:=VALUE, or --params-file FILE."
    return f"{description}\n\n{usage}\n\n{format_parameter_file(module.stem)}"


def _exit_usage(error: Exception) -> NoReturn:
    print("error:", to_one_line(str(error)), file=sys.stderr)
    raise SystemExit(EXIT_USAGE) from None


def _spin(node: Node, shutdown_event: ShutdownEvent) -> None:
    # EventsExecutor did not call callbacks at all; the latency of MultiThreadedExecutor has a p99 of 15 ms.
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    if isinstance(node, ManagedNode):
        node.autostart()
    while not shutdown_event.is_set():
        executor.spin_once(timeout_sec=SPIN_PERIOD_S)
    if isinstance(node, ManagedNode):
        node.trigger_shutdown()
    executor.shutdown()
