"""Two processes that do not share /dev/shm, as two containers of one host."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

pytest.importorskip("rclpy")

from fingertip_contact.ros.environment import BUILTIN_TRANSPORTS, PROFILE_VARIABLES
from ros_harness import COLOR, write_recording

FRAMES = 20
DEADLINE_S = 30.0
# A user namespace lets anybody mount something of his own there.
APART = ("unshare", "--map-root-user", "--mount", "sh", "-c", 'mount -t tmpfs none /dev/shm && exec "$@"', "sh")
# A subscriber that says how many images it got.
LISTENER = f"""
import os, time
from fingertip_contact.ros import environment, qos
os.environ.update(environment.find_missing_variables())
import rclpy
from sensor_msgs.msg import Image
rclpy.init()
node = rclpy.create_node("listener")
received = []
node.create_subscription(Image, "{COLOR}", received.append, qos.EVENT)
expires_s = time.monotonic() + {DEADLINE_S}
while len(received) < {FRAMES} and time.monotonic() < expires_s:
    rclpy.spin_once(node, timeout_sec=0.1)
print(len(received))
"""


def can_mount() -> bool:
    return bool(shutil.which("unshare")) and not subprocess.run([*APART, "true"], capture_output=True).returncode


@pytest.mark.skipif(not can_mount(), reason="no user namespaces here")
def test_images_arrive_without_shared_memory(tmp_path):
    """With FASTDDS_BUILTIN_TRANSPORTS=UDPv4 and nothing else; our own profile would have used shared memory."""
    recording = write_recording(tmp_path / "desk.mcap", FRAMES)
    environment = {name: value for name, value in os.environ.items() if name not in PROFILE_VARIABLES}
    # With LOCALHOST Fast DDS delivers no images over UDP, whatever the profile.
    environment |= {BUILTIN_TRANSPORTS: "UDPv4", "ROS_AUTOMATIC_DISCOVERY_RANGE": "SUBNET"}
    node = [sys.executable, "-m", "fingertip_contact.start", "simulated_camera_node", "--ros-args"]
    parameters = ["-p", f"recording:={recording}", "-p", "wait_for_subscribers:=1", "-p", "start_delay_s:=0.5"]
    with subprocess.Popen([*APART, *node, *parameters], env=environment) as camera:
        try:
            listener = [*APART, sys.executable, "-c", LISTENER]
            done = subprocess.run(listener, env=environment, capture_output=True, text=True, timeout=2 * DEADLINE_S)
        finally:
            camera.terminate()
    assert done.stdout.split()[-1:] == [str(FRAMES)], done.stderr
