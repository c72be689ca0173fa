"""The parameters `outputs` and `hand_tracker` find implementations by name, also from outside the package."""

from __future__ import annotations

from contextlib import ExitStack
from typing import ClassVar

import numpy as np
import pytest

pytest.importorskip("rclpy")

from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.parameter import Parameter

import ros_harness  # noqa: F401  (sets up the environment)
from fingertip_contact.datatypes import Frame
from fingertip_contact.geometry import Camera
from fingertip_contact.nodes.contact_node import ContactStage
from fingertip_contact.nodes.hand_tracking_node import HandTrackingStage
from fingertip_contact.registry import HAND_TRACKERS, OUTPUTS
from fingertip_contact.ros.contact_interface import ContactInterface
from fingertip_contact.ros.hand_publisher import HandPublisher
from fingertip_contact.ros.parameter_tables import ContactSettings, HandTrackingSettings
from managed_nodes import managed_node
from ros_harness import ros_node

SUCCESS, FAILURE = TransitionCallbackReturn.SUCCESS, TransitionCallbackReturn.FAILURE


class RecordingOutput:
    """Keeps the stamps of its results; `opened` lists every output made by the test."""

    opened: ClassVar[list[RecordingOutput]] = []

    def __init__(self):
        self.stamps_ns: list[int] = []
        self.is_closed = False
        self.opened.append(self)

    def process(self, result):
        assert not self.is_closed
        self.stamps_ns.append(result.stamp_ns)

    def close(self):
        self.is_closed = True


class NoHands:
    def __init__(self, max_hands, threads, mirrored):
        self.options = (max_hands, threads, mirrored)

    def process(self, image_bgr, stamp_ns):
        return ()

    def reset(self):
        pass


@pytest.fixture(autouse=True)
def registered():
    OUTPUTS.register("recording")(RecordingOutput)
    HAND_TRACKERS.register("no_hands")(NoHands)
    RecordingOutput.opened = []
    yield
    OUTPUTS.unregister("recording")
    HAND_TRACKERS.unregister("no_hands")


def make_frame(stamp_ns):
    image = np.zeros((48, 64, 3), np.uint8)
    return Frame(stamp_ns, "camera", Camera(40.0, 40.0, 32.0, 24.0, 64, 48), image, None)


def test_outputs_are_open_while_the_node_is_active():
    """Each activation opens them, each deactivation closes them."""
    outputs = Parameter("outputs", value=["recording"])
    with managed_node(ContactStage, ContactSettings) as node:
        node.set_parameters([outputs])
        assert node.trigger_configure() == SUCCESS
        assert RecordingOutput.opened == []
        for count in (1, 2):
            assert node.trigger_activate() == SUCCESS
            assert [output.is_closed for output in RecordingOutput.opened] == [True] * (count - 1) + [False]
            assert node.trigger_deactivate() == SUCCESS
            assert [output.is_closed for output in RecordingOutput.opened] == [True] * count


def test_outputs_get_every_result():
    """Each frame's, then the one that cancels held keys, then close(); nothing afterwards."""
    with ros_node() as node, ExitStack() as held:
        interface = ContactInterface(node, ContactSettings(outputs=["recording"]), held)
        with ExitStack() as active:
            interface.start(active, pytest.fail)
            for stamp_ns in (10, 20, 30):
                interface.process(make_frame(stamp_ns), ())
        (output,) = RecordingOutput.opened
        assert output.stamps_ns == [10, 20, 30, 30]
        assert output.is_closed
        interface.cancel_all()
        assert output.stamps_ns == [10, 20, 30, 30]


class FailingOutput(RecordingOutput):
    def process(self, result):
        super().process(result)
        raise SystemExit(1)

    def close(self):
        super().close()
        raise OSError("disk full")


def test_a_failing_output_loses_no_frame():
    """The others get every result, the frame is published, and each failure is reported by name."""
    OUTPUTS.register("failing")(FailingOutput)
    errors: list[Exception] = []
    try:
        with ros_node() as node, ExitStack() as held:
            interface = ContactInterface(node, ContactSettings(outputs=["failing", "recording"]), held)
            with ExitStack() as active:
                interface.start(active, errors.append)
                for stamp_ns in (10, 20):
                    interface.process(make_frame(stamp_ns), ())
    finally:
        OUTPUTS.unregister("failing")
    assert [output.stamps_ns for output in RecordingOutput.opened] == [[10, 20, 20]] * 2
    assert all(output.is_closed for output in RecordingOutput.opened)
    assert [str(error) for error in errors] == [
        *["output FailingOutput failed in process(): SystemExit(1)"] * 3,
        "output FailingOutput failed in close(): OSError('disk full')",
    ]


@pytest.mark.parametrize(
    ("settings_class", "make_stage", "name", "value"),
    [
        (ContactSettings, ContactStage, "outputs", ["misspelt"]),
        (HandTrackingSettings, HandTrackingStage, "hand_tracker", "misspelt"),
    ],
)
def test_unknown_name_fails_configuration(settings_class, make_stage, name, value, capfd):
    """One line lists the known names."""
    with managed_node(make_stage, settings_class) as node:
        node.set_parameters([Parameter(name, value=value)])
        assert node.trigger_configure() == FAILURE
    log = [line for line in capfd.readouterr().err.splitlines() if "cannot configure" in line]
    assert len(log) == 1
    assert "'misspelt'; choose one of" in log[0]


def test_hand_tracker_gets_the_node_parameters():
    """The factory is called with max_hands, threads and mirrored; one hands message per image."""
    with ros_node() as node, ExitStack() as held:
        publisher = HandPublisher(node, HandTrackingSettings(hand_tracker="no_hands", max_hands=1, mirrored=True), held)
        assert publisher._tracker.options == (1, 2, True)
        assert publisher.process(np.zeros((48, 64, 3), np.uint8), 0, "optical") == ()
