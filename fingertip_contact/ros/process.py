"""The life of a node's process: start, spin, leave with exit code 0 when told to, 2 when started wrongly."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import NoReturn

import cv2
import rclpy
from rclpy.exceptions import ParameterException
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions

from fingertip_contact.memory import keep_freed_memory
from fingertip_contact.ros import environment
from fingertip_contact.ros.lifecycle import ManagedNode

# How long a signal may go unnoticed while nothing else happens.
WAKE_UP_S = 0.1
# A command that was used wrongly, as argparse and typer have it.
WRONG_USE = 2


class Ending(threading.Event):
    """Set when the process is to end; exit_code is what it then says."""

    exit_code = 0


def run(make_node: Callable[[Ending], Node]) -> None:
    """Runs a node until SIGINT or SIGTERM, or until the node sets the ending that it was made with.

    The signals are handled here and not by rclpy: its handlers shut the context down at once, and a node could no
    longer publish that held keys were let go. Exits with code 2 and one line where the node cannot be made.
    """
    ending = Ending()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ending.set())
    os.environ.update(environment.missing_in())
    keep_freed_memory()
    # Nodes share the cores among them; OpenCV's threads would wait for one another by spinning.
    cv2.setNumThreads(1)
    try:
        rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    except RuntimeError as error:  # ROS arguments that cannot be read.
        _refuse(error)
    try:
        node = make_node(ending)
    except (ParameterException, ValueError, OSError) as error:
        _refuse(error)
    else:
        _spin(node, ending)
        node.destroy_node()
    finally:
        rclpy.shutdown()
    raise SystemExit(ending.exit_code)


def _refuse(error: Exception) -> NoReturn:
    print("error:", " ".join(str(error).split()), file=sys.stderr)
    raise SystemExit(WRONG_USE) from None


def _spin(node: Node, ending: Ending) -> None:
    # SingleThreadedExecutor: EventsExecutor never called back, MultiThreadedExecutor has a p99 of 15 ms.
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    if isinstance(node, ManagedNode):
        node.autostart()
    while not ending.is_set():
        executor.spin_once(timeout_sec=WAKE_UP_S)
    if isinstance(node, ManagedNode):
        node.trigger_shutdown()
    executor.shutdown()
