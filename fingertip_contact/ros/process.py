"""A node's process: start, spin, exit with code 0 on a signal, 2 if the node cannot be made."""

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

# Maximum delay until a signal is noticed in an idle node.
SPIN_PERIOD_S = 0.1
# Wrong usage, as in argparse and typer.
EXIT_USAGE = 2


class ShutdownEvent(threading.Event):
    """Set to end the process, with this exit_code."""

    exit_code = 0


def run_node(make_node: Callable[[ShutdownEvent], Node]) -> None:
    """Run a node until SIGINT or SIGTERM, or until the node sets its ShutdownEvent.

    The signals are handled here and not by rclpy, whose handlers shut the context down at once: a node could no longer
    publish the cancellation of held keys. Exits with code 2 and one line if the node cannot be made.
    """
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


def _exit_usage(error: Exception) -> NoReturn:
    print("error:", " ".join(str(error).split()), file=sys.stderr)
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
