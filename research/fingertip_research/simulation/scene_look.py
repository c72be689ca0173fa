"""The look of a scene, drawn at random: its light, its desk, the participant's skin, sleeves and rings.

Colours are linear (not gamma-coded) and in the order blue, green, red, as in the image.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from fingertip_contact.datatypes import HANDS, Finger, Handedness
from fingertip_research.simulation.difficulty import Difficulty

DESKS = ("wood", "white", "grey", "dark", "speckled")
# Desks that give stereo matching little to hold on to.
PLAIN_DESKS = ("plain_wood", "plain_white", "plain_grey")

# Albedo of the back of the hand, sRGB, from light to dark.
SKIN_TONES_SRGB = (
    (236, 196, 174),
    (226, 180, 152),
    (212, 160, 128),
    (194, 140, 106),
    (164, 112, 82),
    (128, 86, 62),
    (96, 66, 50),
)
SLEEVES_SRGB = ((46, 62, 96), (120, 122, 126), (38, 40, 44), (108, 42, 46), (70, 96, 74), (196, 190, 178))

_PLAIN_DESK_RATIO: dict[Difficulty, float] = {"calm": 0.2, "normal": 0.35, "hard": 0.5}
_RING_RATIO: dict[Difficulty, float] = {"calm": 0.0, "normal": 0.3, "hard": 0.5}
_RING_FINGERS: tuple[Finger, ...] = ("index", "middle", "ring")
# Half range of the lamp's tint: what white balance leaves of warm and cold light.
_MAX_WARMTH: dict[Difficulty, float] = {"calm": 0.06, "normal": 0.12, "hard": 0.22}


@dataclass(frozen=True)
class Light:
    """A round lamp and the diffuse light of the room.

    position_m: (3,) of the lamp, sheet frame. radius_m: of the lamp, determines how soft shadows are. lamp_bgr: (3,)
    irradiance by the lamp of a level surface at the sheet's centre. sky_bgr: (3,) irradiance from above without the
    lamp.
    """

    position_m: np.ndarray
    radius_m: float
    lamp_bgr: np.ndarray
    sky_bgr: np.ndarray


@dataclass(frozen=True)
class Appearance:
    """desk: one of DESKS or PLAIN_DESKS. skin_tone: index into SKIN_TONES_SRGB. sleeve_bgr: (3,). bare_forearm_m:
    visible skin between wrist and sleeve. rings: the fingers that wear one."""

    desk: str
    skin_tone: int
    sleeve_bgr: np.ndarray
    bare_forearm_m: float
    rings: tuple[tuple[Handedness, Finger], ...] = ()


def sample_light(random: np.random.Generator, difficulty: Difficulty) -> tuple[Light, float]:
    """A lamp overhead to one side, and an exposure that varies like automatic exposure of white paper."""
    azimuth = random.uniform(-1.0, 1.0) + (0.0 if random.random() < 0.7 else math.pi)
    elevation = math.radians(random.uniform(48, 72))
    distance_m = random.uniform(0.9, 1.5)
    level = np.array([math.sin(azimuth), math.cos(azimuth), 0.0]) * math.cos(elevation)
    position_m = distance_m * (level + np.array([0.0, 0.0, math.sin(elevation)]))
    warmth = random.uniform(-1, 1) * _MAX_WARMTH[difficulty]
    tint = np.array([1 - warmth, 1.0, 1 + warmth])
    lamp_fraction = random.uniform(0.40, 0.60)
    light = Light(
        position_m=position_m,
        radius_m=random.uniform(0.06, 0.14),
        lamp_bgr=(lamp_fraction * tint).astype(np.float32),
        sky_bgr=((1 - lamp_fraction) * (2 - tint)).astype(np.float32),
    )
    paper_range = {"calm": (0.62, 0.78), "normal": (0.50, 0.85), "hard": (0.30, 1.0)}[difficulty]
    return light, random.uniform(*paper_range) / 0.85


def sample_appearance(random: np.random.Generator) -> Appearance:
    """A desk with texture, and a participant without rings."""
    return Appearance(
        desk=DESKS[random.integers(len(DESKS))],
        skin_tone=int(random.integers(len(SKIN_TONES_SRGB))),
        sleeve_bgr=srgb_to_linear_bgr(SLEEVES_SRGB[random.integers(len(SLEEVES_SRGB))]),
        bare_forearm_m=random.uniform(0.02, 0.10),
    )


def add_details(appearance: Appearance, random: np.random.Generator, difficulty: Difficulty) -> Appearance:
    """The appearance, with a plainer desk or rings for some participants."""
    is_plain, plain_desk = random.random() < _PLAIN_DESK_RATIO[difficulty], random.choice(PLAIN_DESKS)
    worn = [
        (hand, finger)
        for hand in HANDS
        for finger in _RING_FINGERS
        if random.random() < _RING_RATIO[difficulty] / len(_RING_FINGERS)
    ]
    return replace(appearance, desk=str(plain_desk) if is_plain else appearance.desk, rings=tuple(worn))


def srgb_to_linear_bgr(srgb: tuple[float, float, float]) -> np.ndarray:
    """An sRGB colour, 0..255 -> linear BGR (3,) float32, 0..1 (IEC 61966-2-1)."""
    value = np.array(srgb[::-1], dtype=np.float64) / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4).astype(np.float32)
