"""The scene of one recording, drawn from a seed: cameras and their pose, light, desk, the participant's appearance.

Colours are linear (not gamma-coded) and in the order blue, green, red, as in the image.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from fingertip_contact.datatypes import HANDS, Finger, Handedness
from fingertip_contact.geometry import Camera, RigidTransform
from fingertip_research.simulation.camera_view import View, check_placement, parse_view, sample_camera_from_sheet
from fingertip_research.simulation.surroundings import Clutter, parse_clutter

Difficulty = Literal["calm", "normal", "hard"]
DIFFICULTIES: tuple[Difficulty, ...] = ("calm", "normal", "hard")

# How fingers are held: bent as over a keyboard, or stretched, which type from the knuckle.
PostureName = Literal["curled", "stretched"]
POSTURES: tuple[PostureName, ...] = ("curled", "stretched")

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

# Independent random streams: a change in one sampling function does not change the results of the others.
_CAMERA_STREAM, _LIGHT_STREAM, _APPEARANCE_STREAM, _SENSOR_STREAM = range(100, 104)
_DETAIL_STREAM = 105

_CLUTTER: dict[Difficulty, Clutter] = {"calm": "none", "normal": "some", "hard": "much"}
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
class DepthNoise:
    """Errors of the stereo depth. Standard deviations in pixels of disparity.

    temporal_px: noise that is independent per frame. fixed_px: noise that is the same in all frames. correlation_px:
    distance over which block matching correlates both. hole_ratio: tendency of surfaces without texture to lose their
    depth, 0..1.
    """

    temporal_px: float
    fixed_px: float
    correlation_px: float
    hole_ratio: float


@dataclass(frozen=True)
class Appearance:
    """desk: one of DESKS or PLAIN_DESKS. skin_tone: index into SKIN_TONES_SRGB. sleeve_bgr: (3,). bare_forearm_m:
    visible skin between wrist and sleeve. rings: the fingers that wear one."""

    desk: str
    skin_tone: int
    sleeve_bgr: np.ndarray
    bare_forearm_m: float
    rings: tuple[tuple[Handedness, Finger], ...] = ()


@dataclass(frozen=True)
class Scene:
    """The constant parts of a recording, except the hands.

    posture: of the participant's fingers. clutter: how much stands on the desk and beside it.
    exposure: factor from radiance to the sensor's range (1 saturates). color_noise: SD of a pixel's noise at full
    scale, in the same range.
    """

    seed: int
    angle_deg: float
    difficulty: Difficulty
    view: View
    posture: PostureName
    clutter: Clutter
    color_camera: Camera
    depth_camera: Camera
    camera_from_sheet: RigidTransform
    light: Light
    appearance: Appearance
    depth_noise: DepthNoise
    exposure: float
    color_noise: float


def make_scene(
    seed: int,
    angle_deg: float,
    level: str = "normal",
    distance_m: float | None = None,
    *,
    view: str = "facing",
    posture: str = "curled",
    clutter: str | None = None,
) -> Scene:
    """The scene of a seed. level: one of DIFFICULTIES. distance_m: camera to sheet centre; None: drawn. view, posture,
    clutter: one of VIEWS, POSTURES, CLUTTERS; None: by difficulty.

    Raises ValueError for an impossible angle or distance, or an unknown name.
    """
    check_placement(angle_deg, distance_m)
    difficulty = _parse_difficulty(level)
    color_camera, depth_camera = _sample_cameras(np.random.default_rng([seed, _CAMERA_STREAM]))
    random = np.random.default_rng([seed, _CAMERA_STREAM, 1])
    default_m = random.uniform(0.33, 0.37) if difficulty == "calm" else random.uniform(0.32, 0.40)
    side = parse_view(view)
    pose = sample_camera_from_sheet(random, side, angle_deg, distance_m or default_m)
    light, exposure = _sample_light(np.random.default_rng([seed, _LIGHT_STREAM]), difficulty)
    return Scene(
        seed=seed,
        angle_deg=angle_deg,
        difficulty=difficulty,
        view=side,
        posture=_parse_posture(posture),
        clutter=_CLUTTER[difficulty] if clutter is None else parse_clutter(clutter),
        color_camera=color_camera,
        depth_camera=depth_camera,
        camera_from_sheet=pose,
        light=light,
        appearance=_add_details(
            _sample_appearance(np.random.default_rng([seed, _APPEARANCE_STREAM])),
            np.random.default_rng([seed, _DETAIL_STREAM]),
            difficulty,
        ),
        depth_noise=_sample_depth_noise(np.random.default_rng([seed, _SENSOR_STREAM]), difficulty),
        exposure=exposure,
        color_noise={"calm": 0.010, "normal": 0.014, "hard": 0.022}[difficulty],
    )


def _parse_difficulty(name: str) -> Difficulty:
    for difficulty in DIFFICULTIES:
        if difficulty == name:
            return difficulty
    raise ValueError(f"difficulty is {name}: choose one of {', '.join(DIFFICULTIES)}")


def _parse_posture(name: str) -> PostureName:
    for posture in POSTURES:
        if posture == name:
            return posture
    raise ValueError(f"posture is {name}: choose one of {', '.join(POSTURES)}")


def _sample_cameras(random: np.random.Generator) -> tuple[Camera, Camera]:
    """Colour and depth intrinsics of one unit: those of a D405 at 640x480, with the spread between units."""
    fx = 391.76 + random.normal(0, 1.5)
    color = Camera(
        fx=fx,
        fy=fx * 390.61 / 391.76 + random.normal(0, 0.2),
        cx=322.81 + random.normal(0, 1.5),
        cy=239.81 + random.normal(0, 1.5),
        width=640,
        height=480,
        distortion=tuple(float(value) for value in _DISTORTION * random.normal(1, 0.1, 5)),
    )
    focal = 362.0 + random.normal(0, 1.5)
    depth = Camera(focal, focal, 320.5 + random.normal(0, 2), 239.5 + random.normal(0, 2), 640, 480)
    return color, depth


# k1, k2, p1, p2, k3 of a D405's colour stream, in the order of CameraInfo.
_DISTORTION = np.array([-0.052, 0.056, -0.0008, 0.0014, -0.019])


def _sample_light(random: np.random.Generator, difficulty: Difficulty) -> tuple[Light, float]:
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


def _sample_appearance(random: np.random.Generator) -> Appearance:
    return Appearance(
        desk=DESKS[random.integers(len(DESKS))],
        skin_tone=int(random.integers(len(SKIN_TONES_SRGB))),
        sleeve_bgr=srgb_to_linear_bgr(SLEEVES_SRGB[random.integers(len(SLEEVES_SRGB))]),
        bare_forearm_m=random.uniform(0.02, 0.10),
    )


def _add_details(appearance: Appearance, random: np.random.Generator, difficulty: Difficulty) -> Appearance:
    """The appearance, with a plainer desk or rings for some participants."""
    is_plain, plain_desk = random.random() < _PLAIN_DESK_RATIO[difficulty], random.choice(PLAIN_DESKS)
    worn = [
        (hand, finger)
        for hand in HANDS
        for finger in _RING_FINGERS
        if random.random() < _RING_RATIO[difficulty] / len(_RING_FINGERS)
    ]
    return replace(appearance, desk=str(plain_desk) if is_plain else appearance.desk, rings=tuple(worn))


def _sample_depth_noise(random: np.random.Generator, difficulty: Difficulty) -> DepthNoise:
    """Sub-pixel block matching has an error of 0.05 to 0.1 px of disparity (see `sensor`)."""
    total_px = {"calm": (0.05, 0.06), "normal": (0.06, 0.08), "hard": (0.08, 0.10)}[difficulty]
    noise_px = random.uniform(*total_px)
    fixed_px = 0.3 * noise_px
    return DepthNoise(
        temporal_px=math.sqrt(noise_px**2 - fixed_px**2),
        fixed_px=fixed_px,
        correlation_px=random.uniform(1.2, 2.0),
        hole_ratio={"calm": 0.3, "normal": 0.6, "hard": 1.0}[difficulty],
    )


def srgb_to_linear_bgr(srgb: tuple[float, float, float]) -> np.ndarray:
    """An sRGB colour, 0..255 -> linear BGR (3,) float32, 0..1 (IEC 61966-2-1)."""
    value = np.array(srgb[::-1], dtype=np.float64) / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4).astype(np.float32)
