"""Bandwidth of each image transport, and what decoding costs per frame; then what coding costs realsense_node.

    python benchmarks/image_transports.py RECORDING [--frames 60]

RECORDING: a plain one with colour, aligned depth and both imagers, as `simulate --infra` writes it. Its images are
coded as image_transport's plugins do, and decoded as nodes do. Times are of one thread's processor time, so that other
work on the machine counts little; transports take turns, and each row is the median over the frames.
"""

from __future__ import annotations

import argparse
import platform
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import cv2
import numpy as np

from fingertip_contact.images import decode_color_image, decode_depth_image
from fingertip_contact.recordings.bag import deserialize, open_bag
from fingertip_contact.recordings.bag_recording import open_bag_recording
from fingertip_contact.transports.compressed_image import decompress_image, zstd
from fingertip_contact.transports.image_coding import code_depth, code_jpeg
from recording_forms import coders
from recording_forms.coders import Coder
from recording_forms.rvl_encoder import encode_rvl

RATE_HZ = 30
# As the plugin's defaults: JPEG at 95, PNG at level 3.
JPEG, PNG = (cv2.IMWRITE_JPEG_QUALITY, 95), (cv2.IMWRITE_PNG_COMPRESSION, 3)
DECODERS = {"colour": decode_color_image, "depth": decode_depth_image, "imager": decode_color_image}
ROWS: tuple[tuple[str, str, Coder | None], ...] = (
    ("colour", "raw", None),
    ("colour", "compressed (JPEG)", coders.code_picture(".jpg", "bgr8; jpeg compressed bgr8", *JPEG)),
    ("colour", "compressed (PNG)", coders.code_picture(".png", "bgr8; png compressed bgr8", *PNG)),
    ("colour", "zstd (gzip inside, Jazzy and Kilted)", coders.code_zstd()),
    ("colour", "zstd (Zstandard inside)", coders.code_zstd(zstd.compress)),
    ("depth", "raw", None),
    ("depth", "compressedDepth (PNG)", coders.code_depth_png("16UC1; compressedDepth png")),
    ("depth", "compressedDepth (RVL)", coders.code_depth_rvl(encode_rvl)),
    ("depth", "zstd (gzip inside, Jazzy and Kilted)", coders.code_zstd()),
    ("depth", "zstd (Zstandard inside)", coders.code_zstd(zstd.compress)),
    ("imager", "raw", None),
    ("imager", "compressed (JPEG)", coders.code_picture(".jpg", "mono8; jpeg compressed mono8", *JPEG)),
    ("imager", "compressed (PNG)", coders.code_picture(".png", "mono8; png compressed mono8", *PNG)),
)


def read_images(path: Path, count: int) -> dict[str, list]:
    """The messages of each stream. Raises ValueError where one was not recorded."""
    with open_bag_recording(path, depth_source="stereo") as recording:
        if recording.depth_topic is None or recording.imager_topics is None:
            raise ValueError(f"{path} lacks depth or imagers; record all streams")
        topics = {
            "colour": recording.color_topic,
            "depth": recording.depth_topic,
            "imager": recording.imager_topics[0],
        }
    with open_bag(path) as bag:
        return {
            name: [deserialize(path, message) for message in islice(bag.messages([topic]), count)]
            for name, topic in topics.items()
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recording", type=Path)
    parser.add_argument("--frames", type=int, default=60)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    images = read_images(arguments.recording, arguments.frames)
    sizes: dict[tuple[str, str], list[int]] = {}
    times_s: dict[tuple[str, str], list[float]] = {}
    for index in range(min(map(len, images.values()))):
        for stream, transport, coder in ROWS:
            image = images[stream][index]
            coded = image if coder is None else coder(image)[0]
            start_s = time.thread_time()
            DECODERS[stream](image if coder is None else decompress_image(coded))
            times_s.setdefault((stream, transport), []).append(time.thread_time() - start_s)
            sizes.setdefault((stream, transport), []).append(len(coded.data))
    first = images["colour"][0]
    print(f"{first.width}x{first.height}, {RATE_HZ} Hz, {len(sizes[ROWS[0][:2]])} frames, {platform.machine()}")
    print("| stream | transport | kB per image | MB per second | decoding, ms |\n|---|---|---|---|---|")
    for stream, transport, _ in ROWS:
        size_b = float(np.median(sizes[stream, transport]))
        decoding_ms = float(np.median(times_s[stream, transport])) * 1e3
        print(
            f"| {stream} | {transport} | {size_b / 1e3:.0f} | {size_b * RATE_HZ / 1e6:.1f} | {decoding_ms:.1f} |",
            flush=True,
        )
    print_coding(images)


def print_coding(images: dict[str, list]) -> None:
    """What realsense_node needs for each image that somebody subscribes compressed."""
    pixels = {name: [coders.get_pixels(image) for image in some] for name, some in images.items()}
    rows: tuple[tuple[str, str, Callable[[np.ndarray], tuple[bytes, str]]], ...] = (
        ("colour", "compressed (JPEG)", lambda image: code_jpeg(image, "bgr8")),
        ("depth", "compressedDepth (PNG)", code_depth),
        ("imager", "compressed (JPEG)", lambda image: code_jpeg(image, "mono8")),
    )
    print("\n| stream | transport | kB per image | MB per second | coding, ms |\n|---|---|---|---|---|")
    for stream, transport, code in rows:
        sizes_b, times_s = [], []
        for image in pixels[stream]:
            start_s = time.thread_time()
            sizes_b.append(len(code(image)[0]))
            times_s.append(time.thread_time() - start_s)
        size_b, coding_ms = float(np.median(sizes_b)), float(np.median(times_s)) * 1e3
        print(f"| {stream} | {transport} | {size_b / 1e3:.0f} | {size_b * RATE_HZ / 1e6:.1f} | {coding_ms:.1f} |")


if __name__ == "__main__":
    main()
