"""A .tflite image network on OpenVINO's CPU plugin: byte images in, arrays out, without a copy of the input."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fingertip_contact.compiled_networks import CompiledNetwork, load_compiled
from fingertip_contact.openvino_import import get_core, openvino

if TYPE_CHECKING:
    from importlib.abc import Traversable

SOURCES = files("fingertip_contact.hands")


@dataclass(frozen=True)
class Adaptation:
    """A change of a network before it is compiled. apply: changes it in place. files: what the change depends on, its
    module included."""

    apply: Callable[[openvino.Model], None]
    files: tuple[Traversable, ...]


NO_ADAPTATION = Adaptation(lambda network: None, ())


class InferRequest:
    """One inference at a time. Write the image into `input_bgr`, start(), then wait()."""

    def __init__(self, network: CompiledNetwork) -> None:
        # In the order in which they are released: a request that is still running is waited for, then its memory goes.
        self._request = network.model.create_infer_request()
        self.input_bgr = np.zeros(tuple(network.model.input(0).shape), np.uint8)
        self._network = network
        self._request.set_input_tensor(openvino.Tensor(self.input_bgr, shared_memory=True))
        self._request.infer()  # The first one takes half as long again as the others.

    @property
    def image_bgr(self) -> np.ndarray:
        """The (H, W, 3) uint8 image that the next start() reads."""
        return self.input_bgr[0]

    def start(self) -> None:
        self._request.start_async()

    def wait(self) -> list[np.ndarray]:
        """The outputs in the model's order: views, valid until the next start()."""
        self._request.wait()
        return [tensor.data for tensor in self._request.output_tensors]


class Network:
    """A compiled network and its requests, which run concurrently, each on one thread.

    One thread per request: two hands then cost one hand's time on two cores, and no request waits at a barrier for a
    core that another process holds. Single precision is required because bfloat16, OpenVINO's default on CPUs that
    have it, moves landmarks by up to a pixel at random. Threads are not pinned: all processes would choose one core.
    adaptation: of the network before it is compiled.

    Raises ValueError if the file is not a network with one NHWC image of `input_size` squared as its input.
    """

    def __init__(self, model: Path, *, input_size: int, requests: int, adaptation: Adaptation = NO_ADAPTATION) -> None:
        def make() -> openvino.CompiledModel:
            network = read_network(model, input_size)
            adaptation.apply(network)
            _widen_constants(network)
            return compile_network(network, requests=requests)

        contents = (model, SOURCES / "network.py", *adaptation.files)
        compiled = load_compiled(contents, input_size, _make_settings(requests), make)
        self.requests = [InferRequest(compiled) for _ in range(requests)]


def read_network(model: Path, input_size: int) -> openvino.Model:
    """The network with BGR bytes as its input. Raises ValueError like Network."""
    try:
        network = get_core().read_model(model)
    except RuntimeError as error:
        reason = str(error).strip().splitlines()[-1]
        raise ValueError(f"{model} cannot be read as a network: {reason}; pull the weights again") from error
    shape = tuple(network.input(0).partial_shape.to_shape()) if network.inputs else ()
    if shape != (1, input_size, input_size, 3):
        raise ValueError(f"{model} has input {shape}, not (1, {input_size}, {input_size}, 3): it is another model")
    return _with_byte_input(network)


def compile_network(network: openvino.Model, *, requests: int) -> openvino.CompiledModel:
    """For the CPU, one thread per request."""
    return get_core().compile_model(network, "CPU", _make_settings(requests))


def _make_settings(requests: int) -> dict[str, object]:
    return {
        "INFERENCE_PRECISION_HINT": "f32",
        "INFERENCE_NUM_THREADS": requests,
        "NUM_STREAMS": requests,
        "ENABLE_CPU_PINNING": False,
    }


def _widen_constants(network: openvino.Model) -> None:
    """Weights of half precision in single precision, as they are computed with: of those that OpenVINO widens itself it
    keeps both, 6 MB of the palm network."""
    for operation in network.get_ordered_ops():
        if operation.get_type_name() != "Convert" or operation.get_element_type() != openvino.Type.f32:
            continue
        source = operation.input_value(0).get_node()
        if source.get_type_name() == "Constant":
            widened = openvino.op.Constant(source.get_data().astype(np.float32))
            operation.output(0).replace(widened.output(0))


def _with_byte_input(network: openvino.Model) -> openvino.Model:
    """The same network with BGR bytes as its input; the conversion to RGB in 0..1 becomes part of the network."""
    color = openvino.preprocess.ColorFormat
    steps = openvino.preprocess.PrePostProcessor(network)
    steps.input().tensor().set_element_type(openvino.Type.u8).set_layout(openvino.Layout("NHWC")).set_color_format(
        color.BGR
    )
    steps.input().model().set_layout(openvino.Layout("NHWC"))
    steps.input().preprocess().convert_color(color.RGB).convert_element_type(openvino.Type.f32).scale(255.0)
    return steps.build()
