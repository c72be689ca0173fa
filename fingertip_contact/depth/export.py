"""Weights to a graph that runs without torch. This module needs the extra `depth`: import it where it is used."""

from __future__ import annotations

import warnings
from pathlib import Path

import openvino

from fingertip_contact.depth.checkpoint import load_network


def export_openvino(weights: Path, height: int, width: int, max_depth_m: float, target: Path) -> None:
    """Writes OpenVINO IR in float32 to `target` (.xml, and .bin beside it), for pictures of the one size.

    Raises ValueError as checkpoint.load_weights does.
    """
    network = load_network(weights, height, width, max_depth_m)
    with warnings.catch_warnings():
        # Tracing fixes the input size and tells so at length; one size is what is wanted.
        warnings.simplefilter("ignore")
        model = openvino.convert_model(network, example_input=network.example_input(), input=[1, 3, height, width])
    openvino.save_model(model, target, compress_to_fp16=False)
