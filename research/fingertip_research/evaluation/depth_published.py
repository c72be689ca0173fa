"""Published depth metrics on the D405's test set, to be printed beside ours, and their limitations."""

from __future__ import annotations

# Metric -> (pre-trained, fine-tuned) Depth Anything V2 ViT-S: the model card of the fine-tuned checkpoint.
CARD = {
    "mae_mm": (12.3, 3.84),
    "delta1": (0.872, 0.9596),
    "rmse_mm": (18.4, 4.8),
    "abs_rel": (0.042, 0.008),
    "silog": (0.312, 0.057),
}

NOTES = (
    "The sources disagree: the project's page reports MAE 12.8 -> 3.2 mm, delta1 38.2 -> 96.2 %, RMSE 15.4 -> 5.1 mm.",
    "The test set is 5,330 frames of P08 and P17, or 9,021 of P05 and P08; P05 is in the card's validation part.",
    "delta1 of 95.96 % and AbsRel of 0.008 cannot both hold: 4.04 % of pixels off by more than 20 % give 0.0081 alone.",
    "The card does not state how it averages, or which depth is its truth; ours is the mean over images.",
)
