"""Textures: skin with nails and knuckles, sleeves, desks. Generated procedurally, different for every seed.

Colours are linear BGR albedo, float32, 0..1.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from embreex.mesh_construction import TriangleMesh
from embreex.rtcore_scene import EmbreeScene

from fingertip_contact.datatypes import FINGERS, Finger
from fingertip_research.simulation.hand import HandModel
from fingertip_research.simulation.scene_look import SKIN_TONES_SRGB, srgb_to_linear_bgr

SKIN_TEXTURE_SIZE = 768
DESK_SIZE_M = 1.6
_DESK_PIXELS = 1600

# Factors of reddened skin: less blue and green, the same red.
_FLUSH = np.array([0.72, 0.70, 1.0], dtype=np.float32)
_NAIL_GLOSS, _SKIN_GLOSS = 0.9, 0.25
_RING_WIDTH_M = 0.004
_RING_BGR = np.array([0.18, 0.40, 0.52], dtype=np.float32)  # gold
# Plain desks have the others' texture with this contrast.
_PLAIN_PREFIX = "plain_"
_PLAIN_CONTRAST = 0.2


def make_skin_texture(
    model: HandModel, tone: int, random: np.random.Generator, rings: Sequence[Finger] = ()
) -> np.ndarray:
    """The skin of a hand in the model's texture space: (S, S, 4) float32, linear BGR albedo and gloss.

    tone: index into SKIN_TONES_SRGB. rings: fingers that wear one. `model.uv` times S gives texture pixels.
    """
    position, normal, finger, inside = _unwrap(model)
    base = srgb_to_linear_bgr(SKIN_TONES_SRGB[tone]) * random.uniform(0.92, 1.05)
    mottle = _sample_noise_at(random, position, 0.012) * 0.05 + _sample_noise_at(random, position, 0.003) * 0.035
    albedo = base * (1 + mottle)[:, None]
    flush = 0.35 * np.clip(_sample_noise_at(random, position, 0.02), -0.5, 1)
    gloss = np.full(len(position), _SKIN_GLOSS, dtype=np.float32)
    shade = np.ones(len(position), dtype=np.float32)
    for index, name in enumerate(FINGERS):
        of_finger = finger == index
        flush[of_finger] += _compute_finger_flush(model, name, position[of_finger])
        shade[of_finger] *= _compute_creases(model, name, position[of_finger], normal[of_finger], random)
    palmar = np.clip(-normal[:, 2] * 1.5, 0, 1)
    pale = np.maximum(base, srgb_to_linear_bgr((205, 150, 125)) * 0.8)
    albedo += (0.6 * palmar)[:, None] * (pale - albedo)
    albedo *= (1 + np.clip(flush, 0, 1)[:, None] * (_FLUSH - 1)) * shade[:, None]
    for index, name in enumerate(FINGERS):
        of_finger = np.flatnonzero(finger == index)
        _paint_nail(model, name, position[of_finger], normal[of_finger], albedo, gloss, of_finger, base)
    for name in rings:
        _paint_ring(model, name, position, finger == FINGERS.index(name), albedo, gloss)
    texture = np.zeros((SKIN_TEXTURE_SIZE**2, 4), dtype=np.float32)
    texture[inside, :3], texture[inside, 3] = np.clip(albedo, 0.005, 0.95), gloss
    return _dilate_texture(texture.reshape(SKIN_TEXTURE_SIZE, SKIN_TEXTURE_SIZE, 4), inside)


def make_sleeve_texture(color_bgr: np.ndarray, random: np.random.Generator, size: int = 256) -> np.ndarray:
    """Woven cloth: (size, size, 4) float32."""
    rows, columns = np.mgrid[:size, :size].astype(np.float32)
    weave = 0.06 * np.sin(columns * 1.7) * np.sin(rows * 1.7)
    folds = 0.10 * _sample_smooth_noise(random, (size, size), 24)
    texture = np.zeros((size, size, 4), dtype=np.float32)
    texture[..., :3] = np.clip(color_bgr * (1 + weave + folds)[..., None], 0.005, 0.95)
    return texture


def make_desk_texture(material: str, random: np.random.Generator) -> np.ndarray:
    """A desk's albedo over DESK_SIZE_M x DESK_SIZE_M: (N, N, 3) float32. Raises ValueError for an unknown material."""
    if material.startswith(_PLAIN_PREFIX):
        textured = make_desk_texture(material.removeprefix(_PLAIN_PREFIX), random)
        mean = textured.mean(axis=(0, 1), dtype=np.float64).astype(np.float32)
        return mean + _PLAIN_CONTRAST * (textured - mean)
    shape = (_DESK_PIXELS, _DESK_PIXELS)
    grain = 0.02 * random.standard_normal(shape).astype(np.float32)
    if material == "wood":
        return _make_wood(random, shape, grain)
    plain = {"white": (226, 224, 218), "grey": (150, 152, 154), "dark": (62, 60, 60), "speckled": (176, 172, 164)}
    if material not in plain:
        raise ValueError(f"desk is {material}: choose one of wood, {', '.join(plain)}")
    tone = 1 + 0.03 * _sample_smooth_noise(random, shape, 120) + 0.015 * _sample_smooth_noise(random, shape, 6) + grain
    if material == "speckled":
        tone += 0.22 * np.clip(_sample_smooth_noise(random, shape, 1.6), -1.2, 1.2)
    return np.clip(srgb_to_linear_bgr(plain[material]) * tone[..., None], 0.01, 0.95)


def _make_wood(random: np.random.Generator, shape: tuple[int, int], grain: np.ndarray) -> np.ndarray:
    """Boards along x: rings squeezed across the grain and fine fibres along it."""
    light, dark = (
        (srgb_to_linear_bgr((196, 154, 108)), srgb_to_linear_bgr((150, 106, 66))),
        (srgb_to_linear_bgr((150, 104, 70)), srgb_to_linear_bgr((104, 66, 42))),
        (srgb_to_linear_bgr((214, 186, 146)), srgb_to_linear_bgr((180, 146, 102))),
    )[random.integers(3)]
    rows = np.arange(shape[0], dtype=np.float32)[:, None]
    # Wood varies slowly along the grain: noise of a narrow image, stretched along x.
    narrow = (shape[0], shape[1] // 6)
    warp = 26 * _sample_smooth_noise(random, narrow, 120) + 6 * _sample_smooth_noise(random, narrow, 30)
    rings = 0.5 + 0.5 * np.sin((rows + cv2.resize(warp, shape[::-1])) * 2 * np.pi / 21)
    fibres = cv2.blur(random.standard_normal(shape).astype(np.float32), (41, 1)) * 2.2
    dark_fraction = np.clip(0.35 * rings**2 + 0.30 * fibres + 0.15, 0, 1)[..., None]
    return np.clip((light + dark_fraction * (dark - light)) * (1 + grain)[..., None], 0.01, 0.95)


def _unwrap(model: HandModel) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The surface point of each texel: rest position (N, 3) and normal (N, 3), hand frame, finger (N,), flat texel
    index (N,).

    Rays through the texels are traced against the mesh laid out flat by its uv coordinates.
    """
    size = SKIN_TEXTURE_SIZE
    flat = np.column_stack([model.uv * size, np.zeros(len(model.uv))]).astype(np.float32)
    scene = EmbreeScene()
    mesh = TriangleMesh(scene, flat, model.triangles)  # noqa: F841 the scene refers to the mesh
    rows, columns = np.mgrid[:size, :size]
    origins = np.column_stack([columns.ravel() + 0.5, rows.ravel() + 0.5, np.full(size * size, -1.0)])
    directions = np.tile(np.array([[0, 0, 1]], dtype=np.float32), (size * size, 1))
    hit = scene.run(origins.astype(np.float32), directions, query="INTERSECT", output=True)
    inside = np.flatnonzero(hit["primID"] >= 0)
    corners = model.triangles[hit["primID"][inside]]
    u, v = hit["u"][inside, None], hit["v"][inside, None]
    weights = np.concatenate([1 - u - v, u, v], axis=1).astype(np.float32)
    position = np.einsum("nk,nkd->nd", weights, model.rest_vertices_m[corners].astype(np.float32))
    normal = np.einsum("nk,nkd->nd", weights, _compute_rest_normals(model)[corners])
    finger = model.finger_of_vertex[corners[np.arange(len(corners)), weights.argmax(axis=1)]]
    return position, normal, finger, inside


def _compute_rest_normals(model: HandModel) -> np.ndarray:
    corners = model.rest_vertices_m[model.triangles]
    faces = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals = np.zeros((model.seams.max() + 1, 3))
    np.add.at(normals, model.seams[model.triangles], faces[:, None])
    return (normals / np.linalg.norm(normals, axis=1, keepdims=True))[model.seams].astype(np.float32)


def _to_joint_frame(model: HandModel, joint: str, position: np.ndarray) -> np.ndarray:
    """Positions in a joint's frame (WebXR: x to the right, y out of the back of the finger, -z towards its tip)."""
    index = model.joint_names.index(joint)
    return (position - model.rest_origins_m[index]) @ model.rest_rotations[index]


def _compute_finger_flush(model: HandModel, name: str, position: np.ndarray) -> np.ndarray:
    """Redness at the joints and towards the tip."""
    flush = np.zeros(len(position), dtype=np.float32)
    for joint in _list_flexing_joints(name):
        along = _to_joint_frame(model, joint, position)[:, 2]
        flush += 0.40 * np.exp(-((along / 0.007) ** 2))
    along = -_to_joint_frame(model, f"{name}_tip", position)[:, 2]
    return flush + 0.6 * np.clip((along + 0.010) / 0.012, 0, 1)


def _list_flexing_joints(name: str) -> tuple[str, ...]:
    parts = ("proximal", "distal") if name == "thumb" else ("proximal", "intermediate", "distal")
    return tuple(f"{name}_{part}" for part in parts)


def _compute_creases(
    model: HandModel, name: str, position: np.ndarray, normal: np.ndarray, random: np.random.Generator
):
    """Folds across the joints: (N,) albedo factor, 1 outside the folds."""
    depth = np.zeros(len(position), dtype=np.float32)
    for joint in _list_flexing_joints(name)[1:] or _list_flexing_joints(name):
        local = _to_joint_frame(model, joint, position)
        spread = 0.0045 if joint.endswith("intermediate") else 0.003
        for offset in np.linspace(-spread, spread, 4 if joint.endswith("intermediate") else 3):
            bow = offset + 6.0 * local[:, 0] ** 2 * np.sign(offset) + random.normal(0, 0.0003)
            depth += random.uniform(0.12, 0.24) * np.exp(-(((local[:, 2] - bow) / 0.0006) ** 2))
    return 1 - np.clip(depth, 0, 0.4)


def _paint_nail(
    model: HandModel,
    name: str,
    position: np.ndarray,
    normal: np.ndarray,
    albedo: np.ndarray,
    gloss: np.ndarray,
    texels: np.ndarray,
    base: np.ndarray,
) -> None:
    """A nail: pale pink plate, white free edge, darker fold around it. Writes into `albedo` and `gloss`."""
    local = _to_joint_frame(model, f"{name}_tip", position)
    dorsal = model.rest_rotations[model.joint_names.index(f"{name}_tip")][:, 1]
    half_width = 0.0062 if name == "thumb" else {"little": 0.0042}.get(name, 0.0050)
    tip_distance_m = float(-local[:, 2].min())
    front, back = tip_distance_m - 0.0015, tip_distance_m - (0.0140 if name == "thumb" else 0.0120)
    middle, half_length = (front + back) / 2, (front - back) / 2
    x = local[:, 0] / half_width
    y = (-local[:, 2] - middle) / half_length
    radius = (np.abs(x) ** 3 + np.abs(y) ** 3) ** (1 / 3)
    facing = normal @ dorsal > 0.25
    plate = facing * np.clip((1.0 - radius) / 0.08, 0, 1)
    fold = facing * np.exp(-(((radius - 1.06) / 0.09) ** 2)) * (y < 0.85)
    free_edge = np.clip((y - 0.72) / 0.08, 0, 1)
    bed = 0.75 * base + 0.25 * srgb_to_linear_bgr((240, 190, 180))
    color = bed * 1.08 + free_edge[:, None] * (0.5 * (srgb_to_linear_bgr((240, 228, 215)) - bed))
    albedo[texels] *= 1 - 0.30 * fold[:, None]
    albedo[texels] += plate[:, None] * (color - albedo[texels])
    gloss[texels] += plate * (_NAIL_GLOSS - _SKIN_GLOSS)


def _paint_ring(
    model: HandModel, name: Finger, position: np.ndarray, of_finger: np.ndarray, albedo: np.ndarray, gloss: np.ndarray
) -> None:
    """A metal band around the middle of the first segment. Writes into `albedo` and `gloss`."""
    along = -_to_joint_frame(model, f"{name}_proximal", position)[:, 2]
    length_m = np.linalg.norm(
        model.rest_origins_m[model.joint_names.index(f"{name}_intermediate")]
        - model.rest_origins_m[model.joint_names.index(f"{name}_proximal")]
    )
    band = of_finger & (np.abs(along - 0.55 * length_m) < _RING_WIDTH_M / 2)
    albedo[band] = _RING_BGR
    gloss[band] = 1.0


def _sample_smooth_noise(random: np.random.Generator, shape: tuple[int, int], scale_px: float) -> np.ndarray:
    """Noise with zero mean and SD 1 that varies over about `scale_px` pixels: (H, W) float32."""
    coarse = tuple(int(np.ceil(side / scale_px)) + 3 for side in shape)
    noise = random.standard_normal(coarse).astype(np.float32)
    upsampled = cv2.resize(noise, None, fx=scale_px, fy=scale_px, interpolation=cv2.INTER_CUBIC)
    cropped = upsampled[: shape[0], : shape[1]]
    return (cropped - cropped.mean()) / cropped.std()


def _sample_noise_at(random: np.random.Generator, position: np.ndarray, scale_m: float) -> np.ndarray:
    """Smooth noise in space at positions (N, 3), a sum of 12 waves: (N,) float32, SD about 1."""
    waves = random.normal(0, 1.5 / scale_m, (12, 3))
    phases = random.uniform(0, 2 * np.pi, 12)
    return (np.cos(position @ waves.T + phases).sum(axis=1) * np.sqrt(2 / 12)).astype(np.float32)


def _dilate_texture(texture: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Extends the colours a few texels beyond the islands, so that interpolation at a seam does not mix in black."""
    is_filled = np.zeros(texture.shape[:2], dtype=np.float32)
    is_filled.reshape(-1)[inside] = 1
    coverage = cv2.blur(is_filled, (9, 9))
    blurred = cv2.blur(texture, (9, 9)) / np.maximum(coverage, 1e-6)[..., None]
    return np.where(is_filled[..., None] > 0, texture, np.where(coverage[..., None] > 0, blurred, 0)).astype(np.float32)
