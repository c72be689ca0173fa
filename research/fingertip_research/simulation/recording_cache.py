"""The demonstration's recording, rendered once and kept in the cache."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import fingertip_contact.keyboard
import fingertip_research.simulation
from fingertip_contact.resources import find_share_directory, get_cache_directory
from fingertip_research.ground_truth.recording import ground_truth_path


def locate_recording(settings: dict[str, object]) -> Path:
    """Where the recording of these settings lies or will lie.

    The name changes with the simulation's code and the layouts, so that an old image never stands in for a new one.
    """
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
    packages = [Path(package.__path__[0]) for package in (fingertip_research.simulation, fingertip_contact.keyboard)]
    for folder in (*packages, find_share_directory() / "config" / "layouts"):
        for path in sorted(folder.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                digest.update(path.read_bytes())
    return get_cache_directory() / "recordings" / f"demo-{digest.hexdigest()[:16]}.mcap"


def is_complete(recording: Path) -> bool:
    """Whether both the bag and its truth are there; each appears only when it is complete."""
    return recording.exists() and ground_truth_path(recording).exists()
