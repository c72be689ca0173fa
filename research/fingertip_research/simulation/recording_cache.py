"""Simulated recordings that are rendered once and kept in the cache."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import fingertip_contact.keyboard
import fingertip_research.simulation
from fingertip_contact.resources import find_share_directory, get_cache_directory
from fingertip_research.ground_truth.recording import ground_truth_path

# What the simulation imports of the keyboard, directly or not: layouts and the picture of the sheet. Reading keys and
# text changes no recording.
KEYBOARD_MODULES = (
    "accents",
    "labels",
    "layout",
    "layout_file",
    "marker_cells",
    "markers",
    "shapes",
    "sheet",
    "sheet_primitives",
)


def locate_recording(settings: dict[str, object]) -> Path:
    """The path of the recording of these settings, whether it exists or not.

    The name contains a digest of the simulation's code and the layouts: after a change, recordings are rendered again.
    """
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
    for path in _list_sources():
        digest.update(path.read_bytes())
    return get_cache_directory() / "recordings" / f"demo-{digest.hexdigest()[:16]}.mcap"


def _list_sources() -> Iterator[Path]:
    keyboard = Path(fingertip_contact.keyboard.__path__[0])
    yield from _list_files(Path(fingertip_research.simulation.__path__[0]))
    yield from (keyboard / f"{name}.py" for name in KEYBOARD_MODULES)
    yield from _list_files(find_share_directory() / "config" / "layouts")


def _list_files(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.rglob("*")) if path.is_file() and "__pycache__" not in path.parts]


def is_complete(recording: Path) -> bool:
    """Whether both the bag and its ground truth exist; each appears only when it is complete."""
    return recording.exists() and ground_truth_path(recording).exists()
