"""The scene of one recording, drawn from a seed: cameras and their pose, light, desk, the participant's appearance.

Colours are linear (not gamma-coded) and in the order blue, green, red, as in the image.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from fingertip_contact.geometry import Camera, RigidTransform

Difficulty = Literal["calm", "normal", "hard"]
DIFFICULTIES: tuple[Difficulty, ...] = ("calm", "normal", "hard")

ANGLES_DEG = (30.0, 90.0)
DISTANCES_M = (0.28, 0.50)

SensorKind = Literal["stereo", "ideal"]
SENSORS: tuple[SensorKind, ...] = ("stereo", "ideal")
# Profiles of the D405 that are simulated: width, height.
RESOLUTIONS = ((640, 480), (848, 480))

DESKS = ("wood", "white", "grey", "dark", "speckled")

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
_CAMERA_STREAM, _LIGHT_STREAM, _APPEARANCE_STREAM, _SENSOR_STREAM, _IMAGER_STREAM = range(100, 105)


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
class Imagers:
    """How the two imagers of one unit differ from perfect ones, left and right.

    gain: (2,) relative sensitivity. blur_px: (2,) SD of the lens's and the scaler's blur. vignetting: (2,) light lost
    in the corners, 0..1. noise: SD of a pixel's noise at full scale; it grows with the square root of the light.
    rectification_px: SD of what rectification leaves of the lenses' distortion, the same in all frames.
    fixed_error_px, temporal_error_px: SD of the errors of matching that the images do not explain, the same in all
    frames and new in each. depth_scale: factor of all depths by an imperfect calibration of baseline and focal length.
    """

    gain: tuple[float, float]
    blur_px: tuple[float, float]
    vignetting: tuple[float, float]
    noise: float
    rectification_px: float
    fixed_error_px: float
    temporal_error_px: float
    depth_scale: float


@dataclass(frozen=True)
class DepthNoise:
    """Errors of the ideal sensor's depth. Standard deviations in pixels of disparity.

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
    """desk: one of DESKS. skin_tone: index into SKIN_TONES_SRGB. sleeve_bgr: (3,). bare_forearm_m: visible
    skin between wrist and sleeve."""

    desk: str
    skin_tone: int
    sleeve_bgr: np.ndarray
    bare_forearm_m: float


@dataclass(frozen=True)
class Scene:
    """The constant parts of a recording, except the hands.

    exposure: factor from radiance to the sensor's range (1 saturates). exposure_drift: SD of its slow changes, as a
    fraction. exposure_s: time for which the shutter, a global one, is open. color_noise: SD of a pixel's noise at full
    scale, in the same range. depth_noise: of the ideal sensor; imagers: of the stereo sensor.
    """

    seed: int
    angle_deg: float
    difficulty: Difficulty
    color_camera: Camera
    depth_camera: Camera
    camera_from_sheet: RigidTransform
    light: Light
    appearance: Appearance
    depth_noise: DepthNoise
    exposure: float
    exposure_drift: float
    exposure_s: float
    color_noise: float
    sensor: SensorKind
    imagers: Imagers


def make_scene(
    seed: int,
    angle_deg: float,
    level: str = "normal",
    distance_m: float | None = None,
    *,
    sensor: str = "stereo",
    resolution: tuple[int, int] = (640, 480),
) -> Scene:
    """The scene of a seed. level: one of DIFFICULTIES. distance_m: camera to sheet centre; None: drawn. sensor: one of
    SENSORS. resolution: one of RESOLUTIONS.

    Raises ValueError for an impossible angle, distance, difficulty, sensor or resolution.
    """
    _check_placement(angle_deg, distance_m)
    difficulty = _parse_difficulty(level)
    color_camera, depth_camera = _sample_cameras(np.random.default_rng([seed, _CAMERA_STREAM]), resolution)
    random = np.random.default_rng([seed, _CAMERA_STREAM, 1])
    default_m = random.uniform(0.33, 0.37) if difficulty == "calm" else random.uniform(0.32, 0.40)
    pose = _sample_camera_from_sheet(random, angle_deg, distance_m or default_m)
    light, exposure = _sample_light(np.random.default_rng([seed, _LIGHT_STREAM]), difficulty)
    return Scene(
        seed=seed,
        angle_deg=angle_deg,
        difficulty=difficulty,
        color_camera=color_camera,
        depth_camera=depth_camera,
        camera_from_sheet=pose,
        light=light,
        appearance=_sample_appearance(np.random.default_rng([seed, _APPEARANCE_STREAM])),
        depth_noise=_sample_depth_noise(np.random.default_rng([seed, _SENSOR_STREAM]), difficulty),
        exposure=exposure,
        exposure_drift={"calm": 0.01, "normal": 0.03, "hard": 0.08}[difficulty],
        exposure_s=_sample_exposure_s(np.random.default_rng([seed, _IMAGER_STREAM, 1]), difficulty),
        color_noise={"calm": 0.010, "normal": 0.014, "hard": 0.022}[difficulty],
        sensor=_parse_sensor(sensor),
        imagers=_sample_imagers(np.random.default_rng([seed, _IMAGER_STREAM]), difficulty),
    )


def _parse_sensor(name: str) -> SensorKind:
    for sensor in SENSORS:
        if sensor == name:
            return sensor
    raise ValueError(f"sensor is {name}: choose one of {', '.join(SENSORS)}")


def _parse_difficulty(name: str) -> Difficulty:
    for difficulty in DIFFICULTIES:
        if difficulty == name:
            return difficulty
    raise ValueError(f"difficulty is {name}: choose one of {', '.join(DIFFICULTIES)}")


def _check_placement(angle_deg: float, distance_m: float | None) -> None:
    if not ANGLES_DEG[0] <= angle_deg <= ANGLES_DEG[1]:
        raise ValueError(f"angle is {angle_deg} degrees: choose {ANGLES_DEG[0]:g} to {ANGLES_DEG[1]:g}")
    if distance_m is not None and not DISTANCES_M[0] <= distance_m <= DISTANCES_M[1]:
        raise ValueError(f"distance is {distance_m} m: choose {DISTANCES_M[0]} to {DISTANCES_M[1]} m")


def _sample_cameras(random: np.random.Generator, resolution: tuple[int, int]) -> tuple[Camera, Camera]:
    """Colour and depth intrinsics of one unit: those of a D405, with the spread between units.

    The disparity steps of real 640x480 depth are those of f B = 6.951 px m, that is f = 386 px.
    """
    if resolution not in RESOLUTIONS:
        choices = ", ".join(f"{width}x{height}" for width, height in RESOLUTIONS)
        raise ValueError(f"resolution is {resolution[0]}x{resolution[1]}: choose one of {choices}")
    width, height = resolution
    color_focal_px, depth_focal_px = {(640, 480): (391.76, 386.2), (848, 480): (436.0, 430.0)}[resolution]
    fx = color_focal_px + random.normal(0, 1.5)
    color = Camera(
        fx=fx,
        fy=fx * 390.61 / 391.76 + random.normal(0, 0.2),
        cx=width / 2 + 2.81 + random.normal(0, 1.5),
        cy=239.81 + random.normal(0, 1.5),
        width=width,
        height=height,
        distortion=tuple(float(value) for value in _DISTORTION * random.normal(1, 0.1, 5)),
    )
    focal = depth_focal_px + random.normal(0, 1.5)
    center = width / 2 + 0.5 + random.normal(0, 2), 239.5 + random.normal(0, 2)
    return color, Camera(focal, focal, *center, width, height)


# k1, k2, p1, p2, k3 of a D405's colour stream, in the order of CameraInfo.
_DISTORTION = np.array([-0.052, 0.056, -0.0008, 0.0014, -0.019])


def _sample_camera_from_sheet(random: np.random.Generator, angle_deg: float, distance_m: float) -> RigidTransform:
    """A camera beyond the sheet that faces the typist: image up is towards the typist, left is the typist's right."""
    elevation = math.radians(angle_deg + random.normal(0, 0.7))
    azimuth, roll = np.radians(random.normal(0, [2.0, 1.0]))
    target = np.array([random.normal(0, 0.004), random.normal(-0.008, 0.004), 0.0])
    away = np.array([math.sin(azimuth), math.cos(azimuth), 0.0])
    towards_camera = away * math.cos(elevation) + np.array([0.0, 0.0, math.sin(elevation)])
    forward = -towards_camera
    right = np.array([-math.cos(azimuth), math.sin(azimuth), 0.0])
    down = np.cross(forward, right)
    turn = np.array([[math.cos(roll), math.sin(roll)], [-math.sin(roll), math.cos(roll)]])
    rotation = np.vstack([turn @ np.vstack([right, down]), forward])
    return RigidTransform(rotation, -rotation @ (target + distance_m * towards_camera))


def _sample_light(random: np.random.Generator, difficulty: Difficulty) -> tuple[Light, float]:
    """A lamp overhead to one side, and an exposure that varies like automatic exposure of white paper."""
    azimuth = random.uniform(-1.0, 1.0) + (0.0 if random.random() < 0.7 else math.pi)
    elevation = math.radians(random.uniform(48, 72))
    distance_m = random.uniform(0.9, 1.5)
    level = np.array([math.sin(azimuth), math.cos(azimuth), 0.0]) * math.cos(elevation)
    position_m = distance_m * (level + np.array([0.0, 0.0, math.sin(elevation)]))
    warmth = random.uniform(-1, 1) * 0.06
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


def _sample_imagers(random: np.random.Generator, difficulty: Difficulty) -> Imagers:
    """Noise and rectification such that matched depth has the errors of a real D405: docs/simulation.md.

    Real depth was 2.0 to 2.8 % too short in one published unit; the data sheet promises 2 % at 0.5 m.
    """
    noise = {"calm": (0.010, 0.013), "normal": (0.012, 0.018), "hard": (0.018, 0.030)}[difficulty]
    gain, blur_px, vignetting = random.normal(1, 0.02, 2), random.uniform(0.7, 0.9, 2), random.uniform(0.12, 0.20, 2)
    return Imagers(
        gain=(gain[0], gain[1]),
        blur_px=(blur_px[0], blur_px[1]),
        vignetting=(vignetting[0], vignetting[1]),
        noise=random.uniform(*noise),
        rectification_px=random.uniform(0.03, 0.06),
        fixed_error_px=random.uniform(0.10, 0.12),
        temporal_error_px=random.uniform(0.10, 0.12),
        depth_scale=1 + float(np.clip(random.normal(0, 0.01), -0.02, 0.02)),
    )


def _sample_exposure_s(random: np.random.Generator, difficulty: Difficulty) -> float:
    """Automatic exposure indoors: bright desks to dim rooms."""
    return random.uniform(*{"calm": (0.004, 0.008), "normal": (0.006, 0.016), "hard": (0.012, 0.030)}[difficulty])


def _sample_depth_noise(random: np.random.Generator, difficulty: Difficulty) -> DepthNoise:
    """Sub-pixel block matching has an error of 0.05 to 0.1 px of disparity (see `ideal_sensor`)."""
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
