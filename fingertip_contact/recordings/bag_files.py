"""Which files make up a bag, and how many messages they have to hold."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any

import yaml

from fingertip_contact.recordings.paths import BAG_SUFFIXES, COMPRESSED_SUFFIX

# A folder with this file is a bag.
METADATA = "metadata.yaml"
# The parts of a bag that was split while it was recorded: hello_0.mcap, hello_1.mcap ...
_PART_NAME = re.compile(r"(?P<name>.*)_(?P<number>\d+)")


@dataclass(frozen=True)
class BagFiles:
    """paths: in the order of recording. counts: topic -> number of messages, as metadata.yaml declares it."""

    paths: tuple[Path, ...]
    counts: Mapping[str, int] = field(default_factory=dict)


def find_bag_files(path: Path) -> BagFiles:
    """The files of an existing path: a file, a folder with metadata.yaml, or one with a bag's files alone.

    Raises ValueError if it is no bag, a file of it is missing, or metadata.yaml cannot be read.
    """
    if path.is_file():
        if not _is_bag_file(path):
            raise ValueError(f"{path} is not a bag; a bag is a rosbag2 folder or ends in {', '.join(BAG_SUFFIXES)}")
        return BagFiles((path,))
    if (path / METADATA).is_file():
        return _read_metadata(path)
    files = sorted(filter(_is_bag_file, path.iterdir()))
    if len(files) != 1 and not (files := _order_parts(files)):
        names = ", ".join(file.name for file in sorted(filter(_is_bag_file, path.iterdir()))) or "none"
        raise ValueError(
            f"{path} has no {METADATA} and not exactly one bag file (found: {names}); "
            "name the file itself, or repair the folder with `ros2 bag reindex`"
        )
    return BagFiles(tuple(files))


def _is_bag_file(path: Path) -> bool:
    name = path.with_suffix("") if path.suffix == COMPRESSED_SUFFIX else path
    return path.is_file() and name.suffix in BAG_SUFFIXES


def _order_parts(files: Iterable[Path]) -> list[Path]:
    """The parts of one split bag in their order; none if the files are not that."""
    parts: dict[int, Path] = {}
    names = set()
    for file in files:
        match = _PART_NAME.fullmatch(file.name.partition(".")[0])
        if match is None:
            return []
        names.add(match["name"])
        parts[int(match["number"])] = file
    is_complete = len(names) == 1 and sorted(parts) == list(range(len(parts)))
    return [parts[number] for number in sorted(parts)] if is_complete else []


def _read_metadata(folder: Path) -> BagFiles:
    try:
        information = yaml.safe_load((folder / METADATA).read_text())["rosbag2_bagfile_information"]
        # Paths are relative to the folder, or, of old versions, to where the recorder ran.
        paths = tuple(folder / PurePath(name).name for name in information["relative_file_paths"])
        counts = dict(_read_count(topic) for topic in information["topics_with_message_count"])
    except (yaml.YAMLError, KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"{folder / METADATA} cannot be read: {' '.join(str(error).split()) or repr(error)}; repair it with "
            "`ros2 bag reindex`, or name a file of the bag itself"
        ) from error
    missing = [path.name for path in paths if not path.is_file()]
    if missing or not paths:
        raise ValueError(
            f"{folder / METADATA} names {', '.join(missing) or 'no files'}, which the folder lacks; copy the whole "
            "folder, or name one file of it"
        )
    return BagFiles(paths, counts)


def _read_count(topic: dict[str, Any]) -> tuple[str, int]:
    return str(topic["topic_metadata"]["name"]), int(topic["message_count"])
