"""transformers' Depth Anything with our weights, and the position embedding by its formula: references for tests.

`python test/support/depth_reference.py` writes test/data/depth_parity.npz, which test/depth/test_network.py compares
with the network. It needs transformers, in an environment with torch and timm (the committed numbers are those of
transformers 5.23.0).
"""

from __future__ import annotations

import numpy as np
import torch

from depth_weights import make_random_images, make_random_weights
from repository import DATA

REFERENCE_FILE = DATA / "depth_parity.npz"
# Of large images every STRIDE-th row and column is kept.
SIZES = ((70, 98), (126, 126), (252, 336), (392, 518), (518, 686))
STRIDE = 7
MAX_DEPTH_M = 0.5
POSITION_GRID_SIZE = 37


def cubic_weights(count: int) -> np.ndarray:
    """Bicubic resampling (Keys' kernel, a = -0.75) of 37 samples to `count`: (count, 37) float64.

    Sample i is at (i + 0.5) * 37 / (count + 0.1) - 0.5; positions beyond the edge use the edge's sample.
    """
    weights = np.zeros((count, POSITION_GRID_SIZE))
    for index in range(count):
        centre = (index + 0.5) * POSITION_GRID_SIZE / (count + 0.1) - 0.5
        first = int(np.floor(centre)) - 1
        for tap in range(first, first + 4):
            weights[index, min(max(tap, 0), POSITION_GRID_SIZE - 1)] += keys_kernel(abs(centre - tap))
    return weights


def keys_kernel(distance: float, a: float = -0.75) -> float:
    if distance <= 1:
        return (a + 2) * distance**3 - (a + 3) * distance**2 + 1
    return a * (distance**3 - 5 * distance**2 + 8 * distance - 4) if distance < 2 else 0.0


def position_embedding(embedding: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """(1, 1 + 37 * 37, C) -> (1, 1 + rows * columns, C), written out as two matrix products in float64."""
    grid = embedding[0, 1:].reshape(POSITION_GRID_SIZE, POSITION_GRID_SIZE, -1).astype(np.float64)
    if (rows, columns) != (POSITION_GRID_SIZE, POSITION_GRID_SIZE):
        grid = np.einsum("rh,hwc,kw->rkc", cubic_weights(rows), grid, cubic_weights(columns))
    return np.concatenate([embedding[0, :1], grid.reshape(rows * columns, -1)])[None].astype(np.float32)


def rename_weights(weights: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Published names -> transformers' names."""
    result = {}
    for name, value in weights.items():
        if ".attn.qkv." in name:
            block, parameter = name.split(".")[2], name.rsplit(".", 1)[1]
            for part, piece in zip("qkv", value.chunk(3), strict=True):
                result[f"backbone.encoder.layer.{block}.attention.{part}_proj.{parameter}"] = piece
        else:
            result[to_transformers_name(name)] = value
    return result


NAME_MAP = (
    ("pretrained.cls_token", "backbone.embeddings.cls_token"),
    ("pretrained.pos_embed", "backbone.embeddings.position_embeddings"),
    ("pretrained.patch_embed.proj", "backbone.embeddings.patch_embeddings.projection"),
    ("pretrained.norm.", "backbone.layernorm."),
    ("pretrained.blocks.", "backbone.encoder.layer."),
    (".attn.proj.", ".attention.o_proj."),
    (".ls1.gamma", ".layer_scale1.lambda1"),
    (".ls2.gamma", ".layer_scale2.lambda1"),
    ("depth_head.scratch.output_conv1.", "head.conv1."),
    ("depth_head.scratch.output_conv2.0.", "head.conv2."),
    ("depth_head.scratch.output_conv2.2.", "head.conv3."),
    *((f"depth_head.scratch.layer{n}_rn.", f"neck.convs.{n - 1}.") for n in range(1, 5)),
    *((f"depth_head.scratch.refinenet{n}.", f"neck.fusion_stage.layers.{4 - n}.") for n in range(1, 5)),
    (".resConfUnit1.conv", ".residual_layer1.convolution"),
    (".resConfUnit2.conv", ".residual_layer2.convolution"),
    (".out_conv.", ".projection."),
    *((f"depth_head.projects.{n}.", f"neck.reassemble_stage.layers.{n}.projection.") for n in range(4)),
    *((f"depth_head.resize_layers.{n}.", f"neck.reassemble_stage.layers.{n}.resize.") for n in range(4)),
)


def to_transformers_name(name: str) -> str:
    for ours, theirs in NAME_MAP:
        name = name.replace(ours, theirs)
    return name


class TransformersReference:
    """transformers' model. Raises RuntimeError where one of its weights, or one of ours, has no counterpart."""

    def __init__(self, weights: dict[str, torch.Tensor]) -> None:
        from transformers import DepthAnythingConfig, DepthAnythingForDepthEstimation, Dinov2Config

        backbone = Dinov2Config(
            hidden_size=384,
            num_attention_heads=6,
            image_size=518,
            patch_size=14,
            out_indices=[3, 6, 9, 12],
            apply_layernorm=True,
            reshape_hidden_states=False,
        )
        # transformers types max_depth as an int: 1, scaled afterwards.
        config = DepthAnythingConfig(
            backbone_config=backbone,
            reassemble_hidden_size=384,
            neck_hidden_sizes=[48, 96, 192, 384],
            fusion_hidden_size=64,
            depth_estimation_type="metric",
            max_depth=1,
        )
        self.model = DepthAnythingForDepthEstimation(config).eval()
        missing, unexpected = self.model.load_state_dict(rename_weights(weights), strict=False)
        # mask_token belongs to pre-training.
        unmatched = {name for name in missing if not name.endswith("mask_token")}
        if unmatched or unexpected:
            raise RuntimeError(
                f"without counterpart: {sorted(unmatched)} of transformers, {sorted(unexpected)} of ours"
            )
        self.embedding = weights["pretrained.pos_embed"].numpy()

    @torch.inference_mode()
    def depth_m(self, images: torch.Tensor) -> np.ndarray:
        """(B, 3, H, W) -> (B, H, W), metres, with the position embedding of the formula at every size."""
        rows, columns = images.shape[2] // 14, images.shape[3] // 14
        fitted = torch.from_numpy(position_embedding(self.embedding, rows, columns))
        self.model.backbone.embeddings.interpolate_pos_encoding = lambda *_: fitted
        return self.model(pixel_values=images).predicted_depth.numpy() * MAX_DEPTH_M


def format_size(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"


def subsample(depth_m: np.ndarray) -> np.ndarray:
    """(B, H, W) -> the part that is stored."""
    stride = STRIDE if depth_m.shape[1] > 200 else 1
    return depth_m[:, ::stride, ::stride]


def main() -> None:
    reference = TransformersReference(make_random_weights())
    stored = {format_size(size): subsample(reference.depth_m(make_random_images(*size))) for size in SIZES}
    np.savez_compressed(REFERENCE_FILE, **stored)


if __name__ == "__main__":
    main()
