"""The nodes as real processes over DDS: every frame, clear failures, clean ends."""

from __future__ import annotations

import resource
import signal
from itertools import pairwise
from pathlib import Path

import pytest

pytest.importorskip("rclpy")

from lifecycle_msgs.msg import State, Transition
from lifecycle_msgs.srv import ChangeState, GetState
from ros_harness import (
    COLOR,
    DEPTH,
    DEPTH_INFO,
    INFO,
    PERIOD_NS,
    START_NS,
    NodeProcess,
    nodes,
    ros_node,
    write_recording,
)
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CameraInfo, PointCloud2
from std_msgs.msg import String
from std_srvs.srv import Trigger

from fingertip_contact.recordings.bag import open_bag
from fingertip_contact.ros import messages, qos

NS = "/fingertip_contact"
FRAMES = 45


@pytest.fixture(scope="session")
def recording(tmp_path_factory) -> Path:
    return write_recording(tmp_path_factory.mktemp("recording") / "desk.mcap", FRAMES)


@pytest.fixture
def start(tmp_path):
    with nodes(tmp_path) as start:
        yield start


def stamps(heard):
    return [messages.stamp_to_ns(message.header.stamp) for message in heard]


@pytest.mark.parametrize("composed", [False, True], ids=["three processes", "composed"])
def test_every_frame_comes_out_once(start, recording, hand_weights, composed):
    """One hands and one fingertips message for each picture, in order, with its stamp and frame; none lost by DDS."""
    with ros_node() as ears:
        pictures = ears.hear(CameraInfo, INFO, qos.EVENT)
        hands = ears.hear(PointCloud2, f"{NS}/hands", qos.EVENT)
        fingertips = ears.hear(PointCloud2, f"{NS}/fingertips", qos.EVENT)
        for name in ["pipeline_node"] if composed else ["hand_tracking_node", "contact_node"]:
            start(name)
        camera = start(
            "simulated_camera_node", recording=recording, wait_for_subscribers=1 if composed else 2, rate=0.5
        )
        ears.until(lambda: len(fingertips) == FRAMES, f"{FRAMES} results")
        ears.until(lambda: not camera.alive, "the end of the recording")
        assert len(stamps(pictures)) == FRAMES
        assert stamps(pictures) == stamps(hands) == stamps(fingertips)
        assert {message.header.frame_id for message in hands + fingertips} == {pictures[0].header.frame_id}
        assert camera.ended() == 0


def test_a_simulated_camera_keeps_time(start, recording):
    """Stamps are of now and keep the recording's distances exactly."""
    with ros_node() as ears:
        before_ns = ears.get_clock().now().nanoseconds
        pictures = ears.hear(CameraInfo, INFO, qos.EVENT)
        camera = start("simulated_camera_node", recording=recording, rate=2.0)
        ears.until(lambda: not camera.alive, "the end of the recording")
        times = stamps(pictures)
        assert before_ns < times[0] < ears.get_clock().now().nanoseconds
        gaps = {later - earlier for earlier, later in pairwise(times)}
        assert all(abs(gap - 33_333_333 / 2) <= 1 for gap in gaps)


def state_of(ears, name):
    return ears.call(GetState, f"{NS}/{name}/get_state", GetState.Request()).current_state.id


def test_missing_weights_fail_the_transition_and_not_the_process(start, tmp_path):
    """One error that names the file and the remedy; the node stays and can be configured later."""
    hands = start("hand_tracking_node", environment={"FINGERTIP_CONTACT_WEIGHTS": str(tmp_path / "none")})
    hands.until_it_says("fingertip-contact models pull")
    assert "cannot configure" in hands.said
    assert "Traceback" not in hands.said
    with ros_node() as ears:
        assert state_of(ears, "hand_tracking_node") == State.PRIMARY_STATE_UNCONFIGURED
        request = ChangeState.Request(transition=Transition(id=Transition.TRANSITION_CONFIGURE))
        assert not ears.call(ChangeState, f"{NS}/hand_tracking_node/change_state", request).success
    assert hands.alive
    assert hands.leave() == 0


def test_without_autostart_a_manager_decides(start):
    """The node waits unconfigured, and follows the transitions that are asked for."""
    start("contact_node", autostart=False)
    with ros_node() as ears:
        assert state_of(ears, "contact_node") == State.PRIMARY_STATE_UNCONFIGURED
        for step, after in (
            (Transition.TRANSITION_CONFIGURE, State.PRIMARY_STATE_INACTIVE),
            (Transition.TRANSITION_ACTIVATE, State.PRIMARY_STATE_ACTIVE),
            (Transition.TRANSITION_DEACTIVATE, State.PRIMARY_STATE_INACTIVE),
            (Transition.TRANSITION_CLEANUP, State.PRIMARY_STATE_UNCONFIGURED),
        ):
            request = ChangeState.Request(transition=Transition(id=step))
            assert ears.call(ChangeState, f"{NS}/contact_node/change_state", request).success
            assert state_of(ears, "contact_node") == after


def test_contact_services_answer(start):
    """All three, while no camera is there."""
    start("contact_node")
    with ros_node() as ears:
        for name in ("calibrate_surface", "calibrate_fingers", "clear_text"):
            assert ears.call(Trigger, f"{NS}/contact_node/{name}", Trigger.Request()).success
        texts = ears.hear(String, f"{NS}/typed_text", qos.LATCHED)
        ears.until(lambda: bool(texts), "the latched text")
        assert texts[-1].data == ""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_a_signal_ends_every_node_with_exit_code_0(start, recording, tmp_path, hand_weights, number):
    """In the middle of their work."""
    play: dict[str, object] = {"recording": recording, "loop": True, "start_delay_s": 0.0}
    with ros_node() as ears:
        hands = ears.hear(PointCloud2, f"{NS}/hands", qos.EVENT)
        fingertips = ears.hear(PointCloud2, f"{NS}/fingertips", qos.EVENT)
        clocks = ears.hear(Clock, "/clock", qos.CLOCK)
        running: list[NodeProcess] = [
            start("hand_tracking_node"),
            start("contact_node"),
            start("record_node", output=tmp_path / "out.mcap"),
            start("simulated_camera_node", wait_for_subscribers=3, rate=0.3, **play),
            start("replay_node", topics=f"['{DEPTH_INFO}']", rate=0.3, **play),
        ]
        ears.until(lambda: bool(hands and fingertips and clocks), "every node at work")
        for node in running:
            assert node.leave(number) == 0, node.said


@pytest.mark.parametrize(
    ("name", "parameters", "says"),
    [
        ("simulated_camera_node", {}, "recording"),
        ("simulated_camera_node", {"recording": "/nowhere/x.mcap"}, "does not exist"),
        ("replay_node", {"recording": "/nowhere/x.mcap"}, "does not exist"),
        ("replay_node", {"recording": __file__}, "is no bag"),
        ("record_node", {}, "output"),
        ("record_node", {"output": __file__}, "exists already"),
        ("record_node", {"output": f"{__file__}/out.mcap"}, "cannot write"),
        ("hand_tracking_node", {"max_hands": 9}, "max_hands"),
        ("contact_node", {"depth_source": "guess"}, "sensor, model, fused"),
    ],
)
def test_a_node_that_cannot_start_says_why(start, name, parameters, says):
    """One line, exit code 2, no traceback."""
    node = start(name, **parameters)
    assert node.ended() == 2
    assert says in node.said
    assert "Traceback" not in node.said
    assert node.said.count("\n") == 1


def test_a_ros_that_cannot_start_says_why(start):
    """One line, exit code 2."""
    node = start("contact_node", environment={"ROS_DOMAIN_ID": "no number"})
    assert node.ended() == 2
    assert node.said.startswith("error: ")
    assert "Traceback" not in node.said


def test_a_looping_bag_gives_every_frame_in_each_pass(start, tmp_path, hand_weights):
    """Stamps that go back to the start are a new pass, not a fault: nothing is lost and nothing stops."""
    frames = 15
    bag = write_recording(tmp_path / "loop.mcap", frames)
    with ros_node() as ears:
        hands = ears.hear(PointCloud2, f"{NS}/hands", qos.EVENT)
        fingertips = ears.hear(PointCloud2, f"{NS}/fingertips", qos.EVENT)
        clocks = ears.hear(Clock, "/clock", qos.CLOCK)
        for name in ("hand_tracking_node", "contact_node"):
            start(name, use_sim_time=True)
        ears.until(
            lambda: ears.count_subscribers(COLOR) == 2 and ears.count_subscribers(DEPTH) == 1, "nodes that listen"
        )
        start("replay_node", recording=bag, loop=True, rate=0.5, start_delay_s=1.0)
        ears.until(lambda: len(fingertips) >= 3 * frames, "three passes")
        one_pass = stamps(fingertips)[:frames]
        assert len(set(one_pass)) == frames
        assert stamps(fingertips)[: 3 * frames] == one_pass * 3
        assert stamps(hands)[: 3 * frames] == one_pass * 3
        ticks = [messages.stamp_to_ns(clock.clock) for clock in clocks]
        assert min(ticks) >= one_pass[0] - 10**9
        assert max(ticks) <= one_pass[-1] + 10**9


def test_the_clock_goes_on_however_fast_a_bag_is_played(start, recording):
    """Where every message is late, /clock still begins each pass with its first stamp."""
    with ros_node() as ears:
        clocks = ears.hear(Clock, "/clock", qos.CLOCK)
        start("replay_node", recording=recording, rate=100.0, loop=True)
        ears.until(lambda: START_NS in [messages.stamp_to_ns(clock.clock) for clock in clocks], "the first stamp")
        ticks = [messages.stamp_to_ns(clock.clock) for clock in clocks]
        assert START_NS <= min(ticks) <= max(ticks) <= START_NS + FRAMES * PERIOD_NS


def test_a_recording_appears_whole_under_its_name(start, recording, tmp_path):
    """What was played comes back byte for byte but for its stamps; until the end there is no such file."""
    out = tmp_path / "out.mcap"
    recorder = start("record_node", output=out, topics="['color/image', 'color/camera_info', '/late']")
    with ros_node() as ears:
        ears.until(lambda: ears.count_subscribers(COLOR) == 1, "the recorder")
        late = ears.create_publisher(String, "/late", qos.EVENT)
        camera = start("simulated_camera_node", recording=recording, wait_for_subscribers=1)
        ears.until(lambda: not camera.alive, "the end of the recording")
        ears.until(lambda: late.get_subscription_count() == 1, "the recorder on the late topic")
        late.publish(String(data="of a type that the graph tells"))
        ears.listen(0.5)
    assert not out.exists()
    assert recorder.leave(signal.SIGINT) == 0
    with open_bag(out) as copy, open_bag(recording) as original:
        assert copy.message_count(COLOR) == copy.message_count(INFO) == FRAMES
        assert copy.message_count("/late") == 1
        first = next(original.messages([COLOR])).cdr
        assert bytes(next(copy.messages([COLOR])).cdr)[12:] == bytes(first)[12:]


def test_a_recording_that_cannot_be_written_leaves_nothing(start, recording, tmp_path):
    """The recorder ends by itself and says why. A limit on file sizes stands for the full disk."""
    recorder = start("record_node", output=tmp_path / "out.mcap")
    with ros_node() as ears:
        ears.until(lambda: ears.count_subscribers(COLOR) == 1, "the recorder")
        resource.prlimit(recorder.process.pid, resource.RLIMIT_FSIZE, (100_000, 100_000))
        start("simulated_camera_node", recording=recording, wait_for_subscribers=1)
        assert recorder.ended() == 2
    assert "nothing was recorded" in recorder.said
    assert "Traceback" not in recorder.said
    assert not list(tmp_path.glob("*.mcap"))
    assert not list(tmp_path.glob(".out*"))


def test_a_topic_that_never_came_is_named(start, tmp_path):
    """At the end, with the others recorded."""
    out = tmp_path / "out.mcap"
    recorder = start("record_node", output=out, topics="['/said', '/misspelt']")
    with ros_node() as ears:
        said = ears.create_publisher(String, "/said", qos.EVENT)
        ears.until(lambda: said.get_subscription_count() == 1, "the recorder")
        said.publish(String(data="x"))
        ears.listen(0.5)
    assert recorder.leave(signal.SIGINT) == 0
    assert "nobody published /misspelt" in recorder.said
    with open_bag(out) as bag:
        assert bag.message_count("/said") == 1
