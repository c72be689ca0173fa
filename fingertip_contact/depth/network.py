"""Depth Anything V2 ViT-S in torch: timm's DINOv2 encoder, a DPT head, and a sigmoid that scales to metres.

Parameter names and shapes are those of the published checkpoints, so that a state dict loads as it is. The head
follows "Vision Transformers for Dense Prediction" (Ranftl et al., ICCV 2021) with the sizes of Depth Anything V2
ViT-S (Yang et al., NeurIPS 2024).
"""

from __future__ import annotations

from typing import cast

import timm
import torch
from timm.models import VisionTransformer
from torch import Tensor, nn
from torch.nn import functional

from fingertip_contact.depth.configuration import PATCH_SIZE_PX, check_input_size

POSITION_GRID_SIZE = 37  # patches per side of the 518x518 images that the published position embedding belongs to
EMBED_DIM = 384
OUT_INDICES = (2, 5, 8, 11)
LEVEL_CHANNELS = (48, 96, 192, 384)
HEAD_CHANNELS = 64
OUTPUT_CHANNELS = 32


def resize(features: Tensor, size: tuple[int, int]) -> Tensor:
    """Bilinear, corners aligned: all resizing in the head."""
    return functional.interpolate(features, size=size, mode="bilinear", align_corners=True)


def interpolate_position_embedding(embedding: Tensor, rows: int, columns: int) -> Tensor:
    """The published position embedding (1, 1 + 37 * 37, C) for a grid of another size: (1, 1 + rows * columns, C).

    Bicubic without antialias, with the scale (n + 0.1) / 37 instead of n / 37: the released DINOv2 does this, the extra
    0.1 guarding against a size rounded down, and networks were fine-tuned with it. timm's own resampling differs.
    """
    if (rows, columns) == (POSITION_GRID_SIZE, POSITION_GRID_SIZE):
        return embedding
    class_token, patches = embedding[:, :1], embedding[:, 1:]
    grid = patches.reshape(1, POSITION_GRID_SIZE, POSITION_GRID_SIZE, -1).permute(0, 3, 1, 2)
    scale = ((rows + 0.1) / POSITION_GRID_SIZE, (columns + 0.1) / POSITION_GRID_SIZE)
    grid = functional.interpolate(grid, scale_factor=scale, mode="bicubic", antialias=False)
    return torch.cat([class_token, grid.permute(0, 2, 3, 1).reshape(1, rows * columns, -1)], dim=1)


class ResidualUnit(nn.Module):
    """Two 3x3 convolutions, each after a ReLU, added to the input."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, features: Tensor) -> Tensor:
        return features + self.conv2(functional.relu(self.conv1(functional.relu(features))))


class RefineNet(nn.Module):
    """Adds a level of the encoder to the output of the coarser levels, and resizes the sum to the next finer size."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.resConfUnit1 = ResidualUnit(channels)
        self.resConfUnit2 = ResidualUnit(channels)
        self.out_conv = nn.Conv2d(channels, channels, 1)

    def forward(self, coarse: Tensor | None, level: Tensor, size: tuple[int, int]) -> Tensor:
        """`coarse` is None at the coarsest level, which uses its own features alone."""
        total = level if coarse is None else coarse + self.resConfUnit1(level)
        return self.out_conv(resize(self.resConfUnit2(total), size))


class Scratch(nn.Module):
    """The part of the head without pre-trained origin; the name comes from the checkpoints."""

    def __init__(self) -> None:
        super().__init__()
        for level_index, channels in enumerate(LEVEL_CHANNELS, start=1):
            self.add_module(f"layer{level_index}_rn", nn.Conv2d(channels, HEAD_CHANNELS, 3, padding=1, bias=False))
            self.add_module(f"refinenet{level_index}", RefineNet(HEAD_CHANNELS))
        self.output_conv1 = nn.Conv2d(HEAD_CHANNELS, OUTPUT_CHANNELS, 3, padding=1)
        self.output_conv2 = nn.Sequential(
            nn.Conv2d(OUTPUT_CHANNELS, OUTPUT_CHANNELS, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(OUTPUT_CHANNELS, 1, 1),
            nn.Sigmoid(),
        )


class DptHead(nn.Module):
    """Four feature maps of the encoder -> one map with values 0..1 at the image's size."""

    def __init__(self) -> None:
        super().__init__()
        self.projects = nn.ModuleList(nn.Conv2d(EMBED_DIM, channels, 1) for channels in LEVEL_CHANNELS)
        # From patch resolution to 1/3.5, 1/7, 1/14 and 1/28 of the image's size.
        first, second, _, last = LEVEL_CHANNELS
        self.resize_layers = nn.ModuleList(
            [
                nn.ConvTranspose2d(first, first, 4, stride=4),
                nn.ConvTranspose2d(second, second, 2, stride=2),
                nn.Identity(),
                nn.Conv2d(last, last, 3, stride=2, padding=1),
            ]
        )
        self.scratch = Scratch()

    def forward(self, features: list[Tensor], size: tuple[int, int]) -> Tensor:
        """features: four of (B, 384, rows, columns) -> (B, 1, *size)."""
        levels = [
            self.scratch.get_submodule(f"layer{level_index}_rn")(resize_layer(project(feature)))
            for level_index, project, resize_layer, feature in zip(
                range(1, 5), self.projects, self.resize_layers, features, strict=True
            )
        ]
        height, width = levels[0].shape[2:]
        sizes = [(2 * height, 2 * width), *((level.shape[2], level.shape[3]) for level in levels[:-1])]
        fused = None
        for index in reversed(range(4)):
            fused = self.scratch.get_submodule(f"refinenet{index + 1}")(fused, levels[index], sizes[index])
        return self.scratch.output_conv2(resize(self.scratch.output_conv1(fused), size))


class DepthNetwork(nn.Module):
    """Metric depth for images of one size: (B, 3, height, width) -> (B, 1, height, width), metres in 0..max_depth_m.

    Images are RGB, normalised as in preprocessing.py. Raises ValueError if the size is not a multiple of 14.
    """

    def __init__(self, height: int, width: int, max_depth_m: float) -> None:
        super().__init__()
        check_input_size(height, width)
        self.size = (height, width)
        self.max_depth_m = max_depth_m
        encoder = timm.create_model("vit_small_patch14_dinov2", pretrained=False, num_classes=0, img_size=self.size)
        self.pretrained = cast(VisionTransformer, encoder)
        self.depth_head = DptHead()

    def forward(self, images: Tensor) -> Tensor:
        features = self.pretrained.forward_intermediates(
            images, indices=list(OUT_INDICES), norm=True, intermediates_only=True
        )
        return self.depth_head(features, self.size) * self.max_depth_m

    def load_published(self, weights: dict[str, Tensor]) -> None:
        """Loads a complete published state dict, whose position embedding belongs to 518x518."""
        name = "pretrained.pos_embed"
        rows, columns = (side // PATCH_SIZE_PX for side in self.size)
        self.load_state_dict({**weights, name: interpolate_position_embedding(weights[name], rows, columns)})

    def example_input(self) -> Tensor:
        """The input with which export.py traces the network: (1, 3, height, width), zeros."""
        return torch.zeros(1, 3, *self.size)


def get_published_shapes() -> dict[str, tuple[int, ...]]:
    """The name and shape of each parameter in a published checkpoint that the network needs."""
    with torch.device("meta"):
        network = DepthNetwork(POSITION_GRID_SIZE * PATCH_SIZE_PX, POSITION_GRID_SIZE * PATCH_SIZE_PX, max_depth_m=1.0)
    return {name: tuple(value.shape) for name, value in network.state_dict().items()}
