"""A hand model that can be posed: the rigged mesh of assets/, its joints and its skin.

The hand frame has its origin in the wrist joint, x to the typist's right, y along the fingers and z out of the back of
the hand, for both hands: with the palm flat over the desk its axes are those of the sheet frame. Finger order is that
of `datatypes.FINGERS`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import as_file, files
from pathlib import Path

import numpy as np

from fingertip_contact.datatypes import FINGERS, Handedness
from fingertip_contact.geometry import RigidTransform
from fingertip_research.simulation.glb import SkinnedMesh, read_skinned_mesh

# The rig: right hand fingers along -y, back of the hand +x, thumb -z; the left hand is mirrored in x.
_HAND_FROM_RIG = {
    "right": np.array([[0.0, 0.0, 1.0], [0.0, -1.0, 0.0], [1.0, 0.0, 0.0]]),
    "left": np.array([[0.0, 0.0, -1.0], [0.0, -1.0, 0.0], [-1.0, 0.0, 0.0]]),
}
_RIG_FINGERS = {
    "thumb": "thumb",
    "index": "index-finger",
    "middle": "middle-finger",
    "ring": "ring-finger",
    "little": "pinky-finger",
}
_FINGER_RADIUS_M = 0.008  # the skin moves by this fraction of `thickness - 1`
_PAD_SOFTNESS_M = 0.0004  # skin within about this height of the lowest point forms the pad

# The chain of joints of each finger: knuckle (two axes), middle joint, end joint, and the tip, which is fixed.
CHAIN_LENGTH = 4
THUMB_CHAIN = ("metacarpal", "proximal", "distal", "tip")
FINGER_CHAIN = ("proximal", "intermediate", "distal", "tip")

# Columns of HandPose.angles_rad.
FLEXION, ABDUCTION, MIDDLE_FLEXION, END_FLEXION = range(4)


def make_chain_joint_names(finger: str) -> tuple[str, ...]:
    """The names of the joints of a finger's chain, e.g. `index_proximal` ... `index_tip`."""
    return tuple(f"{finger}_{part}" for part in (THUMB_CHAIN if finger == "thumb" else FINGER_CHAIN))


@dataclass(frozen=True)
class HandPose:
    """wrist: sheet_from_hand. angles_rad: (5, 4), one row per finger: flexion and abduction of the knuckle (MCP; of the
    thumb CMC), flexion of the middle joint (PIP; MCP) and of the end joint (DIP; IP).

    Zero is the rig's rest pose, a flat relaxed hand. Flexion is positive towards the palm, abduction towards the
    little finger.
    """

    wrist: RigidTransform
    angles_rad: np.ndarray


@dataclass(frozen=True)
class ChainFrames:
    """Frames of the chain joints for N poses: rotations (N, 5, 4, 3, 3) and origins_m (N, 5, 4, 3), sheet frame."""

    rotations: np.ndarray
    origins_m: np.ndarray


@dataclass(frozen=True)
class HandModel:
    """A rigged hand. Make one with `load`.

    triangles: (T, 3) int32, counter-clockwise seen from outside. uv: (V, 2). finger_of_vertex: (V,) int8, the finger
    whose joints (from the knuckle outwards) move a vertex most, -1 for the palm. distal_vertices: for each finger the
    indices of the skin of its last segment.
    """

    hand: Handedness
    triangles: np.ndarray
    uv: np.ndarray
    finger_of_vertex: np.ndarray
    distal_vertices: tuple[np.ndarray, ...]
    joint_names: tuple[str, ...]
    rest_vertices_m: np.ndarray
    weights: np.ndarray  # (V, J)
    rest_rotations: np.ndarray  # (J, 3, 3) hand_from_joint
    rest_origins_m: np.ndarray  # (J, 3)
    seams: np.ndarray  # (V,) equal numbers for coinciding vertices: a texture seam is not an edge of the skin

    @classmethod
    def load(cls, hand: Handedness, scale: float = 1.0, thickness: float = 1.0) -> HandModel:
        """The left or right hand, its lengths times `scale` (1 = 19 cm from wrist joint to fingertip), its fingers
        thicker or thinner by about `thickness`. Raises ValueError for another hand, or sizes outside 0.5..2."""
        if hand not in _HAND_FROM_RIG:
            raise ValueError(f"hand is {hand!r}; it has to be 'left' or 'right'")
        if not (0.5 <= scale <= 2.0 and 0.5 <= thickness <= 2.0):
            raise ValueError(f"scale {scale} and thickness {thickness} have to lie within 0.5 and 2")
        with _open_asset(f"generic_hand_{hand}.glb") as path:
            mesh = read_skinned_mesh(path)
        return _build(hand, mesh, scale, thickness)

    def chain_frames(self, wrist_rotations: np.ndarray, wrist_origins_m: np.ndarray, angles: np.ndarray) -> ChainFrames:
        """Forward kinematics of N poses: rotations (N, 3, 3), origins (N, 3) and angles (N, 5, 4) as in HandPose."""
        joint_rotations = self._make_joint_rotations(angles)
        rotations = np.empty((len(angles), len(FINGERS), CHAIN_LENGTH, 3, 3))
        origins = np.empty((len(angles), len(FINGERS), CHAIN_LENGTH, 3))
        rotation, origin = wrist_rotations[:, None], wrist_origins_m[:, None]
        for link in range(CHAIN_LENGTH):
            origin = origin + (rotation @ self._link_offsets[:, link, :, None])[..., 0]
            rotation = rotation @ self._link_rotations[:, link]
            if link < CHAIN_LENGTH - 1:
                rotation = rotation @ joint_rotations[:, :, link]
            rotations[:, :, link], origins[:, :, link] = rotation, origin
        return ChainFrames(rotations, origins)

    def joints(self, pose: HandPose) -> dict[str, np.ndarray]:
        """All 25 joints by name (`wrist`, `thumb_metacarpal`, `index_metacarpal`, ..., `little_tip`): (3,) metres."""
        _, origins = self._joint_transforms(pose)
        return dict(zip(self.joint_names, origins, strict=True))

    def pose_skin(self, pose: HandPose) -> tuple[np.ndarray, np.ndarray]:
        """The posed skin: vertices (V, 3) and unit normals (V, 3), float32, sheet frame, metres."""
        vertices = self._skin_vertices(pose)
        return vertices.astype(np.float32), self._compute_normals(vertices).astype(np.float32)

    def fingertip_pads(self, pose: HandPose) -> np.ndarray:
        """The point of each finger that touches first: (5, 3) metres.

        z is that of the lowest skin vertex of the last segment, hence its clearance over the desk; x and y are the
        middle of the skin near that height.
        """
        vertices = self._skin_vertices(pose)
        return np.stack([find_pad(vertices[indices]) for indices in self.distal_vertices])

    def fingertip_ends(self, pose: HandPose) -> np.ndarray:
        """The end of each finger: (5, 3) metres, on its axis, at the outermost extent of its skin."""
        rotations, origins = self._joint_transforms(pose)
        tips = [self.joint_names.index(f"{finger}_tip") for finger in FINGERS]
        return origins[tips] + np.einsum("fij,fj->fi", rotations[tips], self._tip_extents)

    def min_height_m(self, pose: HandPose) -> float:
        """Height of the lowest point of the whole hand over the desk, metres."""
        return float(self._skin_vertices(pose)[:, 2].min())

    def _skin_vertices(self, pose: HandPose) -> np.ndarray:
        rotations, origins = self._joint_transforms(pose)
        from_rest = rotations @ self.rest_rotations.transpose(0, 2, 1)
        offsets = origins - np.einsum("jab,jb->ja", from_rest, self.rest_origins_m)
        blended = (self.weights @ from_rest.reshape(len(from_rest), 9)).reshape(-1, 3, 3)
        return np.einsum("vab,vb->va", blended, self.rest_vertices_m) + self.weights @ offsets

    def _joint_transforms(self, pose: HandPose) -> tuple[np.ndarray, np.ndarray]:
        """Rotations (J, 3, 3) and origins (J, 3) of every joint, sheet frame."""
        rotations = pose.wrist.rotation @ self.rest_rotations
        origins = pose.wrist.apply(self.rest_origins_m)
        chains = self.chain_frames(
            pose.wrist.rotation[None], pose.wrist.translation_m[None], np.asarray(pose.angles_rad)[None]
        )
        rotations[self.chain_joints] = chains.rotations[0]
        origins[self.chain_joints] = chains.origins_m[0]
        return rotations, origins

    def _make_joint_rotations(self, angles: np.ndarray) -> np.ndarray:
        """(N, 5, 4) angles -> (N, 5, 3, 3, 3): rotation of each chain joint in its own rest frame.

        The joints' axes are those of WebXR: x to the right, y out of the back of the hand, -z along the bone.
        """
        flexion = -np.stack([angles[..., FLEXION], angles[..., MIDDLE_FLEXION], angles[..., END_FLEXION]], axis=-1)
        cos, sin = np.cos(flexion), np.sin(flexion)
        joint_rotations = np.zeros((*flexion.shape, 3, 3))
        joint_rotations[..., 0, 0] = 1.0
        joint_rotations[..., 1, 1], joint_rotations[..., 1, 2] = cos, -sin
        joint_rotations[..., 2, 1], joint_rotations[..., 2, 2] = sin, cos
        abduction = angles[..., ABDUCTION] * self.abduction_sign
        sideways = np.zeros((*abduction.shape, 3, 3))
        sideways[..., 1, 1] = 1.0
        sideways[..., 0, 0] = sideways[..., 2, 2] = np.cos(abduction)
        sideways[..., 0, 2] = np.sin(abduction)
        sideways[..., 2, 0] = -np.sin(abduction)
        joint_rotations[:, :, 0] = sideways @ joint_rotations[:, :, 0]
        return joint_rotations

    def _compute_normals(self, vertices: np.ndarray) -> np.ndarray:
        a, b, c = (vertices[self.triangles[:, corner]] for corner in range(3))
        faces = np.cross(b - a, c - a)  # length is twice the area: larger triangles weigh more
        corners = self.seams[self.triangles].ravel()
        sums = np.stack([np.bincount(corners, np.repeat(faces[:, axis], 3)) for axis in range(3)], axis=1)
        normals = sums[self.seams]
        return normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)

    @cached_property
    def abduction_sign(self) -> float:
        """Direction of abduction towards the little finger about the knuckle's y axis."""
        return -1.0 if self.hand == "right" else 1.0

    @cached_property
    def knuckle_rotations(self) -> np.ndarray:
        """(5, 3, 3) hand_from_knuckle at rest, of the first joint of each chain."""
        return self._link_rotations[:, 0]

    @cached_property
    def chain_joints(self) -> np.ndarray:
        """(5, 4) joint numbers of the chains."""
        return np.array(
            [[self.joint_names.index(name) for name in make_chain_joint_names(finger)] for finger in FINGERS]
        )

    @cached_property
    def _link_rotations(self) -> np.ndarray:
        """(5, 4, 3, 3) rest rotation of each chain joint in its parent's frame; the first one's parent is the wrist."""
        rest = self.rest_rotations[self.chain_joints]
        return np.concatenate([rest[:, :1], rest[:, :-1].transpose(0, 1, 3, 2) @ rest[:, 1:]], axis=1)

    @cached_property
    def _link_offsets(self) -> np.ndarray:
        """(5, 4, 3) rest origin of each chain joint in its parent's frame."""
        rotations, origins = self.rest_rotations[self.chain_joints], self.rest_origins_m[self.chain_joints]
        steps = np.einsum("flji,flj->fli", rotations[:, :-1], origins[:, 1:] - origins[:, :-1])
        return np.concatenate([origins[:, :1], steps], axis=1)

    @cached_property
    def _tip_extents(self) -> np.ndarray:
        """(5, 3) end of each finger in the frame of its tip joint."""
        tips = self.chain_joints[:, -1]
        extents = []
        for tip, indices in zip(tips, self.distal_vertices, strict=True):
            local = (self.rest_vertices_m[indices] - self.rest_origins_m[tip]) @ self.rest_rotations[tip]
            extents.append([0.0, 0.0, local[:, 2].min()])
        return np.array(extents)


def find_pad(vertices_m: np.ndarray) -> np.ndarray:
    """The pad of skin (..., V, 3): (..., 3), mean x and y of the lowest skin, z of the lowest vertex."""
    lowest = vertices_m[..., 2].min(axis=-1)
    weight = np.exp((lowest[..., None] - vertices_m[..., 2]) / _PAD_SOFTNESS_M)
    xy = (weight[..., None] * vertices_m[..., :2]).sum(axis=-2) / weight.sum(axis=-1)[..., None]
    return np.concatenate([xy, lowest[..., None]], axis=-1)


@contextmanager
def _open_asset(name: str) -> Iterator[Path]:
    with as_file(files("fingertip_research.simulation") / "assets" / name) as path:
        yield path


def _build(hand: Handedness, mesh: SkinnedMesh, scale: float, thickness: float) -> HandModel:
    hand_from_rig = _HAND_FROM_RIG[hand]
    names = tuple(_make_joint_name(name) for name in mesh.joint_names)
    wrist = mesh.joint_transforms[names.index("wrist"), :3, 3]
    vertices = (mesh.vertices_m - wrist) @ hand_from_rig.T * scale
    _, seams = np.unique(np.round(mesh.vertices_m, 6), axis=0, return_inverse=True)
    strongest = [names[joint] for joint in mesh.weights.argmax(axis=1)]
    fingers = np.array([_find_finger(name) for name in strongest], dtype=np.int8)
    seams = seams.reshape(-1)
    distal_vertices = [
        _drop_duplicates(np.flatnonzero([name in make_chain_joint_names(finger)[-2:] for name in strongest]), seams)
        for finger in FINGERS
    ]
    model = HandModel(
        hand=hand,
        triangles=mesh.triangles,
        uv=mesh.uv,
        finger_of_vertex=fingers,
        distal_vertices=tuple(distal_vertices),
        joint_names=names,
        rest_vertices_m=vertices,
        weights=mesh.weights,
        rest_rotations=hand_from_rig @ mesh.joint_transforms[:, :3, :3],
        rest_origins_m=(mesh.joint_transforms[:, :3, 3] - wrist) @ hand_from_rig.T * scale,
        seams=seams,
    )
    vertices += model._compute_normals(vertices) * ((thickness - 1.0) * _FINGER_RADIUS_M * scale)
    return model


def _make_joint_name(rig_name: str) -> str:
    """`pinky-finger-phalanx-distal` -> `little_distal`."""
    for finger, prefix in _RIG_FINGERS.items():
        if rig_name.startswith(prefix + "-"):
            return f"{finger}_{rig_name.split('-')[-1]}"
    return rig_name


def _drop_duplicates(indices: np.ndarray, seams: np.ndarray) -> np.ndarray:
    """The first of each set of coinciding vertices."""
    _, first = np.unique(seams[indices], return_index=True)
    return indices[np.sort(first)]


def _find_finger(joint: str) -> int:
    return next((index for index, finger in enumerate(FINGERS) if joint in make_chain_joint_names(finger)), -1)
