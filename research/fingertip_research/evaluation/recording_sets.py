"""The sets of rendered recordings that are evaluated or fitted to: config/recordings.yaml."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

from fingertip_research.resources import find_config_file

RECORDING_SETS_FILE = "recordings.yaml"


@dataclass(frozen=True)
class RecordingSpec:
    """One recording. seed: draws the participant."""

    text: str
    seed: int
    angle_deg: float
    difficulty: str = "normal"


def load_recording_set(name: str, path: Path | None = None) -> tuple[RecordingSpec, ...]:
    """The recordings of a set, in their order. path: another file than the package's.

    Raises ValueError for an unknown set or a file without recordings, FileNotFoundError for a missing file.
    """
    source = path or find_config_file(RECORDING_SETS_FILE)
    try:
        sets = {
            key: tuple(RecordingSpec(**entry) for entry in entries)
            for key, entries in yaml.safe_load(source.read_text(encoding="utf-8")).items()
        }
    except (yaml.YAMLError, AttributeError, TypeError) as error:
        raise ValueError(f"{source} does not hold sets of recordings: {error}") from error
    if name not in sets:
        raise ValueError(f"{source} has no set {name!r}; choose one of {', '.join(sets)}")
    return sets[name]
