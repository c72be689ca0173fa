"""The kinds of files that this package reads: a valid one of each, and how it is read.

Films are left out: their bytes are the business of OpenCV's codecs.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from fingertip_contact.contact.classifiers.tree_model import load_tree_ensemble
from fingertip_contact.contact.parameters import load_profile
from fingertip_contact.depth import conversions
from fingertip_contact.depth.configuration import read_max_depth_m
from fingertip_contact.keyboard.layout import load_layout
from fingertip_contact.keyboard.sheet_pose_file import load_pose, save_pose
from fingertip_contact.keyboard.word_list import load_words
from fingertip_contact.recordings.bag_recording import open_bag_recording
from fingertip_contact.recordings.bag_writer import BagWriter
from fingertip_contact.recordings.camera_info_file import load_camera_info, save_camera_info
from fingertip_contact.recordings.events import read_events
from fingertip_contact.resources import find_share_file
from fingertip_contact.selftest.stand_ins import CAMERA, CAMERA_FROM_SHEET

FRAMES = 4
COLOR, INFO = "/camera/color/image_raw", "/camera/color/camera_info"
EVENT = {
    "stamp_ns": 1, "decided_ns": 2, "type": "press", "hand": "left", "finger": "index", "key": "a", "text": "a",
    "x_m": 0.1, "y_m": 0.1, "z_m": 0.3, "confidence": 0.9, "press": 1, "rejected": "", "reason": None, "repeat": 0,
}  # fmt: skip
CONVERSION = {
    "format": "onnx", "precision": "fp32", "height": 28, "width": 28, "max_depth_m": 0.5, "weights_sha256": "0",
    "made_with": {},
}  # fmt: skip


@dataclass(frozen=True)
class FileKind:
    """name: of the file, in the folder in which it is mutated. valid: its data, or its bytes. read: reads all of it;
    raises ValueError or OSError for a file that cannot be used. head: lines before, which stay."""

    name: str
    valid: Any
    read: Callable[[Path], object]
    head: str = ""


def make_file_kinds(folder: Path) -> Iterator[FileKind]:
    """One of each. folder: for files that others need, and in which the mutated ones have to be."""
    layout = load_layout("numpad")
    save_pose(folder / "valid_pose.yaml", layout, CAMERA_FROM_SHEET)
    save_camera_info(folder / "valid_camera.yaml", CAMERA, "mine")
    trees = json.loads(find_share_file("config/contact_classifiers/touch/timing.json").read_text(encoding="utf-8"))
    features = tuple(trees["features"])
    trees |= {name: trees[name][:2] for name in ("feature", "right", "threshold_or_leaf")}
    for file in (conversions.GRAPH_FILES["onnx"], conversions.PARITY_FILE):
        (folder / file).touch()
    profile = {"default": {"classifier": "evidence", "entry_height_m": 0.0045, "model": "", "cues": ""}}
    yield FileKind("layout.yaml", _read_layout("numpad"), load_layout)
    yield FileKind("layout.json", _read_layout("piano"), load_layout)
    yield FileKind("profile.yaml", profile, load_profile)
    yield FileKind("pose.yaml", _read_yaml(folder / "valid_pose.yaml"), lambda path: load_pose(path, layout))
    yield FileKind("camera.yaml", _read_yaml(folder / "valid_camera.yaml"), load_camera_info)
    yield FileKind("events.jsonl", EVENT, read_events)
    yield FileKind("trees.json", trees, lambda path: load_tree_ensemble(path, features))
    yield FileKind("config.json", {"encoder": "vits", "max_depth": 0.5}, read_max_depth_m)
    yield FileKind(conversions.DESCRIPTION_FILE, CONVERSION, lambda path: conversions.read(path.parent))
    yield FileKind("layout_bytes.yaml", find_share_file("config/layouts/numpad.yaml").read_bytes(), load_layout)
    yield FileKind("words.txt", b"quick\nbrown 12\nfox\n", load_words)
    yield FileKind("bag.mcap", _make_bag(folder / "valid.mcap"), _read_bag)


def _read_layout(name: str) -> Any:
    return _read_yaml(find_share_file(f"config/layouts/{name}.yaml"))


def _read_yaml(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def _make_bag(path: Path) -> bytes:
    image = np.random.default_rng(0).integers(0, 255, (CAMERA.height, CAMERA.width, 3), dtype=np.uint8)
    with BagWriter(path) as bag:
        for index in range(FRAMES):
            bag.write_image(COLOR, index * 10**8, "camera", image, "bgr8")
            bag.write_camera_info(INFO, index * 10**8, "camera", CAMERA)
    return path.read_bytes()


def _read_bag(path: Path) -> None:
    with open_bag_recording(path) as recording:
        for frame in recording.frames():
            frame.color_bgr.max()
