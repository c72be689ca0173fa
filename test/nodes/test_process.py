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
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CameraInfo, PointCloud2
from std_msgs.msg import String
from std_srvs.srv import Trigger

from fingertip_contact.recordings.bag import open_bag
from fingertip_contact.recordings.bag_writer import BagWriter
from fingertip_contact.ros import messages, qos
from ros_harness import (
    COLOR,
    DEPTH,
    DEPTH_INFO,
    INFO,
    PERIOD_NS,
    START_NS,
    NodeProcess,
    launch_nodes,
    ros_node,
    write_recording,
)

NS = "/fingertip_contact"
FRAMES = 45


@pytest.fixture(scope="session")
def recording(tmp_path_factory) -> Path:
    return write_recording(tmp_path_factory.mktemp("recording") / "desk.mcap", FRAMES)


@pytest.fixture
def start(tmp_path):
    with launch_nodes(tmp_path) as start:
        yield start


def extract_stamps(received):
    return [messages.stamp_to_ns(message.header.stamp) for message in received]


@pytest.mark.parametrize("composed", [False, True], ids=["three processes", "composed"])
def test_every_frame_is_published_once(start, recording, hand_weights, composed):
    """One hands and one fingertips message per image, in order, with its stamp and frame; DDS loses none."""
    with ros_node() as test_node:
        camera_infos = test_node.subscribe(CameraInfo, INFO, qos.EVENT)
        hands = test_node.subscribe(PointCloud2, f"{NS}/hands", qos.EVENT)
        fingertips = test_node.subscribe(PointCloud2, f"{NS}/fingertips", qos.EVENT)
        for name in ["pipeline_node"] if composed else ["hand_tracking_node", "contact_node"]:
            start(name)
        camera = start(
            "simulated_camera_node", recording=recording, wait_for_subscribers=1 if composed else 2, rate=0.5
        )
        test_node.wait_until(lambda: len(fingertips) == FRAMES, f"{FRAMES} results")
        test_node.wait_until(lambda: not camera.is_alive, "the end of the recording")
        assert len(extract_stamps(camera_infos)) == FRAMES
        assert extract_stamps(camera_infos) == extract_stamps(hands) == extract_stamps(fingertips)
        assert {message.header.frame_id for message in hands + fingertips} == {camera_infos[0].header.frame_id}
        assert camera.wait_for_exit() == 0


def test_simulated_camera_keeps_frame_intervals(start, recording):
    """Stamps are current and keep the recording's intervals exactly."""
    with ros_node() as test_node:
        before_ns = test_node.get_clock().now().nanoseconds
        camera_infos = test_node.subscribe(CameraInfo, INFO, qos.EVENT)
        camera = start("simulated_camera_node", recording=recording, rate=2.0)
        test_node.wait_until(lambda: not camera.is_alive, "the end of the recording")
        times = extract_stamps(camera_infos)
        assert before_ns < times[0] < test_node.get_clock().now().nanoseconds
        intervals_ns = {later - earlier for earlier, later in pairwise(times)}
        assert all(abs(interval_ns - 33_333_333 / 2) <= 1 for interval_ns in intervals_ns)


def get_state(test_node, name):
    return test_node.call_service(GetState, f"{NS}/{name}/get_state", GetState.Request()).current_state.id


def test_missing_weights_fail_only_the_transition(start, tmp_path):
    """One error that names the file and the remedy; the process stays and can be configured later."""
    hands = start("hand_tracking_node", environment={"FINGERTIP_CONTACT_WEIGHTS": str(tmp_path / "none")})
    hands.wait_for_log("fingertip-contact models pull")
    assert "cannot configure" in hands.log_text, hands.log_summary
    assert "Traceback" not in hands.log_text, hands.log_summary
    with ros_node() as test_node:
        assert get_state(test_node, "hand_tracking_node") == State.PRIMARY_STATE_UNCONFIGURED
        request = ChangeState.Request(transition=Transition(id=Transition.TRANSITION_CONFIGURE))
        assert not test_node.call_service(ChangeState, f"{NS}/hand_tracking_node/change_state", request).success
    assert hands.is_alive
    assert hands.stop() == 0


def test_lifecycle_manager_decides_without_autostart(start):
    """The node waits unconfigured, and follows the requested transitions."""
    start("contact_node", autostart=False)
    with ros_node() as test_node:
        assert get_state(test_node, "contact_node") == State.PRIMARY_STATE_UNCONFIGURED
        for step, after in (
            (Transition.TRANSITION_CONFIGURE, State.PRIMARY_STATE_INACTIVE),
            (Transition.TRANSITION_ACTIVATE, State.PRIMARY_STATE_ACTIVE),
            (Transition.TRANSITION_DEACTIVATE, State.PRIMARY_STATE_INACTIVE),
            (Transition.TRANSITION_CLEANUP, State.PRIMARY_STATE_UNCONFIGURED),
        ):
            request = ChangeState.Request(transition=Transition(id=step))
            assert test_node.call_service(ChangeState, f"{NS}/contact_node/change_state", request).success
            assert get_state(test_node, "contact_node") == after


def test_contact_services_respond(start):
    """All three, without a camera."""
    start("contact_node")
    with ros_node() as test_node:
        for name in ("calibrate_surface", "calibrate_fingers", "clear_text"):
            assert test_node.call_service(Trigger, f"{NS}/contact_node/{name}", Trigger.Request()).success
        texts = test_node.subscribe(String, f"{NS}/typed_text", qos.LATCHED)
        test_node.wait_until(lambda: bool(texts), "the latched text")
        assert texts[-1].data == ""


@pytest.mark.parametrize("signal_number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_signals_end_every_node_with_exit_code_0(start, recording, tmp_path, hand_weights, signal_number):
    """SIGINT and SIGTERM while the nodes work."""
    play: dict[str, object] = {"recording": recording, "loop": True, "start_delay_s": 0.0}
    with ros_node() as test_node:
        hands = test_node.subscribe(PointCloud2, f"{NS}/hands", qos.EVENT)
        fingertips = test_node.subscribe(PointCloud2, f"{NS}/fingertips", qos.EVENT)
        clocks = test_node.subscribe(Clock, "/clock", qos.CLOCK)
        running: list[NodeProcess] = [
            start("hand_tracking_node"),
            start("contact_node"),
            start("record_node", output=tmp_path / "out.mcap"),
            start("simulated_camera_node", wait_for_subscribers=3, rate=0.3, **play),
            start("replay_node", topics=f"['{DEPTH_INFO}']", rate=0.3, **play),
        ]
        test_node.wait_until(lambda: bool(hands and fingertips and clocks), "messages of every node")
        for node in running:
            assert node.stop(signal_number) == 0, node.log_summary


def test_a_bag_without_messages_is_explained(start, tmp_path):
    """It is not played in silence."""
    with BagWriter(tmp_path / "empty"):
        pass
    node = start("replay_node", recording=tmp_path / "empty")
    assert node.wait_for_exit() == 2
    assert "holds no message" in node.log_text, node.log_summary


def test_looping_bag_publishes_every_frame_in_each_pass(start, tmp_path, hand_weights):
    """Stamps that jump back to the start begin a new pass: no frame is lost."""
    frames = 40
    bag = write_recording(tmp_path / "loop.mcap", frames)
    with ros_node() as test_node:
        hands = test_node.subscribe(PointCloud2, f"{NS}/hands", qos.EVENT)
        fingertips = test_node.subscribe(PointCloud2, f"{NS}/fingertips", qos.EVENT)
        clocks = test_node.subscribe(Clock, "/clock", qos.CLOCK)
        for name in ("hand_tracking_node", "contact_node"):
            start(name, use_sim_time=True)
        test_node.wait_until(
            lambda: test_node.count_subscribers(COLOR) == 2 and test_node.count_subscribers(DEPTH) == 1,
            "subscription of the nodes",
        )
        start("replay_node", recording=bag, loop=True, rate=0.5, start_delay_s=1.0)
        test_node.wait_until(lambda: len(fingertips) >= 3 * frames, "three passes")
        frames_per_pass = extract_stamps(fingertips)[:frames]
        assert len(set(frames_per_pass)) == frames
        assert extract_stamps(fingertips)[: 3 * frames] == frames_per_pass * 3
        assert extract_stamps(hands)[: 3 * frames] == frames_per_pass * 3
        ticks = [messages.stamp_to_ns(clock.clock) for clock in clocks]
        assert min(ticks) >= frames_per_pass[0] - 10**9
        assert max(ticks) <= frames_per_pass[-1] + 10**9


def test_clock_is_published_at_any_playback_rate(start, recording):
    """Even where every message is late, /clock begins each pass with its first stamp."""
    with ros_node() as test_node:
        clocks = test_node.subscribe(Clock, "/clock", qos.CLOCK)
        start("replay_node", recording=recording, rate=100.0, loop=True)
        test_node.wait_until(
            lambda: START_NS in [messages.stamp_to_ns(clock.clock) for clock in clocks], "the first stamp"
        )
        ticks = [messages.stamp_to_ns(clock.clock) for clock in clocks]
        assert START_NS <= min(ticks) <= max(ticks) <= START_NS + FRAMES * PERIOD_NS


def test_recording_appears_only_when_complete(start, recording, tmp_path):
    """Played messages are recorded byte for byte except for their stamps; the file does not exist before the end."""
    out = tmp_path / "out.mcap"
    recorder = start("record_node", output=out, topics="['color/image', 'color/camera_info', '/late']")
    with ros_node() as test_node:
        test_node.wait_until(lambda: test_node.count_subscribers(COLOR) == 1, "the recorder")
        late_publisher = test_node.create_publisher(String, "/late", qos.EVENT)
        camera = start("simulated_camera_node", recording=recording, wait_for_subscribers=1)
        test_node.wait_until(lambda: not camera.is_alive, "the end of the recording")
        test_node.wait_until(lambda: late_publisher.get_subscription_count() == 1, "the recorder on the late topic")
        late_publisher.publish(String(data="of a type that the graph names"))
        test_node.spin_for(0.5)
    assert not out.exists()
    assert recorder.stop(signal.SIGINT) == 0
    with open_bag(out) as copy, open_bag(recording) as original:
        assert copy.message_count(COLOR) == copy.message_count(INFO) == FRAMES
        assert copy.message_count("/late") == 1
        first = next(original.messages([COLOR])).cdr
        assert bytes(next(copy.messages([COLOR])).cdr)[12:] == bytes(first)[12:]


def test_failed_recording_leaves_no_files(start, recording, tmp_path):
    """The recorder ends by itself and logs the reason. A limit on file sizes simulates a full disk."""
    recorder = start("record_node", output=tmp_path / "out.mcap")
    with ros_node() as test_node:
        test_node.wait_until(lambda: test_node.count_subscribers(COLOR) == 1, "the recorder")
        resource.prlimit(recorder.process.pid, resource.RLIMIT_FSIZE, (100_000, 100_000))
        start("simulated_camera_node", recording=recording, wait_for_subscribers=1)
        assert recorder.wait_for_exit() == 2
    assert "nothing was recorded" in recorder.log_text, recorder.log_summary
    assert "Traceback" not in recorder.log_text, recorder.log_summary
    assert not list(tmp_path.glob("*.mcap"))
    assert not list(tmp_path.glob(".out*"))


def test_missing_topic_is_named(start, tmp_path):
    """At the end; the other topics are recorded."""
    out = tmp_path / "out.mcap"
    recorder = start("record_node", output=out, topics="['/published', '/misspelt']")
    with ros_node() as test_node:
        publisher = test_node.create_publisher(String, "/published", qos.EVENT)
        test_node.wait_until(lambda: publisher.get_subscription_count() == 1, "the recorder")
        publisher.publish(String(data="x"))
        test_node.spin_for(0.5)
    assert recorder.stop(signal.SIGINT) == 0
    assert "no publisher of /misspelt" in recorder.log_text, recorder.log_summary
    with open_bag(out) as bag:
        assert bag.message_count("/published") == 1
