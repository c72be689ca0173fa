"""The sets of rendered recordings that are evaluated or fitted to: config/recordings.yaml."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from fingertip_contact.safe_text import suggest
from fingertip_contact.yaml_file import read_yaml
from fingertip_research.resources import find_config_file

RECORDING_SETS_FILE = "recordings.yaml"


@dataclass(frozen=True)
class RecordingSpec:
    """One recording. seed: draws the participant. text: to type; None for hands that do not type for `seconds`. The
    other fields are the arguments of `simulation.scene.make_scene`; resolution: such as 848x480."""

    text: str | None
    seed: int
    angle_deg: float
    difficulty: str = "normal"
    view: str = "facing"
    posture: str = "curled"
    distance_m: float | None = None
    resolution: str = "640x480"
    frame_rate_hz: float = 30.0
    sensor: str = "stereo"
    seconds: float | None = None

    @property
    def is_typing(self) -> bool:
        return self.text is not None


def load_recording_set(name: str, path: Path | None = None) -> tuple[RecordingSpec, ...]:
    """The recordings of a set, in their order. path: another file than the package's.

    Raises ValueError for an unknown set or a file without recordings, FileNotFoundError for a missing file.
    """
    source = path or find_config_file(RECORDING_SETS_FILE)
    try:
        sets = {key: tuple(RecordingSpec(**entry) for entry in entries) for key, entries in read_yaml(source).items()}
    except (ValueError, AttributeError, TypeError) as error:
        raise ValueError(f"{source} does not hold sets of recordings: {error}") from error
    if name not in sets:
        raise ValueError(f"{source} has no set {name!r}{suggest(name, sets)}; choose one of {', '.join(sets)}")
    return sets[name]
