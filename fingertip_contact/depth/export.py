"""Converts weights to graphs that run without torch. Needs the extra `depth`: import this module where it is used."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch

from fingertip_contact.depth import parity
from fingertip_contact.depth.checkpoint import load_network
from fingertip_contact.depth.configuration import NetworkSpec
from fingertip_contact.depth.conversions import Conversion
from fingertip_contact.depth.network import DepthNetwork
from fingertip_contact.depth.preprocessing import Preprocessor
from fingertip_contact.depth.torch_runtime import infer
from fingertip_contact.files import library_writes
from fingertip_contact.openvino_import import openvino

# The encoder's linear layers and the head's convolutions are quantised; fewer images do not cover their ranges.
MIN_CALIBRATION_IMAGES = 8
IMAGES, DEPTH = "images", "depth_m"


def export(
    spec: NetworkSpec, format_: str, precision: str, folder: Path, images_bgr: Sequence[np.ndarray] = ()
) -> Conversion:
    """Writes a network for images of one size into an existing folder, with an image and torch's depth for it.

    format_: openvino (IR) or onnx. precision: fp32, or int8, calibrated on images_bgr, each (H, W, 3) uint8, which
    should show the scenes of later use. Raises ValueError as checkpoint.load_weights does, and if int8 has too few
    images.
    """
    if precision == "int8" and len(images_bgr) < MIN_CALIBRATION_IMAGES:
        raise ValueError(
            f"int8 needs at least {MIN_CALIBRATION_IMAGES} calibration images and has {len(images_bgr)}; "
            "give a longer recording of the scenes of later use"
        )
    network = load_network(spec.weights, spec.height, spec.width, spec.max_depth_m)
    made_with = {name: version(name) for name in ("torch", "timm", "openvino")}
    conversion = Conversion(
        folder, format_, precision, spec.height, spec.width, spec.max_depth_m, spec.sha256, made_with
    )
    preprocess = Preprocessor(spec.height, spec.width)
    batches = [preprocess(image).copy() for image in images_bgr]
    with suppress_output(), library_writes(conversion.graph):
        EXPORTERS[format_](network, conversion, batches)
    image = images_bgr[0] if batches else parity.make_reference_image(spec.height, spec.width)
    parity.write(conversion.parity, image, infer(network, torch.from_numpy(preprocess(image)))[0, 0])
    conversion.write()
    return conversion


def export_openvino(network: DepthNetwork, conversion: Conversion, batches: list[np.ndarray]) -> None:
    shape = [1, 3, *network.size]
    model = openvino.convert_model(network, example_input=network.example_input(), input=shape)
    if conversion.precision == "int8":
        model = quantize(model, batches)
    openvino.save_model(model, conversion.graph, compress_to_fp16=False)


def export_onnx(network: DepthNetwork, conversion: Conversion, batches: list[np.ndarray]) -> None:
    torch.onnx.export(
        network,
        (network.example_input(),),
        str(conversion.graph),
        input_names=[IMAGES],
        output_names=[DEPTH],
        opset_version=17,
        # The newer exporter needs another package and writes the same graph.
        dynamo=False,
    )
    if conversion.precision == "int8":
        import onnx

        model = quantize(onnx.load(conversion.graph), [{IMAGES: batch} for batch in batches])
        onnx.save(model, conversion.graph)


EXPORTERS = {"openvino": export_openvino, "onnx": export_onnx}


def quantize(model: Any, batches: Sequence[Any]) -> Any:
    """The model with 8-bit weights and activations, whose ranges are estimated from the batches."""
    import nncf

    return nncf.quantize(
        model,
        nncf.Dataset(batches),
        # Activations of transformers are not symmetric about zero.
        preset=nncf.QuantizationPreset.MIXED,
        model_type=nncf.ModelType.TRANSFORMER,
        subset_size=len(batches),
    )


@contextmanager
def suppress_output() -> Iterator[None]:
    """Suppress the warnings that tracing fixes the input size, which is intended. Other output goes to stderr."""
    with warnings.catch_warnings(), redirect_stdout(sys.stderr):
        warnings.simplefilter("ignore")
        yield
