"""The scene of one recording, drawn from a seed: cameras and their pose, light, desk, the participant's appearance.

Colours are linear (not gamma-coded) and in the order blue, green, red, as in the image.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from fingertip_contact.geometry import Camera, RigidTransform
from fingertip_research.simulation.camera_view import View, check_placement, parse_view, sample_camera_from_sheet
from fingertip_research.simulation.difficulty import Difficulty, parse_difficulty
from fingertip_research.simulation.scene_look import Appearance, Light, add_details, sample_appearance, sample_light
from fingertip_research.simulation.surroundings import Clutter, parse_clutter

# How fingers are held: bent as over a keyboard, or stretched, which type from the knuckle.
PostureName = Literal["curled", "stretched"]
POSTURES: tuple[PostureName, ...] = ("curled", "stretched")

SensorKind = Literal["stereo", "ideal"]
SENSORS: tuple[SensorKind, ...] = ("stereo", "ideal")
# Profiles of the D405 that are simulated: width, height.
RESOLUTIONS = ((640, 480), (848, 480))
# Of the D405's colour and depth at these resolutions.
FRAME_RATES_HZ = (5.0, 15.0, 30.0, 60.0, 90.0)
# Of the time between two frames; the rest is for reading them out.
_MAX_EXPOSURE = 0.9
_RESOLUTION_NAMES = ", ".join(f"{width}x{height}" for width, height in RESOLUTIONS)

# Independent random streams: a change in one sampling function does not change the results of the others.
_CAMERA_STREAM, _LIGHT_STREAM, _APPEARANCE_STREAM, _SENSOR_STREAM, _IMAGER_STREAM = range(100, 105)
_DETAIL_STREAM = 105

_CLUTTER: dict[Difficulty, Clutter] = {"calm": "none", "normal": "some", "hard": "much"}


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
class Scene:
    """The constant parts of a recording, except the hands.

    posture: of the participant's fingers. clutter: how much stands on the desk and beside it. exposure: factor from
    radiance to the sensor's range (1 saturates). exposure_drift: SD of its slow changes, as a fraction. exposure_s:
    time for which the shutter, a global one, is open. frame_rate_hz: of all images. color_noise: SD of a pixel's noise
    at full scale, in the same range. depth_noise: of the ideal sensor; imagers: of the stereo sensor.
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
    exposure_drift: float
    exposure_s: float
    frame_rate_hz: float
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
    view: str = "facing",
    posture: str = "curled",
    clutter: str | None = None,
    frame_rate_hz: float = 30.0,
) -> Scene:
    """The scene of a seed. level: one of DIFFICULTIES. distance_m: camera to sheet centre; None: drawn. sensor: one of
    SENSORS. resolution: one of RESOLUTIONS. view, posture, clutter: one of VIEWS, POSTURES, CLUTTERS; None: by
    difficulty. frame_rate_hz: one of FRAME_RATES_HZ; where it leaves less time for the exposure than the seed's light
    asks for, the gain, and with it the noise, makes up for that.

    Raises ValueError for an impossible angle or distance, or an unknown name.
    """
    check_placement(angle_deg, distance_m)
    difficulty = parse_difficulty(level)
    color_camera, depth_camera = _sample_cameras(np.random.default_rng([seed, _CAMERA_STREAM]), resolution)
    random = np.random.default_rng([seed, _CAMERA_STREAM, 1])
    default_m = random.uniform(0.33, 0.37) if difficulty == "calm" else random.uniform(0.32, 0.40)
    side = parse_view(view)
    pose = sample_camera_from_sheet(random, side, angle_deg, distance_m or default_m)
    asked_s = _sample_exposure_s(np.random.default_rng([seed, _IMAGER_STREAM, 1]), difficulty)
    exposure_s = min(asked_s, _MAX_EXPOSURE / _check_frame_rate(frame_rate_hz))
    # Shot noise grows with the square root of the gain, at the same picture.
    noise_gain = math.sqrt(asked_s / exposure_s)
    light, exposure = sample_light(np.random.default_rng([seed, _LIGHT_STREAM]), difficulty)
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
        appearance=add_details(
            sample_appearance(np.random.default_rng([seed, _APPEARANCE_STREAM])),
            np.random.default_rng([seed, _DETAIL_STREAM]),
            difficulty,
        ),
        depth_noise=_sample_depth_noise(np.random.default_rng([seed, _SENSOR_STREAM]), difficulty),
        exposure=exposure,
        exposure_drift={"calm": 0.01, "normal": 0.03, "hard": 0.08}[difficulty],
        exposure_s=exposure_s,
        frame_rate_hz=frame_rate_hz,
        color_noise=noise_gain * {"calm": 0.010, "normal": 0.014, "hard": 0.022}[difficulty],
        sensor=_parse_sensor(sensor),
        imagers=_amplify(_sample_imagers(np.random.default_rng([seed, _IMAGER_STREAM]), difficulty), noise_gain),
    )


def _check_frame_rate(frame_rate_hz: float) -> float:
    if frame_rate_hz not in FRAME_RATES_HZ:
        raise ValueError(
            f"the frame rate is {frame_rate_hz:g} Hz: choose one of {', '.join(f'{rate:g}' for rate in FRAME_RATES_HZ)}"
        )
    return frame_rate_hz


def _amplify(imagers: Imagers, noise_gain: float) -> Imagers:
    return replace(imagers, noise=imagers.noise * noise_gain)


def _parse_sensor(name: str) -> SensorKind:
    for sensor in SENSORS:
        if sensor == name:
            return sensor
    raise ValueError(f"sensor is {name}: choose one of {', '.join(SENSORS)}")


def parse_resolution(text: str) -> tuple[int, int]:
    """ "848x480" -> (848, 480). Raises ValueError for what is not one of RESOLUTIONS."""
    for width, height in RESOLUTIONS:
        if text == f"{width}x{height}":
            return width, height
    raise ValueError(f"resolution is {text}: choose one of {_RESOLUTION_NAMES}")


def _parse_posture(name: str) -> PostureName:
    for posture in POSTURES:
        if posture == name:
            return posture
    raise ValueError(f"posture is {name}: choose one of {', '.join(POSTURES)}")


def _sample_cameras(random: np.random.Generator, resolution: tuple[int, int]) -> tuple[Camera, Camera]:
    """Colour and depth intrinsics of one unit: those of a D405, with the spread between units.

    The disparity steps of real 640x480 depth are those of f B = 6.951 px m, that is f = 386 px.
    """
    if resolution not in RESOLUTIONS:
        raise ValueError(f"resolution is {resolution[0]}x{resolution[1]}: choose one of {_RESOLUTION_NAMES}")
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


def _sample_imagers(random: np.random.Generator, difficulty: Difficulty) -> Imagers:
    """Noise and rectification such that matched depth has the errors of a real D405: docs/simulation.md.

    Real depth was 2.0 to 2.8 % too short in one published unit; the data sheet promises 2 % at 0.5 m.
    """
    noise = {"calm": (0.007, 0.009), "normal": (0.008, 0.013), "hard": (0.013, 0.022)}[difficulty]
    gain, blur_px, vignetting = random.normal(1, 0.02, 2), random.uniform(0.7, 0.9, 2), random.uniform(0.12, 0.20, 2)
    return Imagers(
        gain=(gain[0], gain[1]),
        blur_px=(blur_px[0], blur_px[1]),
        vignetting=(vignetting[0], vignetting[1]),
        noise=random.uniform(*noise),
        rectification_px=random.uniform(0.03, 0.06),
        fixed_error_px=random.uniform(0.12, 0.135),
        temporal_error_px=random.uniform(0.085, 0.095),
        depth_scale=float(np.clip(random.normal(0.99, 0.012), 0.97, 1.02)),
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
