"""Random weights under the published names, the same on every machine, and files of them in the published format."""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path

import numpy as np
import torch

from fingertip_contact.depth.network import get_published_shapes

# Torch's threads wait for one another by spinning: beside other tests one is faster than two.
torch.set_num_threads(1)

D405_NAME = "depth_anything_v2_vits_d405_finetuned.pth"


@cache
def make_random_weights(seed: int = 0) -> dict[str, torch.Tensor]:
    """Weights that keep activations of ordinary size, so that depth varies over the image. Shared: do not write."""
    weights = {}
    for index, (name, shape) in enumerate(sorted(get_published_shapes().items())):
        values = np.random.default_rng([seed, index]).standard_normal(shape).astype(np.float32)
        weights[name] = torch.from_numpy(scale_values(values, name))
    return weights


def scale_values(values: np.ndarray, name: str) -> np.ndarray:
    if name.endswith("bias"):
        return values * np.float32(0.05)
    if values.ndim == 1:
        return 1 + values * np.float32(0.1)
    return values / np.float32(math.sqrt(np.prod(values.shape[1:]))) if values.ndim != 3 else values * np.float32(0.5)


def make_random_images(height: int, width: int, batch: int = 1) -> torch.Tensor:
    """Noise with structure: (batch, 3, height, width), about as large as normalised images are."""
    noise = np.random.default_rng([height, width]).standard_normal((batch, 3, height, width))
    ramp = np.linspace(-1, 1, height)[:, None] * np.linspace(-1, 1, width)
    return torch.from_numpy((0.5 * noise + ramp).astype(np.float32))


def save_training_checkpoint(weights: dict[str, torch.Tensor], path: Path) -> Path:
    """A checkpoint in the format of the authors' training: `module.` prefixes, optimizer state, epoch, best results."""
    model = {f"module.{name}": value for name, value in weights.items()}
    # The reference encoder has a parameter that only its pre-training used.
    model["module.pretrained.mask_token"] = torch.zeros(1, 384)
    optimizer = {"state": {0: {"step": torch.tensor(3.0), "exp_avg": torch.zeros(8)}}, "param_groups": [{"lr": 5e-6}]}
    torch.save({"model": model, "optimizer": optimizer, "epoch": 79, "previous_best": {"d1": 0.96}}, path)
    return path
