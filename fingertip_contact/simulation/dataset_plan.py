"""Who sits down under which camera, and how many frames each does of what: a simulated dataset before it is made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from fingertip_contact.recordings.dataset import ACTIONS
from fingertip_contact.recordings.dataset_writer import About
from fingertip_contact.simulation.scene import make_scene
from fingertip_contact.simulation.typist import NANOSECONDS

# Another number where the same recipe gives other pictures than before.
VERSION = 1

# The layout's names of surfaces, and the desks of the simulation that are such. It has none that reflects.
DESK_OF = {"white_desk": "white", "wood_grain": "wood", "dark": "dark", "speckled": "speckled", "grey": "grey"}

# Noon, 15 November 2023.
_FIRST_S = 1_700_049_600
_SECONDS_BETWEEN_SESSIONS = 60


@dataclass(frozen=True)
class Recipe:
    """What decides the dataset, besides its size. every: of the frames at 30 Hz each `every`-th is taken."""

    seed: int = 0
    difficulty: str = "normal"
    every: int = 5
    layout: str = "qwerty"


@dataclass(frozen=True)
class Sitting:
    """One participant under one angle. number: of all sittings. frames: for each action."""

    recipe: Recipe
    number: int
    participant: int
    angle_number: int
    angle_deg: float
    surface: str
    frames: Mapping[str, int]

    @property
    def participant_name(self) -> str:
        return f"P{self.participant:02d}"

    def about(self, action: str) -> About:
        when = datetime.fromtimestamp(self.start_ns(action) // NANOSECONDS, tz=timezone.utc)
        return About(
            participant=self.participant_name,
            angle_deg=self.angle_deg,
            surface=self.surface,
            action=action,
            hand="both",
            time_of_day=f"{when:%H%M%S}",
            timestamp=f"{when:%Y-%m-%d %H:%M:%S}",
        )

    def start_ns(self, action: str) -> int:
        """When a session begins: no two are at the same time."""
        session = self.number * len(ACTIONS) + ACTIONS.index(action)
        return (_FIRST_S + session * _SECONDS_BETWEEN_SESSIONS) * NANOSECONDS

    def folder(self, root: Path, action: str) -> Path:
        return self.about(action).folder(root)

    def described(self, action: str) -> dict[str, Any]:
        """For the metadata; what was made by the same needs not be made again."""
        return {"version": VERSION, **asdict(self.recipe), "frames": self.frames[action]}


def plan(
    participants: int, frames: int, angles_deg: Sequence[float], surfaces: Sequence[str], recipe: Recipe
) -> list[Sitting]:
    """Deals `frames` pictures evenly to participants, angles and actions.

    Raises ValueError where that is impossible: no participant, an angle or surface that cannot be, too few frames.
    """
    unknown = sorted(set(surfaces) - DESK_OF.keys())
    if unknown or not surfaces:
        raise ValueError(f"surfaces {', '.join(unknown) or 'are missing'}: the simulation has {', '.join(DESK_OF)}")
    if participants < 1 or not angles_deg or recipe.every < 1:
        raise ValueError(
            f"{participants} participants under {len(angles_deg)} angles, every {recipe.every}th frame: "
            "there has to be one of each at least"
        )
    if len(set(angles_deg)) < len(angles_deg):
        raise ValueError(f"an angle is named twice: {', '.join(f'{angle:g}' for angle in angles_deg)}")
    for angle_deg in angles_deg:
        make_scene(recipe.seed, angle_deg, recipe.difficulty)  # says what cannot be
    sittings = participants * len(angles_deg)
    if frames < sittings:
        raise ValueError(f"{frames} frames for {participants} participants under {len(angles_deg)} angles: at least "
                         f"{sittings} are needed, one for each")  # fmt: skip
    return [
        Sitting(
            recipe=recipe,
            number=number,
            participant=number // len(angles_deg) + 1,
            angle_number=number % len(angles_deg),
            angle_deg=angles_deg[number % len(angles_deg)],
            surface=surfaces[(number // len(angles_deg) + number % len(angles_deg)) % len(surfaces)],
            frames=_by_action(_share(frames, sittings, number), first=number % len(ACTIONS)),
        )
        for number in range(sittings)
    ]


def _share(total: int, parts: int, part: int) -> int:
    """Of `total` things dealt evenly."""
    return total * (part + 1) // parts - total * part // parts


def _by_action(frames: int, first: int) -> dict[str, int]:
    """frames dealt to the actions, beginning with number `first`: with few of them, every action gets its turn."""
    return {
        action: frames // len(ACTIONS) + ((index - first) % len(ACTIONS) < frames % len(ACTIONS))
        for index, action in enumerate(ACTIONS)
    }
