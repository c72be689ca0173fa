"""A trajectory as contact detection would measure it: true pads plus the noise fitted to rendered recordings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from fingertip_contact.contact.measurement.appearance_network import OUTPUTS
from fingertip_contact.contact.measurement.approach import compute_approach_direction, to_approach_frame
from fingertip_contact.contact.measurement.columns import FINGER_COUNT
from fingertip_contact.contact.measurement.fingertip_samples import FingertipSamples
from fingertip_contact.contact.measurement.hand_shape import SHAPE
from fingertip_contact.contact.parameters import ContactParameters
from fingertip_contact.datatypes import FINGERS, HANDS
from fingertip_contact.geometry import Camera, RigidTransform
from fingertip_contact.numerics import stereo_depth_sigma_m
from fingertip_research.evaluation.fingertip_noise import (
    CLEARANCE_KNOTS_M,
    FINGER_GROUP_INDEX,
    FLOW_ERROR_QUANTILES,
    FLOW_KNOTS_M,
    OUTLIER_QUANTILES,
    FingertipNoise,
    MarkovBursts,
    Table,
    compute_speed_bins,
    pixels_per_m,
)
from fingertip_research.evaluation.fingertip_recording import FingertipRecording
from fingertip_research.ground_truth.recording import GroundTruth, GroundTruthHeader, GroundTruthRest, GroundTruthTap
from fingertip_research.simulation.kinematic_typing import START_S
from fingertip_research.simulation.rendered_typing import stamp_ns
from fingertip_research.simulation.scene import Scene

# Correlations and probabilities of the noise model are per frame at this rate.
NOISE_MODEL_RATE_HZ = 30.0
_GROUPS = np.array(FINGER_GROUP_INDEX * len(HANDS))


class Trajectory(Protocol):
    """The trajectory that `observe` needs; see simulation.kinematic_typing.TypingTrajectory."""

    @property
    def text(self) -> str: ...
    @property
    def taps(self) -> tuple[GroundTruthTap, ...]: ...
    @property
    def rests(self) -> tuple[GroundTruthRest, ...]: ...
    @property
    def end_s(self) -> float: ...

    def pads_m(self, times_s: np.ndarray) -> np.ndarray: ...


@dataclass(frozen=True)
class FrameTiming:
    """Exposure times. jitter_s: SD of an exposure about its nominal time. drop_rate: fraction of lost frames."""

    rate_hz: float = 30.0
    jitter_s: float = 0.0
    drop_rate: float = 0.0

    def sample_times_s(self, from_s: float, until_s: float, random: np.random.Generator) -> np.ndarray:
        """Ascending exposure times."""
        times_s = np.arange(from_s, until_s, 1.0 / self.rate_hz)
        # Limited, so that exposures keep their order.
        jitter_s = np.clip(random.normal(0, 1, len(times_s)) * self.jitter_s, -0.3 / self.rate_hz, 0.3 / self.rate_hz)
        return (times_s + jitter_s)[random.random(len(times_s)) >= self.drop_rate]


@dataclass(frozen=True)
class FingerBias:
    """Constant errors of a participant's fingers. rim_z_score: (10,) height, in standard deviations. contact_point_m:
    (10, 2) contact point, metres. outlier_multipliers: (10,) rate of a finger's outliers over the average rate."""

    rim_z_score: np.ndarray
    contact_point_m: np.ndarray
    outlier_multipliers: np.ndarray

    @classmethod
    def sample(cls, noise: FingertipNoise, random: np.random.Generator) -> FingerBias:
        contact_point_m = (
            np.array(noise.contact_point_bias_m)
            + random.normal(0, 1, (FINGER_COUNT, 2)) * noise.contact_point_bias_sigma_m
        )
        return cls(
            random.normal(0, 1, FINGER_COUNT),
            contact_point_m,
            _sample_multipliers(noise.outliers.heterogeneity, random),
        )

    def contact_rim_height_m(self, noise: FingertipNoise) -> np.ndarray:
        """(10,) height of each finger's rim in contact."""
        return noise.contact_rim_height_m + self.rim_z_score * noise.finger_bias_sigma_m[0]


def _sample_multipliers(heterogeneity: float, random: np.random.Generator) -> np.ndarray:
    """(10,) positive, of mean one, of this SD."""
    if heterogeneity <= 0:
        return np.ones(FINGER_COUNT)
    return random.gamma(1.0 / heterogeneity**2, heterogeneity**2, FINGER_COUNT)


def observe(
    trajectory: Trajectory,
    scene: Scene,
    noise: FingertipNoise,
    bias: FingerBias,
    frame_timing: FrameTiming,
    random: np.random.Generator,
) -> tuple[FingertipRecording, GroundTruth]:
    """The trajectory measured under the camera of a scene, and its truth."""
    times_s = frame_timing.sample_times_s(START_S, trajectory.end_s, random)
    stamps_ns = np.array([stamp_ns(time_s) for time_s in times_s], dtype=np.int64)
    pose = scene.camera_from_sheet
    recording = simulate_measurements(
        stamps_ns, trajectory.pads_m(times_s), scene.color_camera, pose, noise, bias, random
    )
    header = GroundTruthHeader(trajectory.text, scene.seed, scene.angle_deg, None, None, None, {}, 0.0, pose)
    return recording, GroundTruth(header, trajectory.taps, trajectory.rests)


def simulate_measurements(
    stamps_ns: np.ndarray,
    pads_m: np.ndarray,
    camera: Camera,
    pose: RigidTransform,
    noise: FingertipNoise,
    bias: FingerBias,
    random: np.random.Generator,
) -> FingertipRecording:
    """Measurements of true pads (T, 10, 3) in the sheet frame. pose: camera_from_sheet.

    Scatter grows with the square of the distance, as a stereo camera's does, relative to the fitted distance.
    """
    clearance_m = np.maximum(0.0, pads_m[..., 2])
    steps = np.diff(stamps_ns, prepend=stamps_ns[0] - round(1e9 / NOISE_MODEL_RATE_HZ)) / 1e9 * NOISE_MODEL_RATE_HZ
    scale = (float(np.linalg.norm(pose.translation_m)) / noise.distance_m) ** 2
    rim_height_m = clearance_m + _interpolate_by_finger(noise.rim_offset_m, clearance_m)
    rim_height_m += bias.rim_z_score * np.interp(clearance_m, CLEARANCE_KNOTS_M, noise.finger_bias_sigma_m)
    scatter = _sample_scatter(noise, clearance_m, steps, random)
    sides = noise.sigma_below_m, noise.sigma_above_m
    rim_height_m += (
        scatter * scale * np.where(scatter < 0, *(_interpolate_by_finger(side, clearance_m) for side in sides))
    )
    speed_bins = compute_speed_bins(clearance_m, stamps_ns)
    rim_height_m += _sample_outliers(noise, bias, clearance_m, speed_bins, steps, random)
    hands = len(steps), len(HANDS)
    track_loss = _sample_bursts(noise.track_loss, np.zeros(hands), np.zeros(hands, dtype=int), steps, random)
    dropouts = _sample_bursts(noise.dropouts, clearance_m, speed_bins, steps, random)
    unseen = np.repeat(track_loss, len(FINGERS), axis=1)
    rim_height_m[dropouts | unseen] = np.nan
    return FingertipRecording(
        stamps_ns=stamps_ns,
        tracks=np.where(track_loss, -1, np.arange(1, len(HANDS) + 1)),
        samples=_simulate_samples(camera, pose, noise, bias, pads_m, rim_height_m, unseen, steps, random),
        sheet_rotation=np.tile(pose.rotation, (len(steps), 1, 1)),
        sheet_translation_m=np.tile(pose.translation_m, (len(steps), 1)),
    )


def _simulate_samples(
    camera: Camera,
    pose: RigidTransform,
    noise: FingertipNoise,
    bias: FingerBias,
    pads_m: np.ndarray,
    rim_height_m: np.ndarray,
    hand_unseen: np.ndarray,
    steps: np.ndarray,
    random: np.random.Generator,
) -> FingertipSamples:
    flat_m = pads_m + np.concatenate([bias.contact_point_m, np.zeros((FINGER_COUNT, 1))], axis=1)
    flat_m[..., :2] += random.normal(0, 1, flat_m[..., :2].shape) * noise.contact_point_sigma_m
    flat_m[..., 2] = 0.0
    tip_px = camera.project(pose.apply(pads_m.reshape(-1, 3))).reshape(*rim_height_m.shape, 2)
    normal = pose.rotation[:, 2]
    down = compute_approach_direction(camera, normal, tip_px.reshape(-1, 2)).reshape(tip_px.shape)
    true_m = np.diff(tip_px, axis=0, prepend=np.nan) / pixels_per_m(camera, pose, tip_px)[..., None]
    flow_m = to_approach_frame(down, _simulate_flow(noise, pose, true_m, random))
    # Flow needs the hand in both frames.
    flow_m[hand_unseen | np.roll(hand_unseen, 1, axis=0)] = np.nan
    wobble = _sample_autoregressive(np.full(rim_height_m.shape, noise.landmark_row_correlation), steps, random)
    tip_px[..., 1] += noise.landmark_row_sigma_px * wobble
    slope = np.abs(camera.rays(tip_px.reshape(-1, 2)) @ normal).reshape(rim_height_m.shape)
    depth_m = pose.apply(flat_m)[..., 2]
    parameters = ContactParameters()
    sigma_z_m = stereo_depth_sigma_m(depth_m, camera.fx, parameters.baseline_m, parameters.depth_noise_px)
    unseen = ~np.isfinite(rim_height_m)
    pad_m = np.where(unseen[..., None], np.nan, pose.apply(flat_m))
    return FingertipSamples(
        rim_height_m=rim_height_m,
        sigma_m=np.where(unseen, np.nan, sigma_z_m * slope / np.sqrt(5.0)),
        axial_height_m=rim_height_m / slope,
        tip_px=tip_px,
        tip_end_px=np.where(unseen[..., None], np.nan, tip_px),
        contact_point_m=pad_m,
        flow_m=flow_m,
        # What only images show.
        finger_height_m=np.full(rim_height_m.shape, np.nan),
        stereo_height_m=np.full(rim_height_m.shape, np.nan),
        shape=np.full((*rim_height_m.shape, len(SHAPE)), np.nan),
        appearance=np.full((*rim_height_m.shape, len(OUTPUTS)), np.nan),
    )


def _simulate_flow(
    noise: FingertipNoise, pose: RigidTransform, true_m: np.ndarray, random: np.random.Generator
) -> np.ndarray:
    """(T, 10, 2) measured fingertip flow. Errors are constant in pixels: in metres they grow with distance."""
    flow_magnitude_m = np.linalg.norm(true_m, axis=-1)
    ahead = true_m / np.maximum(flow_magnitude_m, 1e-9)[..., None]
    aside = np.stack([-ahead[..., 1], ahead[..., 0]], axis=-1)
    scale = float(np.linalg.norm(pose.translation_m)) / noise.distance_m
    along_m, across_m = (
        _sample_flow_errors(table, flow_magnitude_m, random)
        for table in (noise.flow_error_along_m, noise.flow_error_across_m)
    )
    return true_m + scale * (along_m[..., None] * ahead + across_m[..., None] * aside)


def _sample_flow_errors(table: Table, flow_magnitude_m: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Draws from a table of FLOW_KNOTS_M by FLOW_ERROR_QUANTILES, linear between the rows next to a length (T, 10)."""
    quantile = random.random(flow_magnitude_m.shape)
    rows = np.stack([np.interp(quantile, FLOW_ERROR_QUANTILES, row) for row in table])
    position = np.interp(np.nan_to_num(flow_magnitude_m), FLOW_KNOTS_M, np.arange(len(FLOW_KNOTS_M)))
    below = np.minimum(position.astype(int), len(FLOW_KNOTS_M) - 2)
    low, high = (np.take_along_axis(rows, (below + step)[None], axis=0)[0] for step in (0, 1))
    return low + (position - below) * (high - low)


def _interpolate_by_finger(rows: tuple[tuple[float, ...], ...], clearance_m: np.ndarray) -> np.ndarray:
    """Each finger's value at its clearance, (T, 10). rows: by finger group."""
    columns = [
        np.interp(clearance_m[:, column], CLEARANCE_KNOTS_M, rows[group]) for column, group in enumerate(_GROUPS)
    ]
    return np.stack(columns, axis=1)


def _sample_scatter(
    noise: FingertipNoise, clearance_m: np.ndarray, steps: np.ndarray, random: np.random.Generator
) -> np.ndarray:
    """(T, 10) of deviation one: an independent and a correlated part."""
    slow = np.interp(clearance_m, CLEARANCE_KNOTS_M, noise.slow_variance_ratio)
    lasting = _sample_autoregressive(np.full(clearance_m.shape, noise.slow_correlation), steps, random)
    return np.sqrt(1.0 - slow) * random.normal(0, 1, slow.shape) + np.sqrt(slow) * lasting


def _sample_autoregressive(correlation: np.ndarray, steps: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """(T, N) normal values of deviation one; correlation: (T, N), with the value one frame of the model before."""
    decay = correlation ** steps[:, None]
    values = random.normal(0, 1, decay.shape)
    for row in range(1, len(values)):
        values[row] = decay[row] * values[row - 1] + np.sqrt(1.0 - decay[row] ** 2) * values[row]
    return values


def _sample_bursts(
    bursts: MarkovBursts,
    clearance_m: np.ndarray,
    speed_bins: np.ndarray,
    steps: np.ndarray,
    random: np.random.Generator,
    multipliers: np.ndarray | float = 1.0,
) -> np.ndarray:
    """(T, N) whether a burst is on. steps: (T,) intervals in frames of the model, to which its probabilities refer."""
    onset_probability, persistence = (
        _interpolate_by_speed(table, clearance_m, speed_bins)
        for table in (bursts.onset_probability, bursts.persistence)
    )
    onset_probability = 1.0 - (1.0 - np.clip(multipliers * onset_probability, 0.0, 1.0)) ** steps[:, None]
    persistence **= steps[:, None]
    chance = random.random(clearance_m.shape)
    on = np.zeros(clearance_m.shape, dtype=bool)
    for row in range(1, len(on)):
        on[row] = chance[row] < np.where(on[row - 1], persistence[row], onset_probability[row])
    return on


def _interpolate_by_speed(table: Table, clearance_m: np.ndarray, speed_bins: np.ndarray) -> np.ndarray:
    """Each finger's value in a table with one row per speed bin, by CLEARANCE_KNOTS_M."""
    return np.choose(speed_bins, [np.interp(clearance_m, CLEARANCE_KNOTS_M, row) for row in table])


def _sample_outliers(
    noise: FingertipNoise,
    bias: FingerBias,
    clearance_m: np.ndarray,
    speed_bins: np.ndarray,
    steps: np.ndarray,
    random: np.random.Generator,
) -> np.ndarray:
    """(T, 10) additions of outliers, metres: one draw per outlier."""
    on = _sample_bursts(noise.outliers, clearance_m, speed_bins, steps, random, bias.outlier_multipliers)
    offset_m = np.interp(random.random(on.shape), OUTLIER_QUANTILES, noise.outlier_offset_m)
    for row in range(1, len(on)):
        offset_m[row] = np.where(on[row - 1], offset_m[row - 1], offset_m[row])
    return np.where(on, offset_m, 0.0)
