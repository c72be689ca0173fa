"""What a scene looks like: light, desk, skin, sleeves and the things that lie about, drawn from a seed."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from fingertip_contact.keyboard.layout import Layout
from fingertip_contact.keyboard.sheet import draw_sheet

_STREAM = 7300
_DESK_PX, _DESK_PX_PER_M = 1024, 1600
# Linear albedo of skin, light to dark, as measured faces have it, by eye; cloth; desks.
_SKINS = (
    (0.62, 0.40, 0.31),
    (0.55, 0.34, 0.24),
    (0.46, 0.27, 0.18),
    (0.36, 0.20, 0.12),
    (0.24, 0.13, 0.08),
    (0.15, 0.08, 0.05),
)
_CLOTHS = (
    (0.05, 0.07, 0.14),
    (0.30, 0.30, 0.31),
    (0.42, 0.09, 0.08),
    (0.06, 0.06, 0.06),
    (0.60, 0.58, 0.52),
    (0.10, 0.22, 0.17),
)
_DESKS = ("wood", "white", "stone", "dark", "cloth")


@dataclass(frozen=True)
class Look:
    """sheet: (H, W) uint8 print. desk: (H, W, 3) uint8 linear albedo, RGB, repeated every desk_m. paper, skin, cloth:
    (3,) linear albedo. to_lamp: (3,) direction. lamp, sky, bounce: (3,) light. lamp_width: of the lamp over its
    distance. scatter: (3,) how far light goes round in skin. falloff_m: (2,) the brightest place of the desk. things:
    boxes, (N, 2, 3) lowest and highest corners, metres, with thing_colors (N, 3)."""

    sheet: np.ndarray
    sheet_m: tuple[float, float]
    desk: np.ndarray
    desk_m: tuple[float, float]
    desk_name: str
    gloss: float
    paper: np.ndarray
    skin: np.ndarray
    skin_tone: int
    cloth: np.ndarray
    to_lamp: np.ndarray
    lamp: np.ndarray
    sky: np.ndarray
    bounce: np.ndarray
    lamp_width: float
    scatter: np.ndarray
    falloff_m: np.ndarray
    things: np.ndarray
    thing_colors: np.ndarray


def sample_look(seed: int, layout: Layout, camera_side: int) -> Look:
    """camera_side: 1 if the camera is beyond the sheet, else -1; things stay out of its way."""
    random = np.random.default_rng(_STREAM + seed)
    tone, desk_name = int(random.integers(len(_SKINS))), str(random.choice(_DESKS))
    azimuth_rad, height_rad = random.uniform(0, 2 * np.pi), random.uniform(np.radians(42), np.radians(80))
    to_lamp = np.array([np.cos(azimuth_rad), np.sin(azimuth_rad), np.tan(height_rad)])
    warmth = random.uniform(-0.12, 0.12)
    share = random.uniform(0.35, 0.72)
    tint = np.array([1 + warmth, 1.0, 1 - warmth])
    brightness = random.uniform(0.72, 0.98)
    things, thing_colors = _sample_things(random, layout, camera_side)
    desk, gloss = _paint_desk(desk_name, random)
    side_m = _DESK_PX / _DESK_PX_PER_M
    paper = np.array([0.80, 0.80, 0.79]) * random.uniform(0.92, 1.05)
    to_lamp = to_lamp / np.linalg.norm(to_lamp)
    return Look(
        sheet=_grain_paper(draw_sheet(layout, 5.0), random),
        sheet_m=layout.sheet_size_m,
        desk=desk,
        desk_m=(side_m, side_m),
        desk_name=desk_name,
        gloss=gloss,
        paper=paper,
        skin=np.array(_SKINS[tone]) * random.uniform(0.92, 1.08, 3),
        skin_tone=tone,
        cloth=np.array(_CLOTHS[int(random.integers(len(_CLOTHS)))]),
        to_lamp=to_lamp,
        lamp=brightness * share / to_lamp[2] * tint,
        sky=brightness * (1 - share) * (2 - tint),
        bounce=brightness * 0.42 * paper,
        lamp_width=float(random.uniform(0.04, 0.35)),
        scatter=np.array([0.42, 0.22, 0.14]),
        falloff_m=random.uniform(-0.15, 0.15, 2),
        things=things,
        thing_colors=thing_colors,
    )


def _sample_things(random: np.random.Generator, layout: Layout, camera_side: int) -> tuple[np.ndarray, np.ndarray]:
    """Up to three boxes beside the sheet and beyond it."""
    boxes, colors = [], []
    half_x, half_y = layout.sheet_size_m[0] / 2, layout.sheet_size_m[1] / 2
    for _ in range(int(random.integers(0, 4))):
        size_m = np.array([random.uniform(0.02, 0.12), random.uniform(0.02, 0.15), random.uniform(0.004, 0.035)])
        x = random.choice([-1, 1]) * (half_x + 0.02 + random.uniform(0, 0.05))
        y = random.uniform(0, half_y + 0.05) if camera_side < 0 else random.uniform(-0.02, half_y)
        low = np.array([x if x > 0 else x - size_m[0], y, 0.0])
        boxes.append([low, low + size_m])
        colors.append(random.uniform(0.03, 0.6) * random.uniform(0.5, 1.0, 3))
    return np.array(boxes).reshape(-1, 2, 3), np.array(colors).reshape(-1, 3)


def _paint_desk(name: str, random: np.random.Generator) -> tuple[np.ndarray, float]:
    """(H, W, 3) uint8 linear albedo that repeats, and gloss."""
    shape = (_DESK_PX, _DESK_PX)
    if name == "wood":
        base, swing, gloss = np.array([0.42, 0.26, 0.14]) * random.uniform(0.6, 1.2), 0.5, 0.25
        pattern = 0.6 * _make_waves(random, shape, (90, 3)) + 0.4 * _make_waves(random, shape, (20, 1))
    elif name == "stone":
        base, swing, gloss = np.array([0.42, 0.42, 0.40]) * random.uniform(0.7, 1.2), 0.45, 0.3
        pattern = np.sign(_make_waves(random, shape, (2, 2)) - 0.9) * 0.5 + 0.4 * _make_waves(random, shape, (1, 1))
    elif name == "cloth":
        base, swing, gloss = random.uniform(0.1, 0.4) * random.uniform(0.6, 1.2, 3), 0.3, 0.0
        v, u = np.mgrid[: shape[0], : shape[1]]
        pattern = np.sin(u * 2 * np.pi / 4) * np.sin(v * 2 * np.pi / 4) + 0.6 * _make_waves(random, shape, (1, 1))
    elif name == "dark":
        base, swing, gloss = np.array([0.05, 0.05, 0.055]), 0.5, 0.5
        pattern = _make_waves(random, shape, (2, 2))
    else:
        base, swing, gloss = np.array([0.66, 0.65, 0.63]), 0.05, 0.3
        pattern = 0.6 * _make_waves(random, shape, (1, 1)) + 0.4 * _make_waves(random, shape, (30, 30))
    albedo = base * np.exp(swing * 0.5 * pattern)[..., None]
    return (255 * np.clip(albedo, 0, 1)).astype(np.uint8), gloss


def _grain_paper(sheet: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """The print with the fibres of paper."""
    grain = cv2.GaussianBlur(random.standard_normal(sheet.shape).astype(np.float32), (0, 0), 1.6)
    return np.clip(sheet * (0.97 + 0.012 * grain / grain.std()), 0, 255).astype(np.uint8)


def _make_waves(random: np.random.Generator, shape: tuple[int, int], widths_px: tuple[float, float]) -> np.ndarray:
    """Noise with a deviation of 1, smooth over these widths, that repeats at the borders."""
    noise = random.standard_normal(shape).astype(np.float32)
    margin = 3 * int(max(widths_px)) + 2
    wrapped = cv2.copyMakeBorder(noise, margin, margin, margin, margin, cv2.BORDER_WRAP)
    smooth = cv2.GaussianBlur(wrapped, (0, 0), sigmaX=widths_px[0], sigmaY=widths_px[1])[margin:-margin, margin:-margin]
    return (smooth - smooth.mean()) / smooth.std()
