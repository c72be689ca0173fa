"""The life of a node's process: start, spin, leave with exit code 0 when told to, 2 when started wrongly."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import NoReturn

import rclpy
from rclpy.exceptions import ParameterException
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions

from fingertip_contact.ros import environment
from fingertip_contact.ros.lifecycle import ManagedNode
from fingertip_contact.runtime_tuning import tune_process

# How long a signal may go unnoticed while nothing else happens.
SPIN_PERIOD_S = 0.1
# A command that was used wrongly, as argparse and typer have it.
EXIT_USAGE = 2


class ShutdownEvent(threading.Event):
    """Set when the process is to end; exit_code is what it then says."""

    exit_code = 0


def run_node(make_node: Callable[[ShutdownEvent], Node]) -> None:
    """Runs a node until SIGINT or SIGTERM, or until the node sets the ending that it was made with.

    The signals are handled here and not by rclpy: its handlers shut the context down at once, and a node could no
    longer publish that held keys were let go. Exits with code 2 and one line where the node cannot be made.
    """
    shutdown_event = ShutdownEvent()
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signal_number, lambda *_: shutdown_event.set())
    os.environ.update(environment.find_missing_variables())
    tune_process()
    try:
        rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    except RuntimeError as error:  # ROS arguments that cannot be read.
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


def _exit_usage(error: Exception) -> NoReturn:
    print("error:", " ".join(str(error).split()), file=sys.stderr)
    raise SystemExit(EXIT_USAGE) from None


def _spin(node: Node, shutdown_event: ShutdownEvent) -> None:
    # SingleThreadedExecutor: EventsExecutor never called back, MultiThreadedExecutor has a p99 of 15 ms.
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    if isinstance(node, ManagedNode):
        node.autostart()
    while not shutdown_event.is_set():
        executor.spin_once(timeout_sec=SPIN_PERIOD_S)
    if isinstance(node, ManagedNode):
        node.trigger_shutdown()
    executor.shutdown()
