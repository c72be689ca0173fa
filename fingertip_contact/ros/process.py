"""A node's process: start, spin, exit with code 0 on a signal, 2 if the node cannot be made."""

from __future__ import annotations

import ast
import inspect
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import rclpy
from rclpy.exceptions import ParameterException
from rclpy.executors import SingleThreadedExecutor
from rclpy.logging import LoggingSeverity, get_logger_effective_level, set_logger_level
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions

from fingertip_contact.resources import PACKAGE
from fingertip_contact.ros import environment
from fingertip_contact.ros.argument_errors import explain_argument_error
from fingertip_contact.ros.lifecycle import ManagedNode
from fingertip_contact.ros.other_publishers import watch_other_publishers
from fingertip_contact.ros.parameter_tables import format_parameter_file
from fingertip_contact.runtime_tuning import settle_memory, tune_process
from fingertip_contact.safe_text import to_one_line
from fingertip_contact.stop_signals import call_on_stop_signals, ignore_stop_signals

# Maximum delay until a signal is noticed in an idle node.
SPIN_PERIOD_S = 0.1
ERROR_PERIOD_S = 5.0
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
    call_on_stop_signals(shutdown_event.set)
    os.environ.update(environment.find_missing_variables())
    tune_process()
    try:
        # rcl would log the error as well, with the lines of its source.
        set_logger_level("rcl", LoggingSeverity.FATAL)
        rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
        if get_logger_effective_level("rcl") == LoggingSeverity.FATAL:  # Else a ROS argument has set it.
            set_logger_level("rcl", LoggingSeverity.UNSET)
    except RuntimeError as error:
        _exit_usage(explain_argument_error(error))
    try:
        node = make_node(shutdown_event)
    except (ParameterException, ValueError, OSError) as error:
        _exit_usage(str(error))
    else:
        _spin(node, shutdown_event)
        # Also where the node ended by itself: a signal at the interpreter's end would decide the exit code.
        ignore_stop_signals()
        if isinstance(node, ManagedNode):
            node.shut_down()
        node.destroy_node()
    finally:
        rclpy.try_shutdown()
    raise SystemExit(shutdown_event.exit_code)


def describe_node(module: Path) -> str:
    """What a node's module says of it, and its parameters with their defaults. module: its Python file."""
    description = ast.get_docstring(ast.parse(module.read_text(encoding="utf-8"))) or ""
    usage = f"Set a parameter: ros2 run {PACKAGE} {module.stem} --ros-args -p NAME:=VALUE, or --params-file FILE."
    return f"{description}\n\n{usage}\n\n{format_parameter_file(module.stem)}"


def _exit_usage(error: str) -> NoReturn:
    ignore_stop_signals()
    print("error:", to_one_line(error), file=sys.stderr)
    raise SystemExit(EXIT_USAGE) from None


def _prepare_logging() -> None:
    """rclpy's loggers look up their caller's file. The first time that takes 40 ms, in which no other thread runs: not
    in the middle of typing (findings/rclpy_first_log.sh)."""
    inspect.getframeinfo(sys._getframe())


def _spin(node: Node, shutdown_event: ShutdownEvent) -> None:
    # EventsExecutor did not call callbacks at all; the latency of MultiThreadedExecutor has a p99 of 15 ms.
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    watch_other_publishers(node)
    _prepare_logging()
    settle_memory()
    if isinstance(node, ManagedNode):
        node.autostart(is_stopping=shutdown_event.is_set)
    while not shutdown_event.is_set() and rclpy.ok():
        try:
            executor.spin_once(timeout_sec=SPIN_PERIOD_S)
        # rclpy's own callbacks raise for some messages, e.g. a /clock before zero, or where a service cannot answer a
        # client that has gone: none of them ends a node.
        except Exception as error:
            reason = str(error) if isinstance(error, ValueError) else traceback.format_exc()
            node.get_logger().error(f"a message was ignored: {reason}", throttle_duration_sec=ERROR_PERIOD_S)
            # Not shutdown_event.wait(): a signal's set() in this thread would wait for its lock for ever.
            time.sleep(SPIN_PERIOD_S)
    executor.shutdown()
