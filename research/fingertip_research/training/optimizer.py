"""The optimizer: AdamW with one learning rate for the encoder and one for the head, both with cosine decay."""

from __future__ import annotations

import math

from torch import nn
from torch.optim import AdamW

from fingertip_research.training.configuration import TrainingConfiguration

ENCODER_PREFIX = "pretrained."
PARAMETER_GROUPS = ("encoder", "head")


def make_optimizer(network: nn.Module, configuration: TrainingConfiguration) -> AdamW:
    """AdamW with two groups in the order of PARAMETER_GROUPS: the encoder's parameters, and all others."""
    encoder = [value for name, value in network.named_parameters() if name.startswith(ENCODER_PREFIX)]
    head = [value for name, value in network.named_parameters() if not name.startswith(ENCODER_PREFIX)]
    return AdamW(
        [
            {"params": encoder, "lr": configuration.encoder_learning_rate},
            {"params": head, "lr": configuration.head_learning_rate},
        ],
        betas=(configuration.beta1, configuration.beta2),
        weight_decay=configuration.weight_decay,
    )


def cosine_decay(step: int, steps: int) -> float:
    """The fraction of the learning rate at a step: 1 at step 0, 0.5 at the midpoint, 0 at `steps`."""
    return 0.5 * (1 + math.cos(math.pi * step / steps))


def set_learning_rates(optimizer: AdamW, configuration: TrainingConfiguration, step: int, steps: int) -> None:
    """Sets the rates of a step. They depend on the step alone, so that a resumed run needs no scheduler state."""
    rates = (configuration.encoder_learning_rate, configuration.head_learning_rate)
    for group, rate in zip(optimizer.param_groups, rates, strict=True):
        group["lr"] = rate * cosine_decay(step, steps)
