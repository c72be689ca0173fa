"""Files of every kind of the laboratory with one or two members replaced: each reader reads them, or raises what its
docstring names."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

import dataset_world as world
from fingertip_contact.selftest.file_fuzz import fuzz_files
from fingertip_contact.selftest.file_kinds import FileKind
from fingertip_research.datasets.annotations import read_annotation, read_label
from fingertip_research.datasets.dataset import open_session
from fingertip_research.datasets.split import load_split
from fingertip_research.evaluation.fingertip_noise import load_noise_model
from fingertip_research.evaluation.recording_sets import load_recording_set
from fingertip_research.ground_truth.recording import read_ground_truth, read_ground_truth_frames
from fingertip_research.resources import CONFIG
from fingertip_research.training.configuration import load_configuration

CASES = 30
KINDS = 10
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


def make_kinds(folder: Path) -> Iterator[FileKind]:
    """One of each that the laboratory reads."""
    session = world.write_session(folder / "dataset").path
    yield FileKind("header.jsonl", HEADER, read_ground_truth)
    yield FileKind("tap.jsonl", TAP, read_ground_truth, head=json.dumps(HEADER) + "\n")
    yield FileKind("frame.jsonl", FRAME, lambda path: list(read_ground_truth_frames(path)))
    yield FileKind("split.json", read_yaml(CONFIG / "splits/card.json"), load_split)
    noise = read_yaml(CONFIG / "fingertip_noise.yaml")
    noise["angles"] = noise["angles"][:2]
    yield FileKind("noise.yaml", noise, load_noise_model)
    sets = {"touch_fit": read_yaml(CONFIG / "recordings.yaml")["touch_fit"][:3]}
    yield FileKind("sets.yaml", sets, lambda path: load_recording_set("touch_fit", path))
    yield FileKind("recipe.yaml", read_yaml(CONFIG / "training/d405.yaml"), load_configuration)
    yield FileKind(f"{session}/metadata.json", read_yaml(session / "metadata.json"), lambda path: open_session(session))
    yield FileKind("annotation.json", read_yaml(next(session.glob("annotations/*.json"))), read_annotation)
    yield FileKind("label.json", read_yaml(next(session.glob("labels/*.json"))), read_label)


def read_yaml(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def test_readers_raise_documented_errors_only():
    """ValueError or OSError that names the file; numpy has nothing to warn about. Valid files are read without an
    error, and some mutated ones of each kind are refused."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        cases = list(fuzz_files(CASES * KINDS, seed=0, make_kinds=make_kinds))
    assert [case for case in cases if case.finding] == []
    assert len({case.subject for case in cases if case.outcome == "refused"}) == KINDS
