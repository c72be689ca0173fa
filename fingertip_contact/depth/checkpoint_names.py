"""The names of weights: those of wrappers and of transformers become the published ones.

transformers (DepthAnythingForDepthEstimation) has two sets of names: one in files, and since version 5 another one in
memory, which a plain save of its state dict holds. Both split the published `attn.qkv` into three.
"""

from __future__ import annotations

import re

import torch
from torch import Tensor

# Under which key training programs keep the weights, in the order of choice: beside a model, its average (`ema`) is
# the second.
OUTER_KEYS = ("model", "state_dict", "model_state_dict", "net", "network", "teacher", "ema")
# What torch.compile and training on several GPUs put into names, at any place.
_WRAPPERS = {"module", "_orig_mod"}
_TRANSFORMERS_MARK = "backbone.embeddings."
_QKV = ("q", "k", "v")
# Pattern -> replacement, the first that fits; what none fits keeps its name and is reported under it.
_FROM_TRANSFORMERS = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"backbone\.embeddings\.(cls_token|mask_token)$", r"pretrained.\1"),
        (r"backbone\.embeddings\.position_embeddings$", r"pretrained.pos_embed"),
        (r"backbone\.embeddings\.patch_embeddings\.projection\.", r"pretrained.patch_embed.proj."),
        (r"backbone\.layernorm\.", r"pretrained.norm."),
        (r"backbone\.encoder\.layer\.(\d+)\.attention\.(?:o_proj|output\.dense)\.", r"pretrained.blocks.\1.attn.proj."),
        (r"backbone\.encoder\.layer\.(\d+)\.attention\.([qkv])_proj\.", r"pretrained.blocks.\1.attn.\2."),
        *(
            (
                rf"backbone\.encoder\.layer\.(\d+)\.attention\.attention\.{part}\.",
                rf"pretrained.blocks.\1.attn.{part[0]}.",
            )
            for part in ("query", "key", "value")
        ),
        (r"backbone\.encoder\.layer\.(\d+)\.layer_scale([12])\.lambda1$", r"pretrained.blocks.\1.ls\2.gamma"),
        (r"backbone\.encoder\.layer\.(\d+)\.(norm[12]|mlp\.fc[12])\.", r"pretrained.blocks.\1.\2."),
        (r"neck\.reassemble_stage\.layers\.([0-3])\.projection\.", r"depth_head.projects.\1."),
        (r"neck\.reassemble_stage\.layers\.([0-3])\.resize\.", r"depth_head.resize_layers.\1."),
        (r"head\.conv1\.", r"depth_head.scratch.output_conv1."),
        (r"head\.conv2\.", r"depth_head.scratch.output_conv2.0."),
        (r"head\.conv3\.", r"depth_head.scratch.output_conv2.2."),
        *((rf"neck\.convs\.{n - 1}\.", f"depth_head.scratch.layer{n}_rn.") for n in range(1, 5)),
        # transformers counts from the coarsest level.
        *(
            (
                rf"neck\.fusion_stage\.layers\.{4 - n}\.residual_layer([12])\.convolution([12])\.",
                rf"depth_head.scratch.refinenet{n}.resConfUnit\1.conv\2.",
            )
            for n in range(1, 5)
        ),
        *(
            (rf"neck\.fusion_stage\.layers\.{4 - n}\.projection\.", f"depth_head.scratch.refinenet{n}.out_conv.")
            for n in range(1, 5)
        ),
    )
)


def rename_to_published(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """The weights under their published names, as far as they have one. Raises ValueError if two get the same name."""
    renamed: dict[str, Tensor] = {}
    plain = [(_strip_wrappers(name), value) for name, value in weights.items()]
    has_other_names = any(name.startswith(_TRANSFORMERS_MARK) for name, _ in plain)
    for name, value in plain:
        published = _rename_from_transformers(name) if has_other_names else name
        if published in renamed:
            raise ValueError(f"{published} is there twice, with and without a prefix")
        renamed[published] = value
    return _join_qkv(renamed) if has_other_names else renamed


def _strip_wrappers(name: str) -> str:
    parts = [part for part in name.split(".") if part not in _WRAPPERS]
    while len(parts) > 1 and parts[0] in OUTER_KEYS:
        del parts[0]
    return ".".join(parts)


def _rename_from_transformers(name: str) -> str:
    for pattern, replacement in _FROM_TRANSFORMERS:
        if pattern.match(name):
            return pattern.sub(replacement, name, count=1)
    return name


def _join_qkv(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """`attn.q`, `attn.k` and `attn.v` as one `attn.qkv`, where all three are there and can be joined."""
    joined = dict(weights)
    for name in weights:
        prefix, separator, parameter = name.rpartition(".attn.q.")
        parts = [f"{prefix}.attn.{part}.{parameter}" for part in _QKV]
        if separator and all(part in weights for part in parts):
            values = [joined.pop(part) for part in parts]
            if len({(value.shape, value.dtype) for value in values}) == 1 and values[0].dim() > 0:
                joined[f"{prefix}.attn.qkv.{parameter}"] = torch.cat(values)
            else:
                joined.update(zip(parts, values, strict=True))
    return joined
