"""The plan of a simulated dataset: participants, camera angles, and the number of frames per action."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from fingertip_research.datasets.dataset import ACTIONS
from fingertip_research.datasets.writer import SessionInfo
from fingertip_research.simulation.rendered_typing import NANOSECONDS
from fingertip_research.simulation.scene import make_scene

# Increase whenever the same configuration gives different images.
VERSION = 1

# Surface name of the dataset layout -> desk of the simulation, which has no reflective one.
DESK_BY_SURFACE = {"white_desk": "white", "wood_grain": "wood", "dark": "dark", "speckled": "speckled", "grey": "grey"}

# Noon, 15 November 2023.
_FIRST_SESSION_S = 1_700_049_600
_SESSION_SPACING_S = 60


@dataclass(frozen=True)
class DatasetConfig:
    """The settings of a dataset, except its size. every: every n-th frame of 30 Hz is rendered."""

    seed: int = 0
    difficulty: str = "normal"
    every: int = 5
    layout: str = "qwerty"


@dataclass(frozen=True)
class CaptureBlock:
    """One participant at one camera angle. index: among all blocks. frames: per action."""

    config: DatasetConfig
    index: int
    participant: int
    angle_index: int
    angle_deg: float
    surface: str
    frames: Mapping[str, int]

    @property
    def participant_name(self) -> str:
        return f"P{self.participant:02d}"

    def session_info(self, action: str) -> SessionInfo:
        start_time = datetime.fromtimestamp(self.start_ns(action) // NANOSECONDS, tz=timezone.utc)
        return SessionInfo(
            participant=self.participant_name,
            angle_deg=self.angle_deg,
            surface=self.surface,
            action=action,
            hand="both",
            time_of_day=f"{start_time:%H%M%S}",
            timestamp=f"{start_time:%Y-%m-%d %H:%M:%S}",
        )

    def start_ns(self, action: str) -> int:
        """The start of a session; no two sessions start at the same time."""
        session = self.index * len(ACTIONS) + ACTIONS.index(action)
        return (_FIRST_SESSION_S + session * _SESSION_SPACING_S) * NANOSECONDS

    def folder(self, root: Path, action: str) -> Path:
        return self.session_info(action).folder(root)

    def to_metadata(self, action: str) -> dict[str, Any]:
        """For the metadata; a session with equal metadata is not rendered again."""
        return {"version": VERSION, **asdict(self.config), "frames": self.frames[action]}


def plan_dataset(
    participants: int, frames: int, angles_deg: Sequence[float], surfaces: Sequence[str], config: DatasetConfig
) -> list[CaptureBlock]:
    """Deals `frames` images evenly to participants, angles and actions.

    Raises ValueError where that is impossible: no participant, an impossible angle or surface, too few frames.
    """
    unknown = sorted(set(surfaces) - DESK_BY_SURFACE.keys())
    if unknown or not surfaces:
        raise ValueError(
            f"surfaces {', '.join(unknown) or 'are missing'}: the simulation has {', '.join(DESK_BY_SURFACE)}"
        )
    if participants < 1 or not angles_deg or config.every < 1:
        raise ValueError(
            f"{participants} participants at {len(angles_deg)} angles, every {config.every}th frame: "
            "each of the three has to be at least 1"
        )
    if len(set(angles_deg)) < len(angles_deg):
        raise ValueError(f"an angle is named twice: {', '.join(f'{angle:g}' for angle in angles_deg)}")
    for angle_deg in angles_deg:
        make_scene(config.seed, angle_deg, config.difficulty)  # Raises for impossible values.
    blocks = participants * len(angles_deg)
    if frames < blocks:
        raise ValueError(f"{frames} frames for {participants} participants at {len(angles_deg)} angles: at least "
                         f"{blocks} are needed, one for each")  # fmt: skip
    return [
        CaptureBlock(
            config=config,
            index=index,
            participant=index // len(angles_deg) + 1,
            angle_index=index % len(angles_deg),
            angle_deg=angles_deg[index % len(angles_deg)],
            surface=surfaces[(index // len(angles_deg) + index % len(angles_deg)) % len(surfaces)],
            frames=_deal_to_actions(_deal_part(frames, blocks, index), first=index % len(ACTIONS)),
        )
        for index in range(blocks)
    ]


def _deal_part(total: int, parts: int, part: int) -> int:
    """The size of part number `part` if `total` is dealt evenly to `parts`."""
    return total * (part + 1) // parts - total * part // parts


def _deal_to_actions(frames: int, first: int) -> dict[str, int]:
    """Deals frames to the actions, starting with number `first`, so that few frames are spread over all actions."""
    return {
        action: frames // len(ACTIONS) + ((index - first) % len(ACTIONS) < frames % len(ACTIONS))
        for index, action in enumerate(ACTIONS)
    }
