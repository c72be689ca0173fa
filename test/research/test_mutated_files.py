"""Files of every kind with one or two members replaced: each reader reads them, or raises what its docstring names."""

from __future__ import annotations

import copy
import json
import random
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import yaml

import dataset_world as world
from fingertip_contact.contact.classifiers.tree_model import load_tree_ensemble
from fingertip_contact.contact.parameters import load_profile
from fingertip_contact.depth import conversions
from fingertip_contact.depth.configuration import read_max_depth_m
from fingertip_contact.geometry import Camera, RigidTransform
from fingertip_contact.keyboard.layout import load_layout
from fingertip_contact.keyboard.sheet_pose_file import load_pose, save_pose
from fingertip_contact.recordings.camera_info_file import load_camera_info, save_camera_info
from fingertip_contact.recordings.events import read_events
from fingertip_research.datasets.annotations import read_annotation, read_label
from fingertip_research.datasets.dataset import open_session
from fingertip_research.datasets.split import load_split
from fingertip_research.evaluation.fingertip_noise import load_noise_model
from fingertip_research.evaluation.recording_sets import load_recording_set
from fingertip_research.ground_truth.recording import read_ground_truth, read_ground_truth_frames
from fingertip_research.resources import CONFIG
from fingertip_research.training.configuration import load_configuration
from repository import ROOT

CASES = 30
# Of any type, from nothing to what overflows in numpy.
VALUES = (
    None, True, 0, -1, 0.5, 1e308, -1e308, 2**63 - 1, "", "x", "nan", "1", "../../x", "\x1b[31m", [], {}, [[]], [None],
    {"a": 1}, {"a": []}, [1, 2], [1, 2, 3], [[1, 2], [3, 4]], [10**18] * 3, [1e308] * 9, [["a"]],
)  # fmt: skip
LAYOUT = load_layout("numpad")
CAMERA = Camera(400.0, 400.0, 320.0, 240.0, 640, 480)
EVENT = {
    "stamp_ns": 1, "decided_ns": 2, "type": "press", "hand": "left", "finger": "index", "key": "a", "text": "a",
    "x_m": 0.1, "y_m": 0.1, "z_m": 0.3, "confidence": 0.9, "press": 1, "rejected": "", "reason": None, "repeat": 0,
}  # fmt: skip
POSE = {"rotation": [[1.0, 0.0, 0.0], [0.0, -1.0, 0.0], [0.0, 0.0, -1.0]], "translation_m": [0.0, 0.0, 0.36]}
HEADER = {"kind": "header", "version": 1, "text": "hi", "participant": {"scale": 1.0}, "camera_from_sheet": POSE}
TAP = {
    "kind": "tap", "press_ns": 2, "release_ns": 3, "hand": "left", "finger": "index", "key": "h", "text": "h",
    "x_m": 0.01, "y_m": 0.02,
}  # fmt: skip
FINGER = {
    "pad_m": [0.0, 0.0, 0.0], "clearance_m": 0.0, "contact": True, "key": "h", "tip_px": [3.5, 2.0], "visible": True,
}  # fmt: skip
FRAME = {
    "kind": "frame",
    "stamp_ns": 2,
    "hands": [{"hand": "left", "joints_m": {"wrist": [0.0, -0.1, 0.05]}, "fingers": {"index": FINGER}}],
}


class Kind(NamedTuple):
    """A kind of file: a valid one, and how it is read. name: of the file. head: lines before, which stay."""

    name: str
    valid: Any
    read: Callable[[Path], object]
    head: str = ""


def make_kinds(folder: Path) -> Iterator[Kind]:
    save_pose(folder / "pose.yaml", LAYOUT, RigidTransform(np.array(POSE["rotation"]), np.array([0.0, 0.0, 0.36])))
    save_camera_info(folder / "camera.yaml", CAMERA, "mine")
    session = world.write_session(folder / "dataset").path
    trees = json.loads((ROOT / "config/contact_classifiers/touch/timing.json").read_text(encoding="utf-8"))
    features = tuple(trees["features"])
    trees |= {name: trees[name][:2] for name in ("feature", "right", "threshold_or_leaf")}
    conversion = {
        "format": "onnx", "precision": "fp32", "height": 28, "width": 28, "max_depth_m": 0.5, "weights_sha256": "0",
        "made_with": {},
    }  # fmt: skip
    converted = folder / "converted"
    converted.mkdir()
    for file in (conversions.GRAPH_FILES["onnx"], conversions.PARITY_FILE):
        (converted / file).touch()
    profile = {"default": {"classifier": "evidence", "entry_height_m": 0.0045, "model": "", "cues": ""}}
    yield Kind("layout.yaml", read_yaml(ROOT / "config/layouts/numpad.yaml"), load_layout)
    yield Kind("layout.json", read_yaml(ROOT / "config/layouts/piano.yaml"), load_layout)
    yield Kind("profile.yaml", profile, load_profile)
    yield Kind("pose.yaml", read_yaml(folder / "pose.yaml"), lambda path: load_pose(path, LAYOUT))
    yield Kind("camera.yaml", read_yaml(folder / "camera.yaml"), load_camera_info)
    yield Kind("events.jsonl", EVENT, read_events)
    yield Kind("header.jsonl", HEADER, read_ground_truth)
    yield Kind("tap.jsonl", TAP, read_ground_truth, head=json.dumps(HEADER) + "\n")
    yield Kind("frame.jsonl", FRAME, lambda path: list(read_ground_truth_frames(path)))
    yield Kind("trees.json", trees, lambda path: load_tree_ensemble(path, features))
    yield Kind("split.json", read_yaml(CONFIG / "splits/card.json"), load_split)
    noise = read_yaml(CONFIG / "fingertip_noise.yaml")
    noise["angles"] = noise["angles"][:2]
    yield Kind("noise.yaml", noise, load_noise_model)
    sets = {"touch_fit": read_yaml(CONFIG / "recordings.yaml")["touch_fit"][:3]}
    yield Kind("sets.yaml", sets, lambda path: load_recording_set("touch_fit", path))
    yield Kind("recipe.yaml", read_yaml(CONFIG / "training/d405.yaml"), load_configuration)
    yield Kind("config.json", {"encoder": "vits", "max_depth": 0.5}, read_max_depth_m)
    description = f"{converted}/{conversions.DESCRIPTION_FILE}"
    yield Kind(description, conversion, lambda path: conversions.read(path.parent))
    yield Kind(f"{session}/metadata.json", read_yaml(session / "metadata.json"), lambda path: open_session(session))
    yield Kind("annotation.json", read_yaml(next(session.glob("annotations/*.json"))), read_annotation)
    yield Kind("label.json", read_yaml(next(session.glob("labels/*.json"))), read_label)


def read_yaml(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def list_places(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Of every member, as the names and indices that lead to it."""
    members = value.items() if isinstance(value, dict) else enumerate(value[:6]) if isinstance(value, list) else ()
    for name, member in members:
        yield (*place, name)
        yield from list_places(member, (*place, name))


def mutate(valid: Any, random_: random.Random) -> Any:
    """One or two members are replaced, removed or renamed."""
    value = copy.deepcopy(valid)
    for _ in range(random_.choice((1, 1, 2))):
        *names, last = random_.choice(list(list_places(value)) or [(None,)])
        parent = value
        for name in names:
            parent = parent[name]
        action = random_.random()
        if last is None:
            break
        if action < 0.15:
            del parent[last]
        elif action < 0.2 and isinstance(parent, dict):
            parent[str(random_.choice(VALUES))] = parent.pop(last)
        else:
            parent[last] = copy.deepcopy(random_.choice(VALUES))
    return value


def write(path: Path, head: str, value: Any) -> None:
    text = yaml.safe_dump(value) if path.suffix == ".yaml" else json.dumps(value)
    path.write_text(head + text, encoding="utf-8")


@pytest.fixture(scope="module")
def kinds(tmp_path_factory: pytest.TempPathFactory) -> list[Kind]:
    return list(make_kinds(tmp_path_factory.mktemp("kinds")))


@pytest.mark.parametrize("index", range(19))
def test_readers_raise_documented_errors_only(kinds, tmp_path, index):
    """ValueError or FileNotFoundError; the message names the file; numpy has nothing to warn about. The
    valid file is read without an error."""
    kind = kinds[index]
    path = tmp_path / kind.name
    random_ = random.Random(index)
    write(path, kind.head, kind.valid)
    kind.read(path)
    messages = []
    for _ in range(CASES):
        write(path, kind.head, mutate(kind.valid, random_))
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                kind.read(path)
        except (ValueError, FileNotFoundError) as error:
            messages.append(str(error))
    assert messages
    assert [message for message in messages if path.parent.name not in message] == []


def test_every_kind_is_tested(kinds):
    """As many as the test above counts."""
    assert len(kinds) == 19
