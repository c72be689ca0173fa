"""A hand of mesh and joints: forward kinematics and skinning.

Hand frame: origin at the wrist, x to the right, y towards the fingers, z to the back of the hand; metres, radians.
Each finger has three joint values: abduction, flexion of the first joint, flexion of the second; the third joint is
coupled to the second.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sparse

from fingertip_contact.datatypes import FINGERS, Handedness

# Limits of each finger's values, (5, 3) radians.
MIN_ANGLES_RAD = np.radians([[-60, -50, -25]] + [[-38, -45, -13]] * 4)
MAX_ANGLES_RAD = np.radians([[60, 60, 75]] + [[38, 85, 90]] * 4)
# Ratio of the last joint's flexion to the second's, by finger.
DISTAL_COUPLING = np.array([0.5, 0.22, 0.2, 0.2, 0.25])

# Groups of vertices that move together: palm, forearm, then three segments per finger.
PALM, ARM, FIRST_SEGMENT = 0, 1, 2
GROUP_COUNT = FIRST_SEGMENT + 3 * len(FINGERS)


@dataclass(frozen=True)
class WristPose:
    """The pose of the wrist. rotation: (3, 3) and position_m: (3,), hand frame to sheet frame."""

    rotation: np.ndarray
    position_m: np.ndarray

    def translate(self, shift_m: np.ndarray) -> WristPose:
        """shift_m: (3,) in the sheet frame."""
        return WristPose(self.rotation, self.position_m + shift_m)

    def apply(self, points_m: np.ndarray) -> np.ndarray:
        """(N, 3) hand frame -> sheet frame."""
        return points_m @ self.rotation.T + self.position_m


@dataclass(frozen=True)
class Chain:
    """A bent finger in the hand frame.

    segments: per segment the (3, 3) rotation and (3,) translation from rest. axes, origins_m: (3,) each, of the
    abduction and the three flexions.
    """

    segments: list[tuple[np.ndarray, np.ndarray]]
    axes: list[np.ndarray]
    origins_m: list[np.ndarray]


@dataclass(frozen=True)
class Pad:
    """A finger's pad in the sheet frame, metres. center_m: (3,) its middle, lowest_point_m: (3,) its lowest vertex."""

    center_m: np.ndarray
    lowest_point_m: np.ndarray


@dataclass(frozen=True)
class PosedHand:
    """In the sheet frame, metres.

    vertices_m, normals: (V, 3). joints_m: `wrist`, `thumb_1` ... -> (3,). ends_m: (5, 3) the ends of the fingers.
    """

    vertices_m: np.ndarray
    normals: np.ndarray
    joints_m: dict[str, np.ndarray]
    ends_m: np.ndarray


@dataclass(frozen=True)
class HandModel:
    """A hand at rest.

    hand: left or right. length_m: from the wrist to the middle finger's tip. rest_m: (V, 3). triangles: (T, 3) int32.
    weights: (V, GROUP_COUNT), rows sum to 1. heads_m, tails_m, flexion_axes: (5, 3, 3) by finger and segment.
    abduction_axes: (5, 3). arm_axis: (3,) unit vector from wrist to elbow. pads: vertex numbers of each finger's pad, 5
    arrays. pad_centers_m: their middles on the palm's side, 5 of (3,). ends: vertex numbers of each finger's end,
    5 arrays. vertex_triangles: (V, T) 1 where a triangle has the vertex as a corner.
    """

    hand: Handedness
    length_m: float
    rest_m: np.ndarray
    triangles: np.ndarray
    weights: np.ndarray
    heads_m: np.ndarray
    tails_m: np.ndarray
    flexion_axes: np.ndarray
    abduction_axes: np.ndarray
    arm_axis: np.ndarray
    pads: list[np.ndarray]
    pad_centers_m: list[np.ndarray]
    ends: list[np.ndarray]
    vertex_triangles: sparse.csr_matrix

    def bend(self, finger: int, values_rad: np.ndarray) -> Chain:
        """Forward kinematics of a finger. values_rad: (3,) joint values."""
        abduction, first, second = values_rad
        segments, axes, origins_m = [], [], []
        rotation, shift_m = np.eye(3), np.zeros(3)
        for joint, flexion in enumerate((first, second, DISTAL_COUPLING[finger] * second)):
            head_m = rotation @ self.heads_m[finger, joint] + shift_m
            turn = rotation_about(self.flexion_axes[finger, joint], flexion)
            axis = rotation @ self.flexion_axes[finger, joint]
            if joint == 0:
                spread = rotation_about(self.abduction_axes[finger], abduction)
                axes.append(self.abduction_axes[finger])
                origins_m.append(head_m)
                axis = spread @ self.flexion_axes[finger, 0]
                turn = spread @ turn
            axes.append(axis)
            origins_m.append(head_m)
            rotation = rotation @ turn
            shift_m = head_m - rotation @ self.heads_m[finger, joint]
            segments.append((rotation, shift_m))
        return Chain(segments, axes, origins_m)

    def pad(self, finger: int, chain: Chain, wrist: WristPose) -> Pad:
        """The pad of a finger whose chain `bend` computed."""
        rotation, shift_m = chain.segments[2]
        points_m = self._pad_points(finger, chain, wrist)
        center_m = wrist.rotation @ (rotation @ self.pad_centers_m[finger] + shift_m) + wrist.position_m
        return Pad(center_m, points_m[np.argmin(points_m[:, 2])])

    def find_contact_point_m(self, finger: int, values_rad: np.ndarray, wrist: WristPose) -> np.ndarray:
        """(3,) the point of the pad that touches first: the mean of its vertices within 0.4 mm of the lowest one."""
        points_m = self._pad_points(finger, self.bend(finger, values_rad), wrist)
        min_height_m = points_m[:, 2].min()
        near = points_m[points_m[:, 2] < min_height_m + 0.0004]
        return np.array([near[:, 0].mean(), near[:, 1].mean(), min_height_m])

    def _pad_points(self, finger: int, chain: Chain, wrist: WristPose) -> np.ndarray:
        rotation, shift_m = chain.segments[2]
        return wrist.apply(self.rest_m[self.pads[finger]] @ rotation.T + shift_m)

    def pose(self, values_rad: np.ndarray, wrist: WristPose, arm_direction: np.ndarray) -> PosedHand:
        """values_rad: (5, 3). arm_direction: (3,) unit vector from wrist to elbow in the sheet frame."""
        transforms = np.zeros((GROUP_COUNT, 3, 4))
        transforms[:, :3, :3] = np.eye(3)
        transforms[ARM, :, :3] = rotation_between(self.arm_axis, wrist.rotation.T @ arm_direction)
        joints_m = {"wrist": wrist.position_m.copy()}
        for finger, name in enumerate(FINGERS):
            chain = self.bend(finger, values_rad[finger])
            for joint, (rotation, shift_m) in enumerate(chain.segments):
                group = FIRST_SEGMENT + 3 * finger + joint
                transforms[group, :, :3], transforms[group, :, 3] = rotation, shift_m
            # The first flexion and the abduction have the same origin.
            for joint, origin_m in enumerate(chain.origins_m[1:], start=1):
                joints_m[f"{name}_{joint}"] = wrist.rotation @ origin_m + wrist.position_m
        blend = (self.weights @ transforms.reshape(GROUP_COUNT, 12)).reshape(-1, 3, 4)
        vertices_m = wrist.apply(np.einsum("nij,nj->ni", blend[:, :, :3], self.rest_m) + blend[:, :, 3])
        ends_m = np.array([vertices_m[end].mean(0) for end in self.ends])
        return PosedHand(vertices_m, self._compute_normals(vertices_m), joints_m, ends_m)

    def _compute_normals(self, vertices_m: np.ndarray) -> np.ndarray:
        a, b, c = (vertices_m[self.triangles[:, corner]] for corner in range(3))
        normals = self.vertex_triangles @ np.cross(b - a, c - a)
        return normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)


def normalise(vector: np.ndarray) -> np.ndarray:
    """A vector (3,) of length 1."""
    return vector / np.linalg.norm(vector)


def rotation_about(axis: np.ndarray, angle_rad: float) -> np.ndarray:
    """(3, 3) by Rodrigues' formula. axis: (3,), of any length."""
    x, y, z = normalise(axis)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle_rad) * cross + (1 - np.cos(angle_rad)) * cross @ cross


def rotation_between(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """(3, 3) the smallest rotation of one unit vector to another."""
    axis = np.cross(start, end)
    sine = np.linalg.norm(axis)
    return rotation_about(axis, np.arctan2(sine, start @ end)) if sine > 1e-6 else np.eye(3)


def rotation_from_yaw_pitch_roll(yaw_rad: float, pitch_rad: float, roll_rad: float) -> np.ndarray:
    """(3, 3). yaw: about z, to the left positive; pitch: fingers up positive; roll: right side down positive."""
    yaw = rotation_about(np.array([0.0, 0.0, 1.0]), yaw_rad)
    pitch = rotation_about(np.array([1.0, 0.0, 0.0]), pitch_rad)
    return yaw @ pitch @ rotation_about(np.array([0.0, 1.0, 0.0]), roll_rad)
