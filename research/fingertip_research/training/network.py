"""The depth network for training: any input size, weights under their published names and shapes."""

from __future__ import annotations

from typing import cast

import torch
from timm.layers.pos_embed_sincos import build_sincos2d_pos_embed
from torch import Tensor, nn

from fingertip_contact.depth.configuration import PATCH_SIZE_PX
from fingertip_contact.depth.network import (
    EMBED_DIM,
    OUT_INDICES,
    POSITION_GRID_SIZE,
    DepthNetwork,
    interpolate_position_embedding,
)

INITIAL_POSITION_SCALE, INITIAL_LAYER_SCALE = 0.1, 0.3


class TrainableNetwork(DepthNetwork):
    """(B, 3, height, width) -> (B, 1, height, width) metres, at any multiple of 14.

    DepthNetwork holds the position embedding of one input size. Here the parameter is the published one, of 37x37
    patches, which each pass interpolates: saved weights fit any size, as the published files do.
    """

    def __init__(self, max_depth_m: float) -> None:
        super().__init__(POSITION_GRID_SIZE * PATCH_SIZE_PX, POSITION_GRID_SIZE * PATCH_SIZE_PX, max_depth_m)
        self.pretrained.patch_embed.strict_img_size = False

    def forward(self, images: Tensor) -> Tensor:
        height, width = images.shape[2:]
        rows, columns = height // PATCH_SIZE_PX, width // PATCH_SIZE_PX
        encoder = self.pretrained
        class_token, embedding = cast(Tensor, encoder.cls_token), cast(Tensor, encoder.pos_embed)
        tokens = torch.cat([class_token.expand(len(images), -1, -1), encoder.patch_embed(images)], dim=1)
        tokens = tokens + interpolate_position_embedding(embedding, rows, columns)
        features = []
        for index, block in enumerate(encoder.blocks):
            tokens = block(tokens)
            if index in OUT_INDICES:
                patches = encoder.norm(tokens)[:, 1:]
                features.append(patches.transpose(1, 2).reshape(len(images), -1, rows, columns))
        return self.depth_head(features, (height, width)) * self.max_depth_m


def initialise_from_scratch(network: TrainableNetwork) -> None:
    """Sets initial values of an encoder without pre-training.

    Position embedding: sines and cosines, which have the same meaning at every input size, unlike random values; small,
    because at full size they outweigh the content of the patches, and hundreds of steps yield blurred average images.
    LayerScale: DINOv2's initial 1e-5 takes as long as a pre-training to grow.
    """
    encoder = network.pretrained
    grid = build_sincos2d_pos_embed([POSITION_GRID_SIZE, POSITION_GRID_SIZE], dim=EMBED_DIM, interleave_sin_cos=False)
    with torch.no_grad():
        # The class token's embedding comes first.
        cast(Tensor, encoder.pos_embed)[0] = INITIAL_POSITION_SCALE * torch.cat([torch.zeros(1, EMBED_DIM), grid])
        for module in encoder.modules():
            gamma = getattr(module, "gamma", None)
            if isinstance(gamma, nn.Parameter):
                gamma.fill_(INITIAL_LAYER_SCALE)
