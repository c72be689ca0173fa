"""Rows on how nodes end: with a key held, at the start, at any time."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from itertools import count
from pathlib import Path

from lifecycle_msgs.msg import Transition

from fingertip_contact.ros.selftest.rows import ProcessRow, StationRow
from fingertip_contact.ros.selftest.stamp_rows import stop_camera
from fingertip_contact.ros.selftest.state_rows import change_state
from fingertip_contact.ros.selftest.station import TRACEBACK, Station
from fingertip_contact.selftest.finding import require
from fingertip_contact.selftest.processes import (
    START_DEADLINE_S,
    NodeProcess,
    NodeStarter,
    catches,
    wait_until,
)
from fingertip_contact.stop_signals import STOP_SIGNALS

# Every node that can be started without a recording, and what it needs.
SIGNALLED_NODES: dict[str, dict[str, object]] = {
    "contact_node": {},
    "hand_tracking_node": {"hand_tracker": "fingertip_contact.selftest.stand_ins:CodedHands"},
    "pipeline_node": {"hand_tracker": "fingertip_contact.selftest.stand_ins:CodedHands"},
    "webcam_node": {"device": "/dev/video250"},
    "depth_estimation_node": {"checkpoint": "/nowhere/depth.safetensors"},
    "record_node": {"output": "OUTPUT"},
    "key_injector_node": {"allow": True, "sink": "fingertip_contact.selftest.stand_ins:NoKeys"},
    # Extras of the package. No viewer is there.
    **({"web_node": {"port": 0}} if find_spec("aiohttp") else {}),
    **({"rerun_node": {"mode": "connect"}} if find_spec("rerun") else {}),
}
# After the first line of the package: while modules are imported, the node is made and configured, and at work.
MAX_SIGNAL_DELAY_S = 4.0


def end_by(end: Callable[[Station], None]) -> Callable[[Station], None]:
    """A row whose nodes end with a key held: it is cancelled once, off the list, and the next nodes read again."""

    def run(station: Station) -> None:
        station.press()
        ups = station.up_count
        end(station)
        station.listener.wait_until(lambda: station.up_count == ups + 1, "the end of the press")
        require(not station.listener.keys[-1].mouse_point_valid, "the key was released, not cancelled")
        station.listener.wait_until(lambda: station.open_count == 0, "the empty list of open presses")
        station.check_logs()
        station.restart()
        station.recover()

    return run


def shut_down(station: Station) -> None:
    require(change_state(station, Transition.TRANSITION_ACTIVE_SHUTDOWN), "it cannot be shut down")
    station.stop(signal.SIGINT)


def signal_twice(station: Station) -> None:
    for node in station.nodes:
        node.process.send_signal(signal.SIGINT)
        node.process.send_signal(signal.SIGTERM)
    for node in station.nodes:
        require(node.wait_for_exit() == 0, f"{node.name} did not end cleanly: {node.log_summary}")


def stop_tracker(station: Station) -> None:
    """contact_node goes on, and ends the press; then it is ended too."""
    station.nodes[0].kill()
    ups = station.up_count
    station.send_until(lambda: station.up_count > ups, "the end of the press")
    require(station.contact_node.stop() == 0, "contact_node did not end cleanly")


def kill(station: Station) -> None:
    """It cannot cancel: the list of its successor is empty, and newer than the press."""
    station.press()
    lists = len(station.listener.open_lists)
    newest = station.listener.open_lists[-1].seq_num
    station.restart()
    station.listener.wait_until(
        lambda: len(station.listener.open_lists) > lists and station.open_count == 0, "the empty list"
    )
    require(station.listener.open_lists[-1].seq_num > newest, "the empty list is older than the press")
    station.recover()


ENDS: dict[str, Callable[[Station], None]] = {
    "SIGINT": end_by(lambda station: station.stop(signal.SIGINT)),
    "SIGTERM": end_by(lambda station: station.stop(signal.SIGTERM)),
    "SIGHUP": end_by(lambda station: station.stop(signal.SIGHUP)),
    "SIGINT and SIGTERM at once": end_by(signal_twice),
    "the shutdown service, then SIGINT": end_by(shut_down),
}


FAST_ENDS = ("SIGHUP", "SIGINT and SIGTERM at once", "the shutdown service, then SIGINT", "the nodes are killed")


def signal_start(starter: NodeStarter, folder: Path, name: str, number: int, delay_s: float) -> NodeProcess:
    """Start a node and send it a signal, twice, this long after its first line. Raises FindingError if it does not end
    cleanly."""
    parameters = {
        key: folder / f"{time.monotonic_ns()}.mcap" if value == "OUTPUT" else value
        for key, value in SIGNALLED_NODES[name].items()
    }
    node = starter.start(name, parameters)
    # Python itself catches SIGINT before a program's first line.
    wait_until(
        lambda: catches(node.process, signal.SIGTERM) and catches(node.process, number),
        f"the first line of {name}",
        START_DEADLINE_S,
    )
    time.sleep(delay_s)
    node.process.send_signal(number)
    node.process.send_signal(number)
    code = node.wait_for_exit()
    require(code == 0, f"{name} ended with {code}, {delay_s:.2f} s after its start: {node.log_summary}")
    require(TRACEBACK not in node.log_text, f"{name}: a traceback, {delay_s:.2f} s after its start: {node.log_summary}")
    return node


def make_signal_rows(times: int, seed: int) -> list[ProcessRow]:
    """Signals at random times of start and life; every node and every signal in turn."""
    random_ = random.Random(seed)
    names, rows = list(SIGNALLED_NODES), []
    for index in range(times):
        name, number = names[index % len(names)], STOP_SIGNALS[index // len(names) % len(STOP_SIGNALS)]
        delay_s = random_.uniform(0.0, MAX_SIGNAL_DELAY_S)

        def run(starter: NodeStarter, folder: Path, name=name, number=number, delay_s=delay_s) -> None:
            signal_start(starter, folder, name, number, delay_s)

        title = f"{name}: {number.name} after {delay_s:.2f} s"
        rows.append(ProcessRow("signals", title, "exit code 0, no traceback", run=run, is_fast=False))
    return rows


def make_end_rows(times: int) -> list[StationRow]:
    """Held keys that are ended; so many rows, kind by kind in turn."""
    kinds: list[tuple[str, Callable[[Station], None], tuple[str, ...]]] = [
        *((name, run, ("processes", "composed")) for name, run in ENDS.items()),
        ("the hand tracker is killed", end_by(stop_tracker), ("processes",)),
        ("the nodes are killed", kill, ("processes", "composed")),
        ("the camera stops", stop_camera, ("processes", "composed")),
    ]

    def number_rows() -> Iterator[StationRow]:
        for index in count():
            for name, run, forms in kinds:
                title = f"{name}, with a key held" + (f" ({index + 1})" if index else "")
                yield StationRow(
                    "ends",
                    title,
                    "the end is heard once; then keys are read as before",
                    run=run,
                    forms=forms,
                    is_fast=name in FAST_ENDS and not index,
                )

    rows, total = [], 0
    for row in number_rows():
        if total >= times:
            break
        rows.append(row)
        total += len(row.forms)
    return rows
