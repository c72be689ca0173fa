"""The order of frames in a run, and the conversion of a frame to tensors.

Nothing here has state: order and augmentation depend on seed, epoch and position alone. So a resumed run continues with
the same images, and processes divide the work without communication.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset, Sampler

from fingertip_contact.geometry import Camera
from fingertip_research.datasets.dataset import BadFrameError, DatasetFrame
from fingertip_research.evaluation.depth_bands import DESK_BAND_M, compute_heights_m, fit_surface_plane
from fingertip_research.training.augmentation import augment, sample_augmentation
from fingertip_research.training.configuration import TrainingConfiguration

# Independent random streams.
_ORDER, _AUGMENTATION, _SIZE = range(3)


@dataclass(frozen=True)
class SampleRequest:
    """A request for one sample: index of the frame, epoch (which determines its augmentation), and input size."""

    index: int
    epoch: int
    size: tuple[int, int]


def steps_per_epoch(frames: int, configuration: TrainingConfiguration) -> int:
    """Steps per epoch. The last one may have fewer batches, and its last batch fewer frames."""
    frame_count = min(configuration.epoch_frames or frames, frames)
    return -(-frame_count // (configuration.batch_size * configuration.accumulation))


def plan_epoch(frames: int, epoch: int, configuration: TrainingConfiguration) -> list[list[list[SampleRequest]]]:
    """The steps of an epoch, each a list of batches, each a list of requests; every frame at most once."""
    order = np.random.default_rng([configuration.seed, _ORDER, epoch]).permutation(frames)
    order = order[: configuration.epoch_frames or frames]
    sizes = configuration.all_sizes
    size_rng = np.random.default_rng([configuration.seed, _SIZE, epoch])
    frames_per_step = configuration.batch_size * configuration.accumulation
    steps = []
    for start in range(0, len(order), frames_per_step):
        size = sizes[size_rng.integers(len(sizes))]
        requests = [SampleRequest(int(index), epoch, size) for index in order[start : start + frames_per_step]]
        steps.append(
            [
                requests[offset : offset + configuration.batch_size]
                for offset in range(0, len(requests), configuration.batch_size)
            ]
        )
    return steps


class EpochBatchSampler(Sampler[list[SampleRequest]]):
    """The batches of one process in an epoch: every `world_size`-th one of each step, from `rank` on."""

    def __init__(self, steps: Sequence[Sequence[list[SampleRequest]]], rank: int, world_size: int) -> None:
        self._batches = [batch for step in steps for batch in step[rank::world_size]]

    def __iter__(self) -> Iterator[list[SampleRequest]]:
        return iter(self._batches)

    def __len__(self) -> int:
        return len(self._batches)


class TrainingFrames(Dataset):
    """SampleRequest -> (3, h, w) image, (2, h, w) maps, error. The maps are ground-truth depth in metres and the weight
    of each pixel, 0 where depth is invalid.

    A frame that cannot be read becomes one without a valid pixel, with its error; the run continues.
    """

    def __init__(self, frames: Sequence[DatasetFrame], configuration: TrainingConfiguration) -> None:
        self._frames = frames
        self._configuration = configuration

    def __getitem__(self, request: SampleRequest) -> tuple[Tensor, Tensor, str]:
        """The third element: the error of a frame that cannot be read, else empty."""
        frame, configuration = self._frames[request.index], self._configuration
        try:
            color_bgr, depth_m = frame.load_color(), frame.load_depth_m()
        except BadFrameError as error:
            return torch.zeros(3, *request.size), torch.zeros(2, *request.size), str(error)
        weight = compute_pixel_weights(depth_m, frame.camera, configuration)
        rng = np.random.default_rng([configuration.seed, _AUGMENTATION, request.epoch, request.index])
        augmentation = sample_augmentation(rng, configuration, *depth_m.shape)
        maps = np.dstack([np.nan_to_num(depth_m), weight])
        image, maps = augment(color_bgr, maps, augmentation, request.size)
        if configuration.focal_aware:
            # To the same network an object enlarged by 1 / scale appears at scale times its distance.
            maps[0] *= augmentation.scale
        return torch.from_numpy(image), torch.from_numpy(maps), ""


def compute_pixel_weights(depth_m: np.ndarray, camera: Camera, configuration: TrainingConfiguration) -> np.ndarray:
    """(H, W) float32: 0 where depth is invalid or out of range, `near_surface_weight` near the desk, else 1."""
    valid = (depth_m >= configuration.min_depth_m) & (depth_m <= configuration.max_depth_m)
    weight = valid.astype(np.float32)
    if configuration.near_surface_weight == 1.0:
        return weight
    try:
        height_m = compute_heights_m(depth_m, camera, fit_surface_plane(depth_m, camera))
    except ValueError:
        return weight  # No desk in view, so no pixel is near it.
    is_near_surface = valid & (height_m > DESK_BAND_M) & (height_m <= configuration.near_surface_band_m)
    weight[is_near_surface] = configuration.near_surface_weight
    return weight
