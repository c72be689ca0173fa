"""The skin of a hand: a distance field of smoothly joined round cones, meshed once and bound to the bones."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from third_generator.skeleton import ANGLE_COUNT, BONE_COUNT, FINGER_COUNT, Skeleton, pose_bones

# Bones besides the fingers'.
PALM, FOREARM = BONE_COUNT, BONE_COUNT + 1
# Radii at a finger's base, its two joints and its tip; of a mean hand, metres.
_RADII_M = np.array(
    [
        [0.0140, 0.0108, 0.0102, 0.0085],
        [0.0102, 0.0090, 0.0079, 0.0066],
        [0.0104, 0.0092, 0.0081, 0.0068],
        [0.0100, 0.0086, 0.0076, 0.0065],
        [0.0088, 0.0076, 0.0068, 0.0058],
    ]
)
# The tip's sphere ends at the end of the finger.
_WRIST_RADIUS_M, _FOREARM_RADIUS_M = 0.021, 0.034
FOREARM_LENGTH_M = 0.40
_FINGER_BLEND_M, _PALM_BLEND_M, _WEB_BLEND_M = 0.003, 0.014, 0.007
_VOXEL_M = 0.0027
# Rings of the sleeve and points of each.
_SLEEVE_SHAPE = (64, 40)
# Width of the transition from bone to bone, in excess distance.
_BIND_M = 0.0016
_OCCLUSION_STEPS_M = (0.004, 0.009, 0.016)


@dataclass(frozen=True)
class Flesh:
    """A hand at rest. vertices_m, normals: (V, 3). triangles: (F, 3). weights: (V, 17), of 15 finger bones, palm and
    forearm. rest_bones: (17, 4, 4). openness: (V,) 0..1, how much sky a point sees past its own hand. nail, blush: (V,)
    0..1. sleeve: (V,) bool. pads_m: for each finger (P, 3) points of the skin in the last bone's frame, one of which
    touches the desk first. tips_m: (5, 3) ends of the fingers in that frame."""

    vertices_m: np.ndarray
    normals: np.ndarray
    triangles: np.ndarray
    weights: np.ndarray
    rest_bones: np.ndarray
    openness: np.ndarray
    nail: np.ndarray
    blush: np.ndarray
    sleeve: np.ndarray
    pads_m: tuple[np.ndarray, ...]
    tips_m: np.ndarray


@dataclass(frozen=True)
class _Field:
    """The bones' ends at rest, (5, 4, 3), radii (5, 4), and where the sleeve begins behind the wrist."""

    joints_m: np.ndarray
    radii_m: np.ndarray
    skeleton: Skeleton
    sleeve_m: float

    def measure(self, points_m: np.ndarray) -> np.ndarray:
        """(N, 3) -> signed distances (N,), negative inside."""
        fingers = [self._measure_finger(points_m, finger) for finger in range(FINGER_COUNT)]
        nearest = np.minimum.reduce(fingers[1:])
        body = _join(self._measure_palm(points_m), self._measure_arm(points_m), _PALM_BLEND_M)
        body = _join(body, fingers[0], _PALM_BLEND_M * 0.7)
        return _join(body, nearest, _WEB_BLEND_M)

    def _measure_finger(self, points_m: np.ndarray, finger: int) -> np.ndarray:
        joints_m, radii_m = self.joints_m[finger], self.radii_m[finger]
        distance = _measure_cone(points_m, joints_m[0], joints_m[1], radii_m[0], radii_m[1])
        for bone in (1, 2):
            cone = _measure_cone(points_m, joints_m[bone], joints_m[bone + 1], radii_m[bone], radii_m[bone + 1])
            distance = _join(distance, cone, _FINGER_BLEND_M)
        return distance

    def _measure_palm(self, points_m: np.ndarray) -> np.ndarray:
        scale = self.skeleton.scale
        distance = np.full(len(points_m), np.inf)
        for finger in range(1, FINGER_COUNT):
            base_m = self.joints_m[finger, 0]
            root_m = np.array([0.35 * base_m[0], 0.012 * scale, -0.002])
            cone = _measure_cone(points_m, root_m, base_m, 0.016 * scale, self.radii_m[finger, 0] * 1.06)
            distance = cone if finger == 1 else _join(distance, cone, _PALM_BLEND_M)
            # The head of the metacarpal.
            head = np.linalg.norm(points_m - base_m - [0, 0, 0.0025], axis=1) - 0.0095 * scale
            distance = _join(distance, head, 0.004)
        heel = _measure_cone(
            points_m, np.array([0.016, 0.018, -0.009]) * scale, np.array([0.027, 0.055, -0.008]) * scale, 0.014, 0.012
        )
        return _join(distance, heel, _PALM_BLEND_M)

    def _measure_arm(self, points_m: np.ndarray) -> np.ndarray:
        # Forearms are wider than thick, most of all at the wrist.
        flat = points_m * [0.80, 1, 1.22]
        end_m = np.array([0.0, -FOREARM_LENGTH_M, 0.0])
        return 0.85 * _measure_cone(flat, np.zeros(3), end_m, _WRIST_RADIUS_M, _FOREARM_RADIUS_M)


def make_flesh(skeleton: Skeleton, sleeve_m: float) -> Flesh:
    """sleeve_m: where the sleeve begins behind the wrist. Raises ModuleNotFoundError without scikit-image."""
    bones = pose_bones(skeleton, np.zeros((1, FINGER_COUNT, ANGLE_COUNT)))[0]
    radii_m = _RADII_M * skeleton.scale * skeleton.radius_scale
    field = _Field(_find_joints(skeleton, bones, radii_m), radii_m, skeleton, sleeve_m)
    vertices_m, triangles = _mesh(field)
    normals = _find_normals(field, vertices_m)
    sleeve = np.zeros(len(vertices_m), bool)
    weights = _bind(field, vertices_m)
    rest_bones = np.concatenate([bones, np.tile(np.eye(4), (2, 1, 1))])
    pads_m, nail, blush = [], np.zeros(len(vertices_m)), np.zeros(len(vertices_m))
    for finger in range(FINGER_COUNT):
        last = 3 * finger + 2
        local_m = _apply(np.linalg.inv(bones[last]), vertices_m)
        length_m, radius_m = skeleton.lengths_m[finger, 2], radii_m[finger, 3]
        owned = weights[:, last] > 0.5
        pads_m.append(local_m[owned & (local_m[:, 1] > 0.25 * length_m) & (local_m[:, 2] < 0.5 * radius_m)])
        nail = np.maximum(nail, owned * _paint_nail(local_m, length_m, radius_m))
        tip = np.exp(-(((local_m[:, 1] - 0.85 * length_m) / (0.45 * length_m)) ** 2))
        blush = np.maximum(blush, owned * tip * 0.8)
        for joint in (0, 1, 2):
            away_m = np.linalg.norm(vertices_m - field.joints_m[finger, joint] - [0, 0, radii_m[finger, joint]], axis=1)
            blush = np.maximum(blush, 0.9 * np.exp(-((away_m / 0.006) ** 2)))
    tips_m = np.column_stack([np.zeros(FINGER_COUNT), skeleton.lengths_m[:, 2], np.zeros(FINGER_COUNT)])
    openness = _find_openness(field, vertices_m, normals)
    hand = Flesh(
        vertices_m, normals, triangles, weights, rest_bones, openness, nail, blush, sleeve, tuple(pads_m), tips_m
    )
    return _put_on_sleeve(hand, field)


def skin(flesh: Flesh, bones: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(17, 4, 4) bones in the sheet frame -> vertices (V, 3), metres, and normals (V, 3).

    Flesh gives way to the desk: nothing is below z = 0.
    """
    moves = (bones @ np.linalg.inv(flesh.rest_bones)).astype(np.float32)
    blended = (flesh.weights @ moves[:, :3].reshape(len(moves), 12)).reshape(-1, 3, 4)
    vertices_m = np.einsum("vij,vj->vi", blended[:, :, :3], flesh.vertices_m) + blended[:, :, 3]
    normals = np.einsum("vij,vj->vi", blended[:, :, :3], flesh.normals)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
    vertices_m[:, 2] = np.maximum(vertices_m[:, 2], 0)
    return vertices_m, normals


def _put_on_sleeve(hand: Flesh, field: _Field) -> Flesh:
    """The hand with a tube of cloth that hangs around the forearm in folds."""
    rings, around = _SLEEVE_SHAPE
    y = np.linspace(-field.sleeve_m, -FOREARM_LENGTH_M, rings)[:, None]
    turn_rad = np.linspace(0, 2 * np.pi, around, endpoint=False)
    radius_m = _WRIST_RADIUS_M + (_FOREARM_RADIUS_M - _WRIST_RADIUS_M) * -y / FOREARM_LENGTH_M + 0.008
    radius_m = radius_m + 0.0022 * np.sin(190 * y + 2 * np.sin(turn_rad) + turn_rad) * np.sin(31 * y)
    radius_m[0] -= 0.0075  # the hem turns in
    points_m = np.stack([radius_m * np.cos(turn_rad) / 0.80, y + 0 * turn_rad, radius_m * np.sin(turn_rad) / 1.1], -1)
    outward = np.cross(np.gradient(points_m, axis=0), np.roll(points_m, -1, 1) - np.roll(points_m, 1, 1))
    outward /= np.linalg.norm(outward, axis=-1, keepdims=True)
    outward *= np.sign(np.einsum("ijk,ijk->ij", outward, points_m * [1, 0, 1]))[..., None]
    index = np.arange(rings * around).reshape(rings, around)
    corners = [part.ravel() for part in (index[:-1], np.roll(index, -1, 1)[:-1], index[1:], np.roll(index, -1, 1)[1:])]
    triangles = np.concatenate([np.stack(corners[:3], 1), np.stack(corners[1:], 1)]) + len(hand.vertices_m)
    count = rings * around
    weights = np.zeros((count, BONE_COUNT + 2))
    weights[:, FOREARM] = 1
    return replace(
        hand,
        vertices_m=np.concatenate([hand.vertices_m, points_m.reshape(-1, 3)]).astype(np.float32),
        normals=np.concatenate([hand.normals, outward.reshape(-1, 3)]).astype(np.float32),
        triangles=np.concatenate([hand.triangles, triangles]).astype(np.int32),
        weights=np.concatenate([hand.weights, weights]).astype(np.float32),
        openness=np.concatenate([hand.openness, np.full(count, 0.9)]),
        nail=np.concatenate([hand.nail, np.zeros(count)]),
        blush=np.concatenate([hand.blush, np.zeros(count)]),
        sleeve=np.concatenate([hand.sleeve, np.ones(count, bool)]),
    )


def _find_joints(skeleton: Skeleton, bones: np.ndarray, radii_m: np.ndarray) -> np.ndarray:
    """(5, 4, 3) ends of the bones; the last one is the centre of the tip's sphere."""
    starts_m = bones[:, :3, 3].reshape(FINGER_COUNT, 3, 3)
    last = bones[2::3]
    ends_m = last[:, :3, 3] + last[:, :3, 1] * (skeleton.lengths_m[:, 2] - radii_m[:, 3])[:, None]
    return np.concatenate([starts_m, ends_m[:, None]], axis=1)


def _measure_cone(
    points_m: np.ndarray, start_m: np.ndarray, end_m: np.ndarray, first: float, last: float
) -> np.ndarray:
    """Distance to a cone with round ends of these radii."""
    along_m = end_m - start_m
    fraction = np.clip((points_m - start_m) @ along_m / (along_m @ along_m), 0, 1)
    away_m = points_m - start_m - fraction[:, None] * along_m
    return np.sqrt(np.einsum("ij,ij->i", away_m, away_m)) - (first + fraction * (last - first))


def _join(first: np.ndarray, second: np.ndarray, blend_m: float) -> np.ndarray:
    """The smooth minimum: a quadratic within blend_m."""
    mix = np.clip(0.5 + 0.5 * (second - first) / blend_m, 0, 1)
    return second + (first - second) * mix - blend_m * mix * (1 - mix)


def _mesh(field: _Field) -> tuple[np.ndarray, np.ndarray]:
    """Vertices (V, 3) and triangles (F, 3) of the field's zero; the arm is open within the sleeve."""
    from skimage.measure import marching_cubes  # only where a hand is meshed: tests have stand-ins

    points_m = field.joints_m.reshape(-1, 3)
    low_m = np.minimum(points_m.min(0) - 0.02, [-0.055, -field.sleeve_m - 0.012, -0.045])
    high_m = np.maximum(points_m.max(0) + 0.02, [0.055, 0, 0.045])
    axes = [np.arange(low, high, _VOXEL_M) for low, high in zip(low_m, high_m, strict=True)]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), -1)
    values = field.measure(grid.reshape(-1, 3)).reshape(grid.shape[:3])
    vertices, triangles, _, _ = marching_cubes(values.astype(np.float32), 0.0, allow_degenerate=False)
    return vertices * _VOXEL_M + low_m, triangles.astype(np.int32)


def _find_normals(field: _Field, vertices_m: np.ndarray, step_m: float = 0.0008) -> np.ndarray:
    gradients = [
        field.measure(vertices_m + step_m * axis) - field.measure(vertices_m - step_m * axis) for axis in np.eye(3)
    ]
    normals = np.stack(gradients, -1)
    return normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)


def _find_openness(field: _Field, vertices_m: np.ndarray, normals: np.ndarray) -> np.ndarray:
    """Ambient occlusion from the distance field: how much nearer the flesh is than the walked distance."""
    closed = np.zeros(len(vertices_m))
    for step_m in _OCCLUSION_STEPS_M:
        closed += np.clip(1 - field.measure(vertices_m + step_m * normals) / step_m, 0, 1) / len(_OCCLUSION_STEPS_M)
    return 1 - 0.8 * closed


def _bind(field: _Field, vertices_m: np.ndarray) -> np.ndarray:
    """(V, 17) weights that fall with the excess of a bone's distance over the nearest bone's."""
    distances = np.full((len(vertices_m), BONE_COUNT + 2), np.inf)
    for finger in range(FINGER_COUNT):
        joints_m, radii_m = field.joints_m[finger], field.radii_m[finger]
        for bone in range(3):
            distances[:, 3 * finger + bone] = _measure_cone(
                vertices_m, joints_m[bone], joints_m[bone + 1], radii_m[bone], radii_m[bone + 1]
            )
    distances[:, PALM] = field._measure_palm(vertices_m)
    # The thumb's metacarpal moves under the palm's skin: it pulls less.
    distances[:, 0] += 0.001
    distances[:, FOREARM] = field._measure_arm(vertices_m)
    distances[vertices_m[:, 1] > 0.008, FOREARM] += 0.02
    excess = distances - distances.min(1, keepdims=True)
    weights = np.exp(-excess / _BIND_M)
    weights[vertices_m[:, 1] < -field.sleeve_m, :FOREARM] = 0
    weights[weights < 1e-3] = 0
    return weights / weights.sum(1, keepdims=True)


def _paint_nail(local_m: np.ndarray, length_m: float, radius_m: float) -> np.ndarray:
    along = (local_m[:, 1] - 0.72 * length_m) / (0.30 * length_m)
    across = local_m[:, 0] / (0.78 * radius_m)
    return np.clip(5 * (1 - along**4 - across**4), 0, 1) * (local_m[:, 2] > 0.25 * radius_m)


def _apply(transform: np.ndarray, points_m: np.ndarray) -> np.ndarray:
    return points_m @ transform[:3, :3].T + transform[:3, 3]
