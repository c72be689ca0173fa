"""The provenance of a run's results: code, data, versions."""

from __future__ import annotations

import hashlib
import platform
import subprocess
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from fingertip_research.datasets.dataset import DatasetFrame

PACKAGES = ("fingertip_contact", "torch", "timm", "numpy", "opencv-python-headless", "safetensors")


def collect_provenance(train: Sequence[DatasetFrame], validation: Sequence[DatasetFrame]) -> dict[str, Any]:
    """The provenance that metrics.json records beside the configuration."""
    return {
        "git_revision": get_git_revision(),
        "data_sha256": compute_data_sha256(train, validation),
        "train_frames": len(train),
        "validation_frames": len(validation),
        "train_participants": sorted({frame.participant for frame in train}),
        "validation_participants": sorted({frame.participant for frame in validation}),
        "versions": {"python": platform.python_version(), **{name: _get_version(name) for name in PACKAGES}},
        "threads": torch.get_num_threads(),
        "machine": platform.machine(),
    }


def compute_data_sha256(train: Sequence[DatasetFrame], validation: Sequence[DatasetFrame]) -> str:
    """A hash of the frames of each part, in their order; independent of the dataset's location."""
    digest = hashlib.sha256()
    for part, frames in (("train", train), ("validation", validation)):
        for frame in frames:
            digest.update(f"{part} {frame.session.name} {frame.number}\n".encode())
    return digest.hexdigest()


def get_git_revision() -> str | None:
    """The checkout's revision, with `-dirty` if files differ from it; None outside a checkout."""
    command = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return None


def _get_version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
