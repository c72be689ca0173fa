"""Forms that depend on the camera and its driver: encodings, several streams compressed at once, names of topics."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from fingertip_contact.recordings.bag_writer import BagWriter
from recording_forms import coders
from recording_forms.coders import TYPES, Coder
from recording_forms.forms import FORMS, IMAGE, Form, Message, read, write
from recording_forms.rvl_encoder import encode_rvl

_JPEG = coders.code_picture(".jpg", "bgr8; jpeg compressed bgr8", cv2.IMWRITE_JPEG_QUALITY, 95)
_PNG = coders.code_picture(".png", "bgr8; png compressed bgr8")
_GREY_JPEG = coders.code_picture(".jpg", "mono8; jpeg compressed mono8", cv2.IMWRITE_JPEG_QUALITY, 95)
_GREY_PNG = coders.code_picture(".png", "mono8; png compressed mono8")
_DEPTH_PNG = coders.code_depth_png("16UC1; compressedDepth png")
_DEPTH_RVL = coders.code_depth_rvl(encode_rvl)


def _map_images(change: Callable[[Message], Message]) -> Callable[[Path, Path], Path]:
    def apply(message: Message) -> Message:
        return change(message) if message.type == IMAGE else message

    return lambda source, folder: write(folder / "bag", map(apply, read(source)))


def _code(**coded: tuple[str, Coder]) -> Callable[[Path, Path], Path]:
    """By encoding: the transport and its coder."""

    def change(message: Message) -> Message:
        transport, coder = coded["depth" if message.content.encoding == "16UC1" else message.content.encoding]
        content, type_ = coder(message.content)
        return replace(message, topic=f"{message.topic}/{transport}", type=type_, content=content)

    return _map_images(change)


def _convert(encoding: str, target: str, convert: Callable[[np.ndarray], np.ndarray]) -> Callable[[Path, Path], Path]:
    """Images of an encoding in another one."""

    def change(message: Message) -> Message:
        image = message.content
        if image.encoding != encoding:
            return message
        pixels = np.ascontiguousarray(convert(coders.get_pixels(image)))
        data = pixels.reshape(-1).view(np.uint8)
        step = pixels.nbytes // image.height
        return replace(message, content=replace(image, encoding=target, step=step, data=data))

    return _map_images(change)


def _pad_rows(message: Message) -> Message:
    """As drivers do whose rows are aligned in memory."""
    image = message.content
    rows = np.asarray(image.data).reshape(image.height, image.step)
    padded = np.pad(rows, ((0, 0), (0, 32)))
    return replace(message, content=replace(image, step=padded.shape[1], data=padded.reshape(-1)))


def _rename(*pairs: tuple[str, str]) -> Callable[[Path, Path], Path]:
    def change(message: Message) -> Message:
        topic = message.topic
        for old, new in pairs:
            topic = topic.replace(old, new)
        return replace(message, topic=topic)

    return lambda source, folder: write(folder / "bag", map(change, read(source)))


def _write_raw_and_jpeg(source: Path, folder: Path) -> Path:
    def messages() -> Iterator[Message]:
        for message in read(source):
            yield message
            if message.type == IMAGE and message.content.encoding == "bgr8":
                content, type_ = _JPEG(message.content)
                yield replace(message, topic=f"{message.topic}/compressed", type=type_, content=content)

    return write(folder / "bag", messages())


def _write_info_once(source: Path, folder: Path) -> Path:
    def messages() -> Iterator[Message]:
        seen: set[str] = set()
        for message in read(source):
            if message.type == IMAGE or message.topic not in seen:
                yield message
            seen.add(message.topic)

    return write(folder / "bag", messages())


def _write_single_file(source: Path, folder: Path) -> Path:
    with BagWriter(folder / "bag.mcap") as bag:
        for message in read(source):
            bag.write(message.topic, message.type, message.stamp_ns, TYPES.serialize_cdr(message.content, message.type))
    return folder / "bag.mcap"


CAMERA_FORMS = (
    Form("a single .mcap file, its chunks zstd", _write_single_file),
    Form(
        "all streams: JPEG, compressedDepth PNG",
        _code(bgr8=("compressed", _JPEG), depth=("compressedDepth", _DEPTH_PNG), mono8=("compressed", _GREY_JPEG)),
        is_exact=False,
    ),
    Form(
        "all streams: PNG, compressedDepth RVL",
        _code(bgr8=("compressed", _PNG), depth=("compressedDepth", _DEPTH_RVL), mono8=("compressed", _GREY_PNG)),
    ),
    Form(
        "all streams: zstd",
        _code(**dict.fromkeys(("bgr8", "depth", "mono8"), ("zstd", coders.code_zstd()))),
    ),
    Form(
        "colour JPEG, depth compressedDepth RVL, imagers zstd",
        _code(bgr8=("compressed", _JPEG), depth=("compressedDepth", _DEPTH_RVL), mono8=("zstd", coders.code_zstd())),
        is_exact=False,
    ),
    Form("colour: raw and JPEG side by side", _write_raw_and_jpeg),
    Form("colour: rgb8", _convert("bgr8", "rgb8", lambda pixels: pixels[..., ::-1])),
    Form("colour: bgra8", _convert("bgr8", "bgra8", lambda bgr: cv2.cvtColor(bgr, cv2.COLOR_BGR2BGRA))),
    Form("colour: rgba8", _convert("bgr8", "rgba8", lambda bgr: cv2.cvtColor(bgr, cv2.COLOR_BGR2RGBA))),
    Form("depth: mono16", _convert("16UC1", "mono16", lambda depth: depth)),
    Form(
        "depth: 32FC1, metres",
        _convert("16UC1", "32FC1", lambda depth: np.where(depth == 0, np.nan, depth * 0.001).astype(np.float32)),
        is_exact=False,
    ),
    Form("imagers: 8UC1", _convert("mono8", "8UC1", lambda grey: grey)),
    Form("rows padded by 32 bytes", _map_images(_pad_rows)),
    Form("topics of realsense2_camera before 4.57.4", _rename(("/color/image_raw", "/color/image_rect_raw"))),
    Form(
        "topics of record_node without remapping",
        _rename(
            ("/camera/camera", "/fingertip_contact"),
            ("/color/image_raw", "/color/image"),
            ("aligned_depth_to_color/image_raw", "depth/image"),
            ("image_rect_raw", "image"),
        ),
    ),
    Form("each camera_info once, at the beginning", _write_info_once),
)
ALL_FORMS = FORMS + CAMERA_FORMS
