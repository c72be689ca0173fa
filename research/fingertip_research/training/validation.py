"""Validation after an epoch: the evaluation's metrics, at the camera's image size."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from fingertip_contact.depth.preprocessing import Preprocessor, resize_to
from fingertip_research.datasets.dataset import BadFrameError, DatasetFrame
from fingertip_research.evaluation.depth_metrics import DepthSums, average_over_images, compute_depth_sums
from fingertip_research.training.configuration import TrainingConfiguration
from fingertip_research.training.distributed import DistributedContext
from fingertip_research.training.network import TrainableNetwork


@torch.inference_mode()
def validate(
    network: TrainableNetwork,
    frames: Sequence[DatasetFrame],
    configuration: TrainingConfiguration,
    device: torch.device,
    distributed: DistributedContext,
) -> dict[str, float]:
    """The mean over images of each metric; the processes divide the frames. Unreadable ones are skipped."""
    network.eval()
    preprocess = Preprocessor(configuration.height, configuration.width)
    local_sums: list[DepthSums] = []
    for frame in frames[distributed.rank :: distributed.world_size]:
        try:
            color_bgr, true_m = frame.load_color(), frame.load_depth_m()
        except BadFrameError:
            continue
        network_m = network(torch.from_numpy(preprocess(color_bgr)).to(device))[0, 0].float().cpu().numpy()
        local_sums.append(
            compute_depth_sums(resize_to(network_m, *true_m.shape), mask_out_of_range(true_m, configuration))
        )
    network.train()
    return average_over_images(distributed.all_gather(local_sums))


def mask_out_of_range(true_m: np.ndarray, configuration: TrainingConfiguration) -> np.ndarray:
    """Depth with NaN outside the run's depth range."""
    valid = (true_m >= configuration.min_depth_m) & (true_m <= configuration.max_depth_m)
    return np.where(valid, true_m, np.nan)
