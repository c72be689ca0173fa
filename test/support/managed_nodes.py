"""Lifecycle nodes in the process of the test. Import after `pytest.importorskip("rclpy")`."""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import rclpy

import ros_harness  # noqa: F401  (sets up the environment)
from fingertip_contact.ros.lifecycle import LifecycleStage, ManagedNode
from fingertip_contact.ros.parameter_tables import HandTrackingSettings, LifecycleSettings


@contextmanager
def managed_node(
    make_stage: Callable[..., LifecycleStage],
    settings_class: type[LifecycleSettings] = HandTrackingSettings,
    *,
    name: str = "node",
    arguments: list[str] | None = None,
) -> Iterator[ManagedNode]:
    """Unconfigured. arguments: of the command line, from `--ros-args` on."""
    rclpy.init(args=arguments)
    node = ManagedNode(name, settings_class, make_stage)
    try:
        yield node
    finally:
        node.shut_down()
        node.destroy_node()
        rclpy.shutdown()


def count_resources(node: ManagedNode) -> tuple[int, ...]:
    """Its publishers, subscriptions, services and timers; open files and threads of this process, which needs /proc."""
    gc.collect()
    entities = (node.publishers, node.subscriptions, node.services, node.timers)
    return (*(len(list(some)) for some in entities), len(os.listdir("/proc/self/fd")), threading.active_count())
