"""The landmark network in 8 bits: half of single precision's time, tips a quarter of a pixel away from its tips.

Rounded as it is, the network moves tips by 11 pixels in one hand of a hundred: a few channels use a hundredth of their
tensor's range, and weigh a hundred times as much. Three steps mend that. Channels are scaled towards one range
(cross-layer equalisation: Nagel et al., ICCV 2019): those that a depthwise convolution reads to the whole range, those
of the residual streams halfway. Every convolution then reads 256 levels between the extremes that photographs reach in
it. And what rounding shifts in the mean of a channel is subtracted from its bias (ibid.).

What photographs reach was measured: `benchmarks/landmark_calibration.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np

from fingertip_contact.openvino_import import openvino

# Weights have one level less than values, so that zero is one.
VALUE_LEVELS, WEIGHT_LEVELS = 256, 255
# The network's ReLU6.
MAX_ACTIVATION = 6.0
# Channels before a ReLU6 may exceed what calibration saw by this ratio, and are magnified this much at most.
CHANNEL_MARGIN, MAX_SCALE = 1.3, 1e4
# Channels of a residual stream are scaled by this power of what would give all one peak: the whole of it would make
# the weights behind them as unequal. Tried from 0 to 0.8 on photographs.
STREAM_POWER, MAX_STREAM_SCALE = 0.3, 64.0


class CalibrationMismatchError(ValueError):
    """The network is not the one of the calibration, or another version of OpenVINO reads it in another form."""


@dataclass(frozen=True)
class Calibration:
    """What was measured of each of N convolutions, in the order in which the network runs them.

    channel_peaks: per convolution (C,), the largest magnitude in each channel of its input, before equalisation.
    input_range: (N, 2) lowest and highest value of its input after it. bias_corrections: per convolution (K,), added to
    its bias.
    """

    input_range: np.ndarray
    channel_peaks: tuple[np.ndarray, ...]
    bias_corrections: tuple[np.ndarray, ...]

    @classmethod
    def load(cls, path: Path) -> Calibration:
        """Raises OSError or ValueError where the file is missing or damaged."""
        with np.load(path, allow_pickle=False) as file:
            lengths = file["lengths"]
            peaks, corrections = (
                tuple(np.split(file[name].astype(np.float32), np.cumsum(length)[:-1]))
                for name, length in zip(("channel_peaks", "bias_corrections"), lengths, strict=True)
            )
            return cls(file["input_range"], peaks, corrections)

    def save(self, file: IO[bytes]) -> None:
        lists = (self.channel_peaks, self.bias_corrections)
        np.savez_compressed(
            file,
            input_range=self.input_range.astype(np.float32),
            lengths=np.array([[len(values) for values in entries] for entries in lists]),
            channel_peaks=np.concatenate(self.channel_peaks).astype(np.float16),
            bias_corrections=np.concatenate(self.bias_corrections).astype(np.float16),
        )


def find_convolutions(network: openvino.Model) -> list[openvino.Node]:
    """In the order in which they run: each needs the one before."""
    types = ("Convolution", "GroupConvolution")
    return [node for node in network.get_ordered_ops() if node.get_type_name() in types]


def equalise(network: openvino.Model, channel_peaks: tuple[np.ndarray, ...]) -> None:
    """Scale channels, in place; what the network computes stays the same.

    Raises CalibrationMismatchError for another network than that of the calibration.
    """
    nodes = find_convolutions(network)
    _check_match(nodes, channel_peaks)
    for node, peaks in zip(nodes, channel_peaks, strict=True):
        if _is_depthwise(node):
            scale = np.clip(MAX_ACTIVATION / np.maximum(CHANNEL_MARGIN * peaks, 1e-9), 1, MAX_SCALE)
            _scale_outputs(_find_producer(node), scale)
            _scale_weights(node, 1 / scale)
    for stream in _find_streams(nodes):
        peaks = np.max([channel_peaks[reader] for reader in stream.readers], axis=0)
        power = (peaks.mean() / np.maximum(peaks, 1e-3 * peaks.max())) ** STREAM_POWER
        scale = np.clip(power, 1 / MAX_STREAM_SCALE, MAX_STREAM_SCALE)
        for writer in stream.writers.values():
            _scale_outputs(writer, scale)
        for reader in stream.readers:
            _scale_inputs(nodes[reader], 1 / scale)


@dataclass
class _Stream:
    """Tensors of the same channels that additions join. writers: the convolutions that write them, by name. readers:
    the positions of those that read them."""

    writers: dict[str, openvino.Node]
    readers: list[int]


def _find_streams(nodes: list[openvino.Node]) -> list[_Stream]:
    streams: list[_Stream] = []
    for position, node in enumerate(nodes):
        writers = {} if _is_depthwise(node) else _find_writers(node.input_value(0))
        if not writers:
            continue
        joined = next((stream for stream in streams if stream.writers.keys() & writers.keys()), None)
        if joined is None:
            streams.append(_Stream(writers, [position]))
        else:
            joined.writers |= writers
            joined.readers.append(position)
    return streams


def _find_writers(output: openvino.Output) -> dict[str, openvino.Node]:
    """The convolutions whose sum a tensor is; none where anything but additions lies between."""
    node = output.get_node()
    if node.get_type_name() != "Add":
        return {}
    if _is_constant(node.input_value(1)):
        convolution = node.input_value(0).get_node()
        return {convolution.get_friendly_name(): convolution} if convolution.get_type_name() == "Convolution" else {}
    parts = [_find_writers(node.input_value(index)) for index in (0, 1)]
    return parts[0] | parts[1] if all(parts) else {}


def correct_biases(network: openvino.Model, corrections: tuple[np.ndarray, ...]) -> None:
    """Add to the biases of the convolutions, in place."""
    for node, correction in zip(find_convolutions(network), corrections, strict=True):
        _set_bias(node, _read_bias(node) + correction)


def round_to_bytes(network: openvino.Model, input_range: np.ndarray) -> None:
    """Let every convolution compute in 8 bits, in place."""
    for node, (low, high) in zip(find_convolutions(network), input_range.astype(np.float32), strict=True):
        values = openvino.opset13.fake_quantize(node.input_value(0), low, high, low, high, VALUE_LEVELS)
        node.input(0).replace_source_output(values.output(0))
        weights = _read_constant(node.input_value(1))
        # One range per output channel: (K, C, h, w), or (K, 1, 1, h, w) of a depthwise convolution.
        peak = np.maximum(np.abs(weights).max(axis=tuple(range(1, weights.ndim)), keepdims=True), 1e-8)
        rounded = openvino.opset13.fake_quantize(
            openvino.opset13.constant(weights), -peak, peak, -peak, peak, WEIGHT_LEVELS
        )
        node.input(1).replace_source_output(rounded.output(0))
    network.validate_nodes_and_infer_types()


def quantise(network: openvino.Model, calibration: Calibration) -> None:
    """All three steps, in place. Raises CalibrationMismatchError for another network than that of the calibration."""
    equalise(network, calibration.channel_peaks)
    correct_biases(network, calibration.bias_corrections)
    round_to_bytes(network, calibration.input_range)


def _check_match(nodes: list[openvino.Node], channel_peaks: tuple[np.ndarray, ...]) -> None:
    channels = [node.input(0).get_shape()[1] for node in nodes]
    expected = [len(peaks) for peaks in channel_peaks]
    if channels != expected:
        raise CalibrationMismatchError(
            f"the convolutions read {channels} channels, those of the calibration {expected}"
        )


def _is_depthwise(node: openvino.Node) -> bool:
    return node.get_type_name() == "GroupConvolution"


def _find_producer(node: openvino.Node) -> openvino.Node:
    """The convolution before a depthwise one: with a bias and a ReLU6 between them."""
    return node.input_value(0).get_node().input_value(0).get_node().input_value(0).get_node()


def find_bias_addition(node: openvino.Node) -> openvino.Node:
    """The addition behind a convolution."""
    return next(iter(node.output(0).get_target_inputs())).get_node()


def _read_bias(node: openvino.Node) -> np.ndarray:
    """(K,)"""
    return _read_constant(find_bias_addition(node).input_value(1)).ravel()


def _set_bias(node: openvino.Node, bias: np.ndarray) -> None:
    constant = openvino.opset13.constant(bias.astype(np.float32).reshape(1, -1, 1, 1))
    find_bias_addition(node).input(1).replace_source_output(constant.output(0))


def _scale_outputs(node: openvino.Node, scale: np.ndarray) -> None:
    """scale: (K,)"""
    _scale_weights(node, scale)
    _set_bias(node, _read_bias(node) * scale)


def _scale_weights(node: openvino.Node, scale: np.ndarray) -> None:
    """scale: (K,), per output channel; of a depthwise convolution that is its input channel too."""
    weights = _read_constant(node.input_value(1))
    _set_weights(node, weights * scale.reshape(-1, *(1,) * (weights.ndim - 1)))


def _scale_inputs(node: openvino.Node, scale: np.ndarray) -> None:
    """scale: (C,), per input channel of a convolution that is not depthwise."""
    _set_weights(node, _read_constant(node.input_value(1)) * scale.reshape(1, -1, 1, 1))


def _set_weights(node: openvino.Node, weights: np.ndarray) -> None:
    node.input(1).replace_source_output(openvino.opset13.constant(weights.astype(np.float32)).output(0))


def _is_constant(output: openvino.Output) -> bool:
    node = output.get_node()
    kind = node.get_type_name()
    return kind == "Constant" or (
        kind in ("Convert", "Transpose", "Reshape", "Unsqueeze") and _is_constant(node.input_value(0))
    )


def _read_constant(output: openvino.Output) -> np.ndarray:
    """The float32 array that nodes make of a constant: the file holds half precision, in another layout."""
    node = output.get_node()
    kind, shape = node.get_type_name(), tuple(output.get_shape())
    if kind == "Constant":
        return np.asarray(node.data, np.float32).reshape(shape)
    source = _read_constant(node.input_value(0))
    if kind == "Transpose":
        return source.transpose(_read_constant(node.input_value(1)).astype(int))
    if kind in ("Convert", "Reshape", "Unsqueeze"):
        return source.reshape(shape)
    raise CalibrationMismatchError(f"cannot read the constant behind a {kind}")
