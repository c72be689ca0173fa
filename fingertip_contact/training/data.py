"""Which frames a run sees when, and how a frame becomes tensors.

Nothing here has a state: order and augmentation follow from seed, epoch and place alone. A run that was stopped goes on
with the same pictures, and processes share the work without talking.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset, Sampler

from fingertip_contact.evaluation.depth_bands import DESK_BAND_M, compute_heights_m, fit_surface_plane
from fingertip_contact.geometry import Camera
from fingertip_contact.recordings.dataset import BadFrameError, DatasetFrame
from fingertip_contact.training.augmentation import augment, draw_augmentation
from fingertip_contact.training.configuration import TrainingConfiguration

# Independent random streams.
_ORDER, _AUGMENTATION, _SIZE = range(3)


@dataclass(frozen=True)
class Draw:
    """A frame's turn: which one, in which epoch (that draws its augmentation), at which input size."""

    index: int
    epoch: int
    size: tuple[int, int]


def steps_per_epoch(frames: int, configuration: TrainingConfiguration) -> int:
    """The last step of an epoch may have fewer batches, and its last batch fewer frames."""
    seen = min(configuration.epoch_frames or frames, frames)
    return -(-seen // (configuration.batch_size * configuration.accumulation))


def plan_epoch(frames: int, epoch: int, configuration: TrainingConfiguration) -> list[list[list[Draw]]]:
    """The steps of an epoch, each a list of batches, each a list of draws; every frame at most once."""
    order = np.random.default_rng([configuration.seed, _ORDER, epoch]).permutation(frames)
    order = order[: configuration.epoch_frames or frames]
    sizes = configuration.all_sizes
    chosen = np.random.default_rng([configuration.seed, _SIZE, epoch])
    per_step = configuration.batch_size * configuration.accumulation
    steps = []
    for start in range(0, len(order), per_step):
        size = sizes[chosen.integers(len(sizes))]
        draws = [Draw(int(index), epoch, size) for index in order[start : start + per_step]]
        steps.append(
            [draws[at : at + configuration.batch_size] for at in range(0, len(draws), configuration.batch_size)]
        )
    return steps


class Plan(Sampler[list[Draw]]):
    """The batches of one process in an epoch: of each step every `processes`-th one, from `process` on."""

    def __init__(self, steps: Sequence[Sequence[list[Draw]]], process: int, processes: int) -> None:
        self._batches = [batch for step in steps for batch in step[process::processes]]

    def __iter__(self) -> Iterator[list[Draw]]:
        return iter(self._batches)

    def __len__(self) -> int:
        return len(self._batches)


class TrainingFrames(Dataset):
    """Draw -> (3, h, w) picture and (2, h, w): true depth in metres, and each pixel's weight, 0 where depth is invalid.

    A frame that cannot be read comes as one without a valid pixel, and its trouble in `reports`; the run goes on.
    """

    def __init__(self, frames: Sequence[DatasetFrame], configuration: TrainingConfiguration) -> None:
        self._frames = frames
        self._configuration = configuration

    def __getitem__(self, draw: Draw) -> tuple[Tensor, Tensor, str]:
        """The third: why the frame could not be read; empty where it could."""
        frame, configuration = self._frames[draw.index], self._configuration
        try:
            color_bgr, depth_m = frame.load_color(), frame.load_depth_m()
        except BadFrameError as error:
            return torch.zeros(3, *draw.size), torch.zeros(2, *draw.size), str(error)
        weight = weights(depth_m, frame.camera, configuration)
        stream = np.random.default_rng([configuration.seed, _AUGMENTATION, draw.epoch, draw.index])
        augmentation = draw_augmentation(stream, configuration, *depth_m.shape)
        maps = np.dstack([np.nan_to_num(depth_m), weight])
        picture, maps = augment(color_bgr, maps, augmentation, draw.size)
        if configuration.focal_aware:
            # Enlarged by 1 / scale with the same network, a thing looks as it would at scale times its distance.
            maps[0] *= augmentation.scale
        return torch.from_numpy(picture), torch.from_numpy(maps), ""


def weights(depth_m: np.ndarray, camera: Camera, configuration: TrainingConfiguration) -> np.ndarray:
    """(H, W) float32: 0 where depth is invalid or out of range, `near_surface_weight` just above the desk, else 1."""
    valid = (depth_m >= configuration.min_depth_m) & (depth_m <= configuration.max_depth_m)
    weight = valid.astype(np.float32)
    if configuration.near_surface_weight == 1.0:
        return weight
    try:
        height_m = compute_heights_m(depth_m, camera, fit_surface_plane(depth_m, camera))
    except ValueError:
        return weight  # no desk in view: nothing is near it
    near = valid & (height_m > DESK_BAND_M) & (height_m <= configuration.near_surface_band_m)
    weight[near] = configuration.near_surface_weight
    return weight
