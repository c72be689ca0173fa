"""Each form writes a plain recording (bgr8, 16UC1, mono8 with their camera_info) again, as other tools keep it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml
from rosbags import rosbag1, rosbag2
from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin
from rosbags.typesys import Stores, get_typestore

from fingertip_contact.recordings.bag import open_bag
from fingertip_contact.recordings.bag_writer import BagWriter
from fingertip_contact.transports.compressed_image import zstd
from recording_forms import coders, mcap_files
from recording_forms.coders import TYPES, Coder
from recording_forms.rvl_encoder import encode_rvl

IMAGE = "sensor_msgs/msg/Image"


@dataclass(frozen=True)
class Form:
    """name: a row of the table. write: (source, folder) -> the recording, in the folder. is_exact: pixels are kept."""

    name: str
    write: Callable[[Path, Path], Path]
    is_exact: bool = True


@dataclass(frozen=True)
class Message:
    topic: str
    type: str
    stamp_ns: int
    content: Any


def read(source: Path) -> Iterator[Message]:
    with open_bag(source) as bag:
        for raw in bag.messages():
            yield Message(raw.topic, raw.type, raw.stamp_ns, TYPES.deserialize_cdr(raw.cdr, raw.type))


def write(
    path: Path,
    messages: Iterator[Message],
    plugin: StoragePlugin = StoragePlugin.MCAP,
    mode: CompressionMode | None = None,
) -> Path:
    """A rosbag2 folder."""
    writer = rosbag2.Writer(path, version=9, storage_plugin=plugin)
    if mode is not None:
        writer.set_compression(mode, CompressionFormat.ZSTD)
    connections: dict[str, Any] = {}
    with writer:
        for message in messages:
            if message.topic not in connections:
                connections[message.topic] = writer.add_connection(message.topic, message.type, typestore=TYPES)
            cdr = TYPES.serialize_cdr(message.content, message.type)
            writer.write(connections[message.topic], message.stamp_ns, cdr)
    return path


def transported(
    encoding: str, transport: str, coder: Coder, prepare: Callable[[Any], Any] = lambda image: image
) -> Any:
    """A form in which images of an encoding are on a topic of a transport's."""

    def change(message: Message) -> Message:
        if message.type != IMAGE or message.content.encoding != encoding:
            return message
        content, type_ = coder(prepare(message.content))
        return replace(message, topic=f"{message.topic}{transport}", type=type_, content=content)

    return lambda source, folder: write(folder / "bag", map(change, read(source)))


def _edit_metadata(source: Path, folder: Path, edit: Callable[[dict[str, Any]], None]) -> Path:
    bag = write(folder / "bag", read(source))
    document = yaml.safe_load((bag / "metadata.yaml").read_text())
    edit(document["rosbag2_bagfile_information"])
    (bag / "metadata.yaml").write_text(yaml.safe_dump(document))
    return bag


def _empty_qos(information: dict[str, Any]) -> None:
    for topic in information["topics_with_message_count"]:
        topic["topic_metadata"]["offered_qos_profiles"] = []


def _write_with_qos(source: Path, folder: Path) -> Path:
    """BagWriter offers a QoS, as recorders do; then metadata.yaml forgets it."""
    with BagWriter(folder / "bag") as bag:
        for message in read(source):
            bag.write(message.topic, message.type, message.stamp_ns, TYPES.serialize_cdr(message.content, message.type))
    document = yaml.safe_load((folder / "bag" / "metadata.yaml").read_text())
    _empty_qos(document["rosbag2_bagfile_information"])
    (folder / "bag" / "metadata.yaml").write_text(yaml.safe_dump(document))
    return folder / "bag"


def _write_parts(source: Path, folder: Path, *, by_topic: bool, keep_metadata: bool) -> Path:
    """Two files: the halves of a split bag, or colour and depth recorded apart and put together."""
    messages = list(read(source))
    middle = len(messages) // 2
    is_second = [("color" not in one.topic) if by_topic else (number >= middle) for number, one in enumerate(messages)]
    parts = {
        name: [one for one, second in zip(messages, is_second, strict=True) if second == is_last]
        for name, is_last in (("bag_0", False), ("bag_1", True))
    }
    target = folder / "bag"
    target.mkdir()
    counts: dict[str, int] = {}
    for name, part in parts.items():
        bag = write(folder / name, iter(part))
        shutil.move(bag / f"{name}.mcap", target / f"{name}.mcap")
        for message in part:
            counts[message.topic] = counts.get(message.topic, 0) + 1
    if keep_metadata:
        topics = [
            {"topic_metadata": {"name": name, "type": "x"}, "message_count": count} for name, count in counts.items()
        ]
        information = {"relative_file_paths": [f"{name}.mcap" for name in parts], "topics_with_message_count": topics}
        (target / "metadata.yaml").write_text(yaml.safe_dump({"rosbag2_bagfile_information": information}))
    return target


def _write_latched_before(source: Path, folder: Path) -> Path:
    """A message 100 s before the camera, as latched ones are stamped."""

    def messages() -> Iterator[Message]:
        first = next(read(source))
        text = TYPES.types["std_msgs/msg/String"](data="<robot/>")
        yield Message("/robot_description", "std_msgs/msg/String", first.stamp_ns - 100 * 10**9, text)
        yield from read(source)

    return write(folder / "bag", messages())


def _write_beside_webcam(source: Path, folder: Path) -> Path:
    """Depth of another camera with the same endings."""

    def messages() -> Iterator[Message]:
        for message in read(source):
            yield message
            if "aligned_depth" in message.topic:
                yield replace(message, topic=f"/another{message.topic}")

    return write(folder / "bag", messages())


def _write_ros1(source: Path, folder: Path) -> Path:
    types = get_typestore(Stores.ROS1_NOETIC)
    connections: dict[str, Any] = {}
    with rosbag1.Writer(folder / "bag.bag") as writer:
        for message in read(source):
            if message.topic not in connections:
                connections[message.topic] = writer.add_connection(message.topic, message.type, typestore=types)
            cdr = TYPES.serialize_cdr(message.content, message.type)
            writer.write(connections[message.topic], message.stamp_ns, TYPES.cdr_to_ros1(cdr, message.type))
    return folder / "bag.bag"


def _write_file_alone(source: Path, folder: Path, name: str, **options: Any) -> Path:
    return write(folder / "bag", read(source), **options) / name


def _write_compressed_file(source: Path, folder: Path) -> Path:
    """rosbag2's compression of whole files; rosbags writes none."""
    bag = write(folder / "bag", read(source), StoragePlugin.SQLITE3)
    path = bag / "bag.db3"
    (bag / "bag.db3.zstd").write_bytes(zstd.compress(path.read_bytes()))
    path.unlink()
    text = (bag / "metadata.yaml").read_text().replace("bag.db3", "bag.db3.zstd")
    (bag / "metadata.yaml").write_text(text)
    return bag


JPEG = transported("bgr8", "/compressed", coders.code_picture(".jpg", "bgr8; jpeg compressed bgr8"))
RGB_PNG = coders.code_picture(".png", "rgb8; png compressed rgb8")

FORMS = (
    Form("rosbag2 folder, MCAP", lambda source, folder: write(folder / "bag", read(source))),
    Form("rosbag2 folder, SQLite", lambda source, folder: write(folder / "bag", read(source), StoragePlugin.SQLITE3)),
    Form("the .db3 file alone", lambda s, f: _write_file_alone(s, f, "bag.db3", plugin=StoragePlugin.SQLITE3)),
    Form("ROS 1 .bag", _write_ros1),
    Form("colour: compressed, JPEG", JPEG, is_exact=False),
    Form(
        "colour: compressed, JPEG of a driver of its own (`jpeg`)",
        transported("bgr8", "/compressed", coders.code_picture(".jpg", "jpeg")),
        is_exact=False,
    ),
    Form(
        "colour: compressed, PNG",
        transported("bgr8", "/compressed", coders.code_picture(".png", "bgr8; png compressed bgr8")),
    ),
    Form(
        "colour: compressed, PNG whose channels are RGB",
        transported("bgr8", "/compressed", RGB_PNG, coders.convert_to_rgb),
    ),
    Form("colour: zstd (gzip inside, Jazzy and Kilted)", transported("bgr8", "/zstd", coders.code_zstd())),
    Form("colour: zstd (Zstandard inside, later)", transported("bgr8", "/zstd", coders.code_zstd(zstd.compress))),
    Form("colour: Foxglove RawImage", transported("bgr8", "", coders.code_foxglove_raw)),
    Form(
        "colour: Foxglove CompressedImage, JPEG",
        transported("bgr8", "", coders.code_foxglove_compressed),
        is_exact=False,
    ),
    Form(
        "depth: compressed, PNG",
        transported("16UC1", "/compressed", coders.code_picture(".png", "16UC1; png compressed ")),
    ),
    Form(
        "depth: compressedDepth, PNG",
        transported("16UC1", "/compressedDepth", coders.code_depth_png("16UC1; compressedDepth png")),
    ),
    Form(
        "depth: compressedDepth, PNG, old format string",
        transported("16UC1", "/compressedDepth", coders.code_depth_png("16UC1; compressedDepth")),
    ),
    Form("depth: compressedDepth, RVL", transported("16UC1", "/compressedDepth", coders.code_depth_rvl(encode_rvl))),
    Form(
        "depth: compressedDepth, 32FC1",
        transported("16UC1", "/compressedDepth", coders.code_depth_float),
        is_exact=False,
    ),
    Form("depth: zstd", transported("16UC1", "/zstd", coders.code_zstd())),
    Form("depth: Foxglove RawImage", transported("16UC1", "", coders.code_foxglove_raw)),
    Form("depth: Foxglove CompressedImage, PNG", transported("16UC1", "", coders.code_foxglove_compressed)),
    Form(
        "imagers: compressed, PNG",
        transported("mono8", "/compressed", coders.code_picture(".png", "mono8; png compressed ")),
    ),
    Form("`offered_qos_profiles: []` in metadata.yaml", _write_with_qos),
    Form(
        "metadata.yaml of version 10",
        lambda s, f: _edit_metadata(s, f, lambda information: information.update(version=10)),
    ),
    Form(
        "each message compressed, folder",
        lambda s, f: write(f / "bag", read(s), StoragePlugin.SQLITE3, CompressionMode.MESSAGE),
    ),
    Form(
        "each message compressed, inner file alone",
        lambda s, f: _write_file_alone(s, f, "bag.db3", plugin=StoragePlugin.SQLITE3, mode=CompressionMode.MESSAGE),
    ),
    Form("each file compressed", _write_compressed_file),
    Form("MCAP without profile", lambda s, f: mcap_files.write_unchunked(f / "bag.mcap", read(s), profile="")),
    Form(
        "MCAP without chunks, log times out of order",
        lambda s, f: mcap_files.write_unchunked(f / "bag.mcap", read(s), swapped=True),
    ),
    Form("split into two files", lambda s, f: _write_parts(s, f, by_topic=False, keep_metadata=True)),
    Form(
        "split into two files, no metadata.yaml", lambda s, f: _write_parts(s, f, by_topic=False, keep_metadata=False)
    ),
    Form("colour and depth in files of their own", lambda s, f: _write_parts(s, f, by_topic=True, keep_metadata=True)),
    Form("a latched message 100 s before the camera", _write_latched_before),
    Form("depth of a second camera in the bag", _write_beside_webcam),
)
