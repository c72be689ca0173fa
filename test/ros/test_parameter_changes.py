"""A parameter of a configured node takes effect at once, or the node goes on as before."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import fields
from typing import ClassVar

import pytest

pytest.importorskip("rclpy")

from rcl_interfaces.srv import SetParameters
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.parameter import Parameter
from std_msgs.msg import String
from visualization_msgs.msg import InteractiveMarkerFeedback, InteractiveMarkerInit

from fingertip_contact.nodes.contact_node import ContactStage
from fingertip_contact.nodes.pipeline_node import PipelineStage
from fingertip_contact.registry import HAND_TRACKERS, OUTPUTS
from fingertip_contact.ros import contact_interface, qos
from fingertip_contact.ros.lifecycle import LifecycleStage
from fingertip_contact.ros.parameter_tables import ContactSettings, HandTrackingSettings, PipelineSettings
from held_finger import HeldFingerCamera, write_parameters
from managed_nodes import count_resources, managed_node
from ros_harness import RosTestNode, extract_key_transitions

SUCCESS = TransitionCallbackReturn.SUCCESS
CHANGES = 50


class Stage(LifecycleStage):
    """Notes what happens to it; `failures` are the settings with which it cannot be made, or started."""

    notes: ClassVar[list[tuple[str, int]]] = []
    unmakeable: ClassVar[set[int]] = set()
    unstartable: ClassVar[set[int]] = set()

    def __init__(self, node, settings, held):
        self.name = settings.threads
        self.publisher = node.create_publisher(String, "results", qos.LATCHED)
        held.callback(node.destroy_publisher, self.publisher)
        self.note_until_closed("made", "released", held)
        if self.name in self.unmakeable:
            raise FileNotFoundError("weights are missing;\nrun: fingertip-contact models pull hands")

    def start(self, active):
        self.note_until_closed("started", "stopped", active)
        if self.name in self.unstartable:
            raise RuntimeError("no")

    def take_over(self, former):
        self.notes.append((f"takes over {former.name}", self.name))

    def note_until_closed(self, begin, end, stack):
        self.notes.append((begin, self.name))
        stack.callback(self.notes.append, (end, self.name))


@pytest.fixture(autouse=True)
def reset():
    Stage.notes, Stage.unmakeable, Stage.unstartable = [], set(), set()


@contextmanager
def active_node(make_stage, settings_class=HandTrackingSettings, **parameters):
    with managed_node(make_stage, settings_class) as node:
        change(node, **parameters)
        assert node.trigger_configure() == node.trigger_activate() == SUCCESS
        Stage.notes.clear()
        yield node


def change(node, **values):
    return node.set_parameters_atomically([Parameter(name, value=value) for name, value in values.items()])


def state_of(node):
    return node._state_machine.current_state[1]


def test_an_active_node_goes_on_with_the_new_settings():
    """The next stage is made while the former one works, and started once that has stopped. The node stays active."""
    with active_node(Stage) as node:
        assert change(node, threads=3, max_hands=1).successful
        assert Stage.notes == [
            ("made", 3),
            ("stopped", 2),
            ("takes over 2", 3),
            ("started", 3),
            ("released", 2),
        ]
        assert (state_of(node), node.get_parameter("threads").value) == ("active", 3)
        Stage.notes.clear()
        assert node.trigger_deactivate() == node.trigger_cleanup() == SUCCESS
        assert Stage.notes == [("stopped", 3), ("released", 3)]


def test_an_inactive_node_stays_inactive():
    """It is configured anew, and not started."""
    with active_node(Stage) as node:
        node.trigger_deactivate()
        Stage.notes.clear()
        assert change(node, threads=3).successful
        assert Stage.notes == [("made", 3), ("takes over 2", 3), ("released", 2)]
        assert state_of(node) == "inactive"


def test_the_same_value_does_nothing():
    """Neither alone nor with others; nor do parameters of ROS itself."""
    with active_node(Stage) as node:
        assert change(node, threads=2).successful
        assert change(node, threads=2, max_hands=2, use_sim_time=False).successful
        assert Stage.notes == []


def test_what_cannot_be_made_is_refused():
    """With the reason in one line; the former stage never stops."""
    with active_node(Stage) as node:
        Stage.unmakeable = {3}
        result = change(node, threads=3)
        assert not result.successful
        assert result.reason == "weights are missing; run: fingertip-contact models pull hands"
        assert Stage.notes == [("made", 3), ("released", 3)]
        assert (state_of(node), node.get_parameter("threads").value) == ("active", 2)


def test_what_cannot_be_started_is_refused(capfd):
    """The former stage starts again; what is no wrong value or file leaves a traceback."""
    with active_node(Stage) as node:
        Stage.unstartable = {3}
        result = change(node, threads=3)
        assert (result.successful, result.reason) == (False, "RuntimeError('no')")
        assert Stage.notes[-4:] == [("started", 3), ("stopped", 3), ("started", 2), ("released", 3)]
        assert (state_of(node), node.get_parameter("threads").value) == ("active", 2)
    assert "cannot change parameters" in capfd.readouterr().err


def test_a_node_that_cannot_go_on_is_inactive(capfd):
    """If the former stage cannot be started again either: the log says so, and the node can be activated later."""
    with active_node(Stage) as node:
        Stage.unstartable = {2, 3}
        assert not change(node, threads=3).successful
        assert (state_of(node), node.get_parameter("threads").value) == ("inactive", 2)
        assert "the node is inactive" in capfd.readouterr().err
        Stage.unstartable = set()
        Stage.notes.clear()
        assert node.trigger_activate() == SUCCESS
        assert Stage.notes == [("started", 2)]


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="needs /proc")
def test_changes_do_not_leak():
    """As many topics, services, timers, threads and file descriptors as after the first change."""

    with active_node(ContactStage, ContactSettings) as node:
        assert change(node, marker_rate_hz=1.0).successful
        before = count_resources(node)
        for number in range(CHANGES):
            assert change(node, marker_rate_hz=2.0 + number % 2).successful
            assert not change(node, layout="klingon").successful
        assert count_resources(node) == before


class NoHands:
    """A hand tracker that finds none."""

    def __init__(self, max_hands, threads, mirrored):
        pass

    def process(self, image_bgr, stamp_ns):
        return ()

    def reset(self):
        pass


class RefusingOutput:
    def __init__(self):
        raise ValueError("the synthesizer is not plugged in")


@pytest.fixture
def registered():
    OUTPUTS.register("refusing")(RefusingOutput)
    HAND_TRACKERS.register("no_hands")(NoHands)
    yield
    OUTPUTS.unregister("refusing")
    HAND_TRACKERS.unregister("no_hands")


class Typist:
    """A contact_node or pipeline_node in this process, the frames of a held key, and what is heard of it."""

    def __init__(self, node):
        self.node = node
        self.test_node = RosTestNode("test")
        self.test_node.spinner.add_node(node)
        self.events = self.test_node.subscribe(InteractiveMarkerFeedback, "key_events", qos.EVENT)
        self.presses = self.test_node.subscribe(InteractiveMarkerInit, "open_presses", qos.LATCHED)
        self.texts = self.test_node.subscribe(String, "typed_text", qos.LATCHED)
        self.camera = HeldFingerCamera(self.test_node, "color/image", "color/camera_info", "hands")
        self.test_node.wait_until(lambda: bool(self.presses), "the node")

    def press(self):
        downs = self.count("down")

        def step():
            if self.camera.is_heard:
                self.camera.send()
            return self.count("down") > downs and self.presses[-1].markers

        self.test_node.wait_until(step, "a press in the list")

    def count(self, transition):
        return [found for found, _ in extract_key_transitions(self.events)].count(transition)

    def change(self, **values):
        """By the service, as `ros2 param set` does."""
        parameters = [Parameter(name, value=value).to_parameter_msg() for name, value in values.items()]
        request = SetParameters.Request(parameters=parameters)
        return self.test_node.call_service(SetParameters, "node/set_parameters", request).results

    def close(self):
        self.test_node.spinner.shutdown()
        self.test_node.destroy_node()


@pytest.fixture
def typist(tmp_path):
    parameters = {name: str(value) for name, value in write_parameters(tmp_path).items()}
    with active_node(ContactStage, ContactSettings, camera_timeout_s=30.0, **parameters) as node:
        found = Typist(node)
        yield found
        node.trigger_deactivate()
        found.close()


def test_a_held_key_ends_once(typist):
    """By a change from the service; then keys are read again, and the text has stayed."""
    typist.press()
    typist.node._stage._contact._pipeline.key_decoder.continue_text("so far ")
    (result,) = typist.change(marker_rate_hz=5.0)
    assert result.successful
    typist.test_node.wait_until(lambda: typist.count("up") == 1, "the end of the press")
    assert not typist.events[-1].mouse_point_valid
    assert not typist.presses[-1].markers
    typist.press()
    typist.test_node.wait_until(lambda: typist.texts[-1].data == "so far h", "the text")
    assert extract_key_transitions(typist.events) == [("down", "h"), ("up", "h"), ("down", "h")]


@pytest.mark.parametrize(
    ("values", "reason"), [({"layout": "klingon"}, "klingon"), ({"words": "none.txt"}, "none.txt")]
)
def test_a_refused_change_lets_go_of_no_key(typist, values, reason):
    """It is still down, and ends once when the node is deactivated."""
    typist.press()
    lists = len(typist.presses)
    (result,) = typist.change(**values)
    assert not result.successful
    assert reason in result.reason
    typist.test_node.spin_for(0.3)
    assert (typist.count("up"), len(typist.presses)) == (0, lists)
    typist.node.trigger_deactivate()
    typist.test_node.wait_until(lambda: typist.count("up") == 1, "the end of the press")


def test_an_output_that_cannot_be_opened_leaves_the_former_ones(typist, registered):
    """The key is let go once, since outputs are opened by one at a time; keys are read as before."""
    typist.press()
    (result,) = typist.change(outputs=["refusing"])
    assert not result.successful
    assert "the synthesizer is not plugged in" in result.reason
    typist.press()
    assert extract_key_transitions(typist.events) == [("down", "h"), ("up", "h"), ("down", "h")]
    assert typist.node.get_parameter("outputs").value == [""]


def test_several_changes_of_one_call_are_made_one_by_one(typist):
    """As `set_parameters` of ROS asks; those of `set_parameters_atomically` are made together or not at all."""
    first, second = typist.change(camera_timeout_s=20.0, layout="klingon")
    assert (first.successful, second.successful) == (True, False)
    assert typist.node._stage._camera_timeout_s == 20.0
    assert not change(typist.node, camera_timeout_s=10.0, layout="klingon").successful
    assert typist.node._stage._camera_timeout_s == typist.node.get_parameter("camera_timeout_s").value == 20.0


def test_what_is_kept_is_listed_by_name():
    """Of parameters that there are."""
    names = {entry.name for entry in fields(ContactSettings)}
    assert names >= contact_interface._OUTSIDE_PIPELINE | contact_interface._READING


def test_what_a_change_does_not_concern_is_kept(typist):
    """Surface and finger heights through all that they do not depend on, the decoder through all but words."""
    typist.press()

    def parts():
        pipeline = typist.node._stage._contact._pipeline
        return pipeline.surface, pipeline.detector, pipeline.key_decoder

    first = parts()
    assert change(typist.node, overlay_rotate="180", camera_timeout_s=20.0).successful
    assert parts() == first
    assert change(typist.node, words="english").successful
    assert parts()[:2] == first[:2]
    assert parts()[2] is not first[2]
    assert typist.node._stage._contact._pipeline.key_decoder._language is not None
    assert change(typist.node, depth_source="sensor").successful
    assert not set(map(id, parts())) & set(map(id, first))


def test_a_change_moves_no_topic(typist):
    """The publishers stay, so that subscribers lose nothing while they look for new ones."""
    before = {publisher.topic_name: publisher for publisher in typist.node.publishers}
    assert change(typist.node, words="english").successful
    assert {publisher.topic_name: publisher for publisher in typist.node.publishers} == before
    assert typist.test_node.count_publishers("key_events") == 1


def test_a_refused_hand_tracker_publishes_no_list_of_presses(tmp_path, registered):
    """It would say that held keys have ended."""
    with active_node(PipelineStage, PipelineSettings, hand_tracker="no_hands") as node:
        typist = Typist(node)
        tracker = node._stage._hands
        assert not change(node, hand_tracker="misspelt").successful
        assert node._stage._hands is tracker
        typist.test_node.spin_for(0.3)
        assert len(typist.presses) == 1
        typist.close()
