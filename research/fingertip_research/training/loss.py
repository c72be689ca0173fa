"""The loss: SiLog, the scale-invariant logarithmic error (Eigen et al., NeurIPS 2014)."""

from __future__ import annotations

import torch
from torch import Tensor

# Minimum under the root: keeps its slope finite where prediction and ground truth agree.
SQRT_EPSILON = 1e-12
# Minimum of a prediction, far below any valid depth: keeps the logarithm of 0 finite.
MIN_PREDICTION_M = 1e-6


def silog(predicted_m: Tensor, true_m: Tensor, weight: Tensor, silog_lambda: float = 0.5) -> Tensor | None:
    """sqrt(mean(e^2) - silog_lambda * mean(e)^2) with e = log true - log predicted; None where no pixel is valid.

    predicted_m, true_m: metres, any one shape. weight: of the same shape, 0 where true_m is invalid (its value there
    does not matter), 1 for an ordinary pixel; the means are weighted with it, over the whole batch.
    """
    valid = weight > 0
    if not valid.any():
        return None
    weight = weight[valid].float()
    error = torch.log(true_m[valid].float()) - torch.log(predicted_m[valid].float().clamp(min=MIN_PREDICTION_M))
    total = weight.sum()
    mean = (weight * error).sum() / total
    mean_square = (weight * error**2).sum() / total
    return torch.sqrt((mean_square - silog_lambda * mean**2).clamp(min=SQRT_EPSILON))
