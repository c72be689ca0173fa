"""What web_node adds: time from a message's stamp until a client has it, and the processor time that it takes.

    python benchmarks/web_latency.py

Ten fingertips and an image of 640x480 are published 30 times a second, without and with a client that watches images.
"""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
import threading
import time
from pathlib import Path

import aiohttp
import cv2
import numpy as np
import rclpy
from rclpy.node import Node
from sensor_msgs.msg import Image, PointCloud2

from fingertip_contact.datatypes import FINGERS, HANDS, Fingertip
from fingertip_contact.resources import PACKAGE
from fingertip_contact.ros import messages, qos
from fingertip_contact.ros.environment import make_node_environment
from fingertip_contact.ros.images import ImageWriter
from fingertip_contact.selftest.processes import NodeStarter

# A domain that others on this machine hardly use.
DOMAIN = "84"
PORT = 8498
RATE_HZ = 30.0
WARM_UP_S, MEASURED_S = 3.0, 10.0


def main() -> None:
    environment = {"ROS_DOMAIN_ID": DOMAIN, "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST"}
    os.environ.update(make_node_environment(os.environ | environment))
    rclpy.init()
    node = rclpy.create_node("publisher", namespace=PACKAGE)
    stop = threading.Event()
    publishing = threading.Thread(target=publish, args=(node, stop))
    try:
        with tempfile.TemporaryDirectory() as folder, NodeStarter(Path(folder)) as nodes:
            web = nodes.start("web_node", {"port": PORT})
            web.wait_for_log("the page is at")
            publishing.start()
            print(
                "| client | states per s | images per s | latency ms, median and p99 | of a core |\n" + "|---" * 5 + "|"
            )
            for wants_images in (False, True):
                print(asyncio.run(measure(web.process.pid, wants_images)), flush=True)
    finally:
        stop.set()
        if publishing.is_alive():
            publishing.join()
        node.destroy_node()
        rclpy.try_shutdown()


def publish(node: Node, stop: threading.Event) -> None:
    """Until `stop` is set; the image as contact_node does it, while somebody subscribes."""
    fingertips = node.create_publisher(PointCloud2, "fingertips", qos.RESULT)
    overlay = node.create_publisher(Image, "overlay/image", qos.IMAGE_OUT)
    point_m = np.array([0.0, 0.0, 0.35])
    tips = [
        Fingertip(1, hand, finger, (0, 0), point_m, 0.01, 0.0, 1.0, "hover") for hand in HANDS for finger in FINGERS
    ]
    noise = np.random.default_rng(0).integers(0, 255, (480, 640, 3), dtype=np.uint8)
    image, writer = cv2.GaussianBlur(noise, (0, 0), 3), ImageWriter("bgr8")
    while not stop.wait(1 / RATE_HZ):
        header = messages.make_header(time.time_ns(), "camera")
        fingertips.publish(messages.make_fingertips(header, tips))
        if overlay.get_subscription_count():
            overlay.publish(writer.make_message(header, image))


async def measure(process: int, wants_images: bool) -> str:
    """A row of the table."""
    latencies_ms, image_count, state_count, last_us = [], 0, 0, 0
    async with aiohttp.ClientSession() as session, session.ws_connect(f"http://127.0.0.1:{PORT}/ws") as socket:
        await socket.send_json({"overlay": wants_images})
        started_s = time.monotonic() + WARM_UP_S
        used_s = 0.0
        while (now_s := time.monotonic()) < started_s + MEASURED_S:
            message = await socket.receive()
            if now_s < started_s:
                used_s = read_processor_s(process)
            elif message.type == aiohttp.WSMsgType.BINARY:
                image_count += 1
            else:
                state_count += 1
                stamp_us = json.loads(message.data)["stamp_us"]
                if stamp_us != last_us:
                    latencies_ms.append(time.time() * 1e3 - stamp_us * 1e-3)
                last_us = stamp_us
        used_s = read_processor_s(process) - used_s
    median_ms, p99_ms = np.percentile(latencies_ms, [50, 99])
    client = "images too" if wants_images else "states only"
    rates = f"{state_count / MEASURED_S:.1f} | {image_count / MEASURED_S:.1f}"
    return f"| {client} | {rates} | {median_ms:.1f}, {p99_ms:.1f} | {used_s / MEASURED_S:.0%} |"


def read_processor_s(process: int) -> float:
    """Seconds of user and system time, by /proc (proc(5): fields 14 and 15 of stat)."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
