"""One form of the package at work: its nodes as processes, an artificial camera before them, a listener behind."""

from __future__ import annotations

import os
import signal
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from itertools import pairwise
from pathlib import Path

import rclpy
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import PointCloud2

from fingertip_contact.resources import PACKAGE
from fingertip_contact.ros import qos
from fingertip_contact.ros.environment import make_node_environment
from fingertip_contact.ros.selftest.camera import ArtificialCamera
from fingertip_contact.ros.selftest.listener import DEADLINE_S, DOWN, SPIN_S, UP, Listener
from fingertip_contact.selftest import stand_ins
from fingertip_contact.selftest.finding import FindingError, require
from fingertip_contact.selftest.processes import NodeProcess, NodeStarter
from fingertip_contact.selftest.stand_ins import DARK, HOVER, TOUCH

# The nodes of each form; the last one decides about contact.
FORMS = {"processes": ("hand_tracking_node", "contact_node"), "composed": ("pipeline_node",)}
TRACKER_PARAMETERS = ("hand_tracker", "use_sim_time")
PERIOD_S = 1 / 30
# Long enough for the gaps of a loaded machine.
CAMERA_TIMEOUT_S = 1.0
TYPING_ATTEMPTS = 5
TRACEBACK = "Traceback (most recent call last)"
# Domains above 101 may meet the ports of other programs (Linux hands out ports from 32768 on); 0 is a robot's own.
DOMAINS = 100


@contextmanager
def isolate_ros() -> Iterator[None]:
    """rclpy for the block, in a domain of its own and on this machine alone: no robot hears a selftest."""
    os.environ["ROS_DOMAIN_ID"] = str(1 + os.getpid() % DOMAINS)
    os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
    os.environ.update(make_node_environment())
    # A signal ends the selftest, which kills its nodes; rclpy would only stop hearing them.
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    try:
        yield
    finally:
        rclpy.try_shutdown()


class Station:
    """Nodes of a form that read the artificial camera. parameters: those that differ from the usual ones."""

    def __init__(self, form: str, starter: NodeStarter, folder: Path, parameters: Mapping[str, object]) -> None:
        self.form = form
        self.starter = starter
        usual = {
            **stand_ins.write_parameters(folder),
            "depth_source": "sensor",
            "camera_timeout_s": CAMERA_TIMEOUT_S,
        }
        # ROS cannot pass an empty text on the command line: left out, it is the default.
        self._parameters = {key: value for key, value in {**usual, **parameters}.items() if value != ""}
        self.listener = Listener()
        self.camera = ArtificialCamera(self.listener)
        self.hands = self.listener.create_publisher(PointCloud2, "hands", qos.EVENT)
        self.nodes: list[NodeProcess] = []
        self._due_s = 0.0
        self._traceback_count = 0
        self.start()

    @property
    def contact_node(self) -> NodeProcess:
        """The node that decides about contact."""
        return self.nodes[-1]

    @property
    def service_prefix(self) -> str:
        return f"/{PACKAGE}/{self.contact_node.name}"

    @property
    def text(self) -> str:
        return self.listener.texts[-1].data if self.listener.texts else ""

    @property
    def down_count(self) -> int:
        return sum(event.event_type == DOWN for event in self.listener.keys)

    @property
    def up_count(self) -> int:
        return sum(event.event_type == UP for event in self.listener.keys)

    @property
    def open_count(self) -> int:
        """Presses of the newest list."""
        return len(self.listener.open_lists[-1].markers) if self.listener.open_lists else 0

    def start(self) -> None:
        """The nodes, until they hear the camera."""
        for name in FORMS[self.form]:
            own = self._parameters
            if name == "hand_tracking_node":
                own = {key: value for key, value in own.items() if key in TRACKER_PARAMETERS}
            elif name == "contact_node":
                own = {key: value for key, value in own.items() if key != "hand_tracker"}
            self.nodes.append(self.starter.start(name, own))
        self._wait_until_heard()

    def restart(self) -> None:
        """Nodes that have not seen what was before."""
        for node in self.nodes:
            node.kill()
        self.nodes.clear()
        self._traceback_count = 0
        lists = len(self.listener.open_lists)
        self.start()
        # DDS knows a killed node for a while, and delivers its last events; the new one says that it is there.
        self.listener.wait_until(lambda: len(self.listener.open_lists) > lists, "the new nodes", 3 * DEADLINE_S)
        self.listener.keys.clear()

    def send_until(
        self,
        condition: Callable[[], bool],
        description: str,
        send: Callable[[int], None] | None = None,
        deadline_s: float = DEADLINE_S,
        period_s: float = PERIOD_S,
    ) -> None:
        """Frames at 30 Hz until the condition holds. send: sends the frame of this index; by default a good one of
        TOUCH."""
        index = 0
        send = send or (lambda _: self.camera.send(TOUCH))
        expires_s = time.monotonic() + deadline_s
        while not condition():
            if time.monotonic() >= self._due_s:
                self._due_s = max(self._due_s + period_s, time.monotonic() - period_s)
                send(index)
                index += 1
            if time.monotonic() > expires_s:
                raise FindingError(f"waited {deadline_s:g} s for {description}")
            self.listener.spin(min(SPIN_S, period_s / 2))

    def send_for(self, seconds: float, send: Callable[[int], None] | None = None, period_s: float = PERIOD_S) -> None:
        """Frames for this long."""
        expires_s = time.monotonic() + seconds
        self.send_until(lambda: time.monotonic() >= expires_s, "", send, seconds + DEADLINE_S, period_s)

    def press(self) -> None:
        """A key is down, and in the list of open presses."""
        downs = self.down_count
        self.lift()
        self.send_until(lambda: self.down_count > downs and self.open_count == 1, "a press")

    def lift(self) -> None:
        """No key is down: the finger hovers."""
        self.send_until(
            lambda: self.listener.check_presses() == 0 and self.open_count == 0,
            "the end of the press",
            lambda _: self.camera.send(HOVER),
        )

    def recover(self) -> None:
        """Good frames: every press ends, then a press and its release are read, and the text grows."""
        self.lift()
        texts = self.listener.texts
        first = max(len(texts) - 1, 0)
        if not any(self._type() for _ in range(TYPING_ATTEMPTS)):
            raise FindingError(f"{TYPING_ATTEMPTS} presses after the fault were cancelled, none was released")
        # A cancelled press takes its text back, perhaps only now.
        self.send_until(
            lambda: any(len(later.data) > len(text.data) for text, later in pairwise(texts[first:])),
            "text after the fault",
            lambda _: self.camera.send(DARK),
        )

    def _type(self) -> bool:
        """A press and its end; whether it was released. Where a loaded machine lets frames wait too long, it is
        cancelled."""
        downs, ups = self.down_count, self.up_count
        self.send_until(lambda: self.down_count > downs, "a press after the fault")
        self.send_until(lambda: self.up_count > ups, "its end", lambda _: self.camera.send(HOVER))
        return bool(self.listener.keys[-1].mouse_point_valid)

    def check(self) -> None:
        """Every node is alive, and no log holds a traceback."""
        for node in self.nodes:
            require(node.is_alive, f"{node.name} has died: {node.log_summary}")
        self.check_logs()

    def check_logs(self) -> None:
        """No log holds a new traceback, nor characters that a terminal obeys."""
        logs = "\n".join(node.log_text for node in self.nodes)
        known, self._traceback_count = self._traceback_count, logs.count(TRACEBACK)
        last = logs[logs.rfind(TRACEBACK) :][:2000]
        require(self._traceback_count <= known, f"a traceback is in the log: {last}")
        require("\x1b[31m" not in logs, "a message's control characters are in the log")

    def stop(self, signal_number: int = signal.SIGTERM) -> None:
        """End every node. Raises FindingError for an exit code that is not 0."""
        for node in self.nodes:
            code = node.stop(signal_number)
            require(code == 0, f"{node.name} ended with {code}: {node.log_summary}")

    def close(self) -> None:
        """End the listener, and kill what is left of the nodes."""
        for node in self.nodes:
            node.kill()
        self.listener.close()

    def _wait_until_heard(self) -> None:
        readers = len(self.nodes)
        uses_depth = self._parameters["depth_source"] in ("sensor", "fused")

        def is_heard() -> bool:
            require(all(node.is_alive for node in self.nodes), "a node has died")
            images, infos, depths = self.camera.count_subscribers()
            return images >= readers and infos >= 1 and depths >= uses_depth

        try:
            self.listener.wait_until(is_heard, "the nodes", 3 * DEADLINE_S)
        except FindingError as error:
            logs = "; ".join(f"{node.name}: {node.log_summary}" for node in self.nodes)
            raise FindingError(f"{error}; {logs}") from None


@contextmanager
def open_station(form: str, parameters: Mapping[str, object] | None = None) -> Iterator[Station]:
    """A station for the block, with its files in a temporary folder."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="selftest-")))
        starter = stack.enter_context(NodeStarter(folder))
        station = Station(form, starter, folder, parameters or {})
        stack.callback(station.close)
        yield station
