"""SIGINT and SIGTERM while nodes start: exit code 0, no traceback."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

pytest.importorskip("rclpy")

from ros_harness import DEADLINE_S, launch_nodes, write_recording

# After the first line of the package: at once, while modules are imported, while the node is made or configured.
DELAYS_S = (0.0, 0.3, 1.0)


def catches(pid: int, number: int) -> bool:
    """Whether a process has a handler for a signal, by the bit mask of proc(5)."""
    status = Path(f"/proc/{pid}/status").read_text().splitlines()
    (mask,) = (line.split()[1] for line in status if line.startswith("SigCgt:"))
    return bool(int(mask, 16) >> (number - 1) & 1)


def wait_until_caught(process, number):
    expires_s = time.monotonic() + DEADLINE_S
    # Python itself catches SIGINT, before a program's first line.
    while not (catches(process.pid, signal.SIGTERM) and catches(process.pid, number)):
        assert time.monotonic() < expires_s
        time.sleep(0.001)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")
@pytest.mark.parametrize("delay_s", DELAYS_S)
def test_signals_during_the_start_end_every_node(tmp_path, delay_s):
    """From the package's first line on, also twice; before it the system ends the process, as any other."""
    recording = write_recording(tmp_path / "desk.mcap", 3)
    with launch_nodes(tmp_path) as start:
        nodes = [
            start("contact_node"),
            start("replay_node", recording=recording, loop=True),
            start("webcam_node", device="/dev/video99"),
        ]
        for index, node in enumerate(nodes):
            number = (signal.SIGTERM, signal.SIGINT)[index % 2]
            wait_until_caught(node.process, number)
            time.sleep(delay_s / len(nodes))
            node.process.send_signal(number)
            node.process.send_signal(number)
        for node in nodes:
            assert node.wait_for_exit() == 0, node.log_summary
            assert "Traceback" not in node.log_text, node.log_summary
