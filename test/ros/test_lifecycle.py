"""Lifecycle nodes report failures, stay alive, and release every resource."""

from __future__ import annotations

import gc
import os
from contextlib import ExitStack, contextmanager

import pytest

pytest.importorskip("rclpy")

from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.parameter import Parameter

from fingertip_contact.ros.diagnostics import Diagnostics
from fingertip_contact.ros.parameter_tables import ContactSettings
from managed_nodes import count_resources, managed_node

SUCCESS, FAILURE = TransitionCallbackReturn.SUCCESS, TransitionCallbackReturn.FAILURE
CYCLES = 50


@contextmanager
def disabled_collection():
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


class FailingStage:
    """A stage whose file is missing, or whose start fails."""

    held_resources = 0

    def __init__(self, node, parameters, held):
        FailingStage.held_resources += 1
        held.callback(self.release)
        if not parameters.mirrored:
            raise FileNotFoundError("palm.tflite is missing; run: fingertip-contact models pull hands")

    def release(self):
        FailingStage.held_resources -= 1

    def start(self, active):
        FailingStage.held_resources += 1
        active.callback(self.release)
        raise RuntimeError("no")


@pytest.fixture(autouse=True)
def reset_resource_count():
    FailingStage.held_resources = 0


def get_state_label(node):
    return node._state_machine.current_state[1]


def test_failed_configuration_can_be_retried():
    """FAILURE, no resource is kept, and the wrong parameter can be corrected."""
    with managed_node(FailingStage) as node:
        assert node.trigger_configure() == FAILURE
        assert (get_state_label(node), FailingStage.held_resources) == ("unconfigured", 0)
        (result,) = node.set_parameters([Parameter("mirrored", value=True)])
        assert result.successful
        assert node.trigger_configure() == SUCCESS


def test_failed_activation_leaves_the_node_inactive():
    """Resources of the activation are released; those of the configuration stay until clean-up."""
    with managed_node(FailingStage) as node:
        node.set_parameters([Parameter("mirrored", value=True)])
        assert node.trigger_configure() == SUCCESS
        assert node.trigger_activate() == FAILURE
        assert (get_state_label(node), FailingStage.held_resources) == ("inactive", 1)
        assert node.trigger_cleanup() == SUCCESS
        assert FailingStage.held_resources == 0


def test_shutdown_releases_all_resources():
    """From the active state as well."""

    class Stage:
        def __init__(self, node, parameters, held):
            held.callback(released.append, "held")

        def start(self, active):
            active.callback(released.append, "active")

    released: list[str] = []
    with managed_node(Stage) as node:
        node.autostart()
        assert get_state_label(node) == "active"
        assert node.trigger_shutdown() == SUCCESS
        assert released == ["active", "held"]


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="needs /proc")
def test_lifecycle_cycles_do_not_leak():
    """As many topics, services, timers, threads and file descriptors as after the first cycle."""
    from fingertip_contact.nodes.contact_node import ContactStage

    def cycle(node):
        assert node.trigger_configure() == SUCCESS
        assert node.trigger_activate() == SUCCESS
        assert node.trigger_deactivate() == SUCCESS
        assert node.trigger_cleanup() == SUCCESS

    with managed_node(ContactStage, ContactSettings) as node:
        cycle(node)
        before = count_resources(node)
        for _ in range(CYCLES):
            cycle(node)
        assert count_resources(node) == before


@pytest.mark.skipif(not os.path.isdir("/proc/self/task"), reason="needs /proc")
def test_a_destroyed_node_leaves_nothing_to_the_garbage_collector():
    """The middleware's threads end with it; the collector would end them in the midst of another node's work."""

    def count_threads():
        return len(os.listdir("/proc/self/task"))

    gc.collect()
    before = count_threads()
    with disabled_collection(), managed_node(FailingStage) as node:
        node.trigger_configure()
        during = count_threads()
    assert before < during
    assert count_threads() == before


def test_diagnostics_count_frames_and_errors():
    """Frames with their latency, errors with their text, and the values of sources."""
    from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus

    from ros_harness import ros_node

    with ros_node() as node:
        messages = node.subscribe(DiagnosticArray, "/diagnostics", 10)
        held = ExitStack()
        with held:
            diagnostics = Diagnostics(node, held)
            diagnostics.add_source(lambda: {"dropped": 3}, held)
            node.wait_until(
                lambda: node.count_publishers("/diagnostics") == 1 and len(messages) > 0, "the first message"
            )
            now_ns = node.get_clock().now().nanoseconds
            for _ in range(10):
                diagnostics.record_frame(now_ns - 20_000_000)
            diagnostics.record_error(ValueError("bad step"))
            seen = len(messages)
            node.wait_until(lambda: len(messages) > seen, "the next message")
        (status,) = messages[-1].status
        values = {value.key: value.value for value in status.values}
        assert (status.level, status.message) == (DiagnosticStatus.WARN, "bad step")
        assert (values["frames"], values["errors"], values["dropped"]) == ("10", "1", "3")
        assert 20.0 <= float(values["latency_median_ms"]) < 200.0
        assert list(node.timers) == []
