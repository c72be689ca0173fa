"""Sends images at a camera's rate, or receives them and prints what came: the two ends of `bench transport`.

`python -m fingertip_research.ros.transport_probe send|receive raw|compressed FRAMES`, each in a process of its own.
A receiver prints `ready`, and at the end one line of JSON: by topic the latencies in milliseconds of what came.
"""

from __future__ import annotations

import json
import sys
import time
from functools import partial

import cv2
import numpy as np
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from sensor_msgs.msg import CompressedImage, Image

from fingertip_contact.ros import cdr, messages, qos
from fingertip_contact.ros.images import ImageWriter

NAMESPACE = "transport_probe"
RECEIVERS = 2
RATE_HZ = 30.0
WIDTH, HEIGHT = 640, 480
# After the last image; a camera's queue of two and DDS are empty then.
IDLE_S = 2.0
DISCOVERY_TIMEOUT_S = 20.0
MESSAGE_TYPES = {"raw": Image, "compressed": CompressedImage}
TOPICS = ("color", "depth")


def send(form: str, frames: int) -> None:
    """Publish colour and depth of one stamp at RATE_HZ to RECEIVERS subscribers of each topic.

    Raises ValueError if they do not appear within DISCOVERY_TIMEOUT_S.
    """
    node = Node("sender", namespace=NAMESPACE)
    publishers = [node.create_publisher(MESSAGE_TYPES[form], topic, qos.IMAGE_OUT) for topic in TOPICS]
    expires_s = time.monotonic() + DISCOVERY_TIMEOUT_S
    while any(publisher.get_subscription_count() < RECEIVERS for publisher in publishers):
        if time.monotonic() > expires_s:
            raise ValueError(f"not all receivers were found within {DISCOVERY_TIMEOUT_S:g} s")
        time.sleep(0.05)
    time.sleep(1.0)  # The other side may not have found this one yet; a camera runs for long, too.
    images = _make_messages(form)
    started_s = time.monotonic()
    for index in range(frames):
        time.sleep(max(started_s + index / RATE_HZ - time.monotonic(), 0.0))
        header = messages.make_header(time.time_ns(), "camera")
        for publisher, image in zip(publishers, images, strict=True):
            image.header = header
            publisher.publish(image)
    time.sleep(IDLE_S)
    node.destroy_node()


def receive(form: str, frames: int) -> None:
    """Print the latencies of what comes until nothing has come for IDLE_S, or all has."""
    node = Node("receiver", namespace=NAMESPACE)
    latencies_ms: dict[str, list[float]] = {topic: [] for topic in TOPICS}

    def on_image(topic: str, message: bytes) -> None:
        latencies_ms[topic].append((time.time_ns() - cdr.read_stamp_ns(message)) * 1e-6)

    for topic in TOPICS:
        node.create_subscription(MESSAGE_TYPES[form], topic, partial(on_image, topic), qos.IMAGE_IN, raw=True)
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    print("ready", flush=True)
    expires_s = time.monotonic() + DISCOVERY_TIMEOUT_S
    while time.monotonic() < expires_s and any(len(entries) < frames for entries in latencies_ms.values()):
        count = sum(map(len, latencies_ms.values()))
        executor.spin_once(timeout_sec=0.1)
        if sum(map(len, latencies_ms.values())) > count:
            expires_s = time.monotonic() + IDLE_S
    print(json.dumps(latencies_ms), flush=True)
    node.destroy_node()


def _make_messages(form: str) -> tuple[Image | CompressedImage, Image | CompressedImage]:
    """Colour and depth of a textured desk: what JPEG and PNG make of it is of a camera's size."""
    generator = np.random.default_rng(0)
    coarse = generator.integers(60, 200, (HEIGHT // 8, WIDTH // 8, 3), dtype=np.uint8)
    color = cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    color += generator.integers(0, 6, color.shape, dtype=np.uint8)
    depth = generator.integers(348, 353, (HEIGHT, WIDTH), dtype=np.uint16)
    header = messages.make_header(0, "camera")
    if form == "raw":
        return ImageWriter("bgr8").make_message(header, color), ImageWriter("16UC1").make_message(header, depth)
    jpeg, png = cv2.imencode(".jpg", color)[1], cv2.imencode(".png", depth)[1]
    # Depth begins with the header of compressedDepth, twelve bytes, which nobody reads here.
    return (
        CompressedImage(format="bgr8; jpeg compressed bgr8", data=jpeg.tobytes()),
        CompressedImage(format="16UC1; compressedDepth png", data=bytes(12) + png.tobytes()),
    )


if __name__ == "__main__":
    end, form, frames = sys.argv[1:]
    rclpy.init()
    {"send": send, "receive": receive}[end](form, int(frames))
    rclpy.shutdown()
