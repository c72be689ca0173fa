"""Which runtime runs the network: the first that can be had and gives torch's answer."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fingertip_contact.depth import conversions, parity
from fingertip_contact.depth.configuration import NetworkSpec
from fingertip_contact.depth.conversions import Conversion
from fingertip_contact.depth.preprocessing import Preprocessor
from fingertip_contact.depth.runtimes import OnnxRuntime, OpenVinoRuntime, Runtime, RuntimeRejectedError

logger = logging.getLogger(__name__)

AUTO = "auto"
# What each can compute in.
RUNTIMES = {"openvino": ("int8", "bf16", "fp32"), "onnxruntime": ("int8", "fp32"), "torch": ("fp16", "fp32")}
# The format that each reads. torch reads the weights themselves.
FORMATS = {"openvino": "openvino", "onnxruntime": "onnx"}
RUNTIME_CLASSES: dict[str, Callable[[Conversion, str, int], Runtime]] = {
    "openvino": OpenVinoRuntime,
    "onnxruntime": OnnxRuntime,
}
# What is tried for each wish, in this order. int8 is used where somebody has made it, which is a decision for it.
PRECISION_FALLBACKS = {
    AUTO: ("int8", "fp32"),
    "int8": ("int8", "fp32"),
    "bf16": ("bf16", "fp32"),
    "fp16": ("fp16", "fp32"),
    "fp32": ("fp32",),
}


@dataclass(frozen=True)
class SelectedRuntime:
    """A runtime that has passed the self-test.

    deviation_m: its mean deviation from torch on the stored image. rejected_candidates: the ones
    before it, each with the reason.
    """

    runtime: Runtime
    deviation_m: float
    rejected_candidates: tuple[str, ...]


def select(spec: NetworkSpec, runtime: str = AUTO, precision: str = AUTO, threads: int = 0) -> SelectedRuntime:
    """The runtime for a network: what is wished for, or the next best.

    runtime: openvino, onnxruntime or torch goes first; auto takes them in this order. precision: int8 or auto takes
    int8 where it was exported; bf16 is OpenVINO's on a CPU that has it, fp16 torch's on a GPU. Raises ValueError where
    the wish is unknown, the weights cannot be used, or no runtime can.
    """
    rejected_candidates: list[str] = []
    for name, fallback in list_candidates(runtime, precision):
        if fallback == "int8" and precision == AUTO and not is_cached(spec, name, fallback):
            continue
        try:
            chosen, deviation_m = open_runtime(spec, name, fallback, threads)
        except RuntimeRejectedError as error:
            rejected_candidates.append(f"{name} {fallback}: {error}")
            logger.warning("depth runtime refused: %s", rejected_candidates[-1])
            continue
        return SelectedRuntime(chosen, deviation_m, tuple(rejected_candidates))
    raise ValueError(f"depth weights {spec.weights} run on no runtime: {'; '.join(rejected_candidates)}")


def list_candidates(runtime: str, precision: str) -> list[tuple[str, str]]:
    """Runtimes with precisions, best first. Raises ValueError where the wish is unknown."""
    if runtime not in (AUTO, *RUNTIMES):
        raise ValueError(f"there is no depth runtime {runtime!r}; choose one of {', '.join((AUTO, *RUNTIMES))}")
    if precision not in PRECISION_FALLBACKS:
        raise ValueError(f"there is no precision {precision!r}; choose one of {', '.join(PRECISION_FALLBACKS)}")
    combinations = [
        (name, fallback)
        for fallback in PRECISION_FALLBACKS[precision]
        for name in RUNTIMES
        if fallback in RUNTIMES[name]
    ]
    return sorted(combinations, key=lambda combination: runtime not in (AUTO, combination[0]))


def is_cached(spec: NetworkSpec, name: str, precision: str) -> bool:
    return conversions.get_cache_folder(spec, FORMATS[name], precision).is_dir()


def open_runtime(spec: NetworkSpec, name: str, precision: str, threads: int = 0) -> tuple[Runtime, float]:
    """One runtime, ready and tested, and its mean deviation in metres.

    Raises RuntimeRejectedError where it cannot be had or deviates too far, ValueError where the weights are bad.
    """
    if name in FORMATS:
        conversion = load_or_build_conversion(spec, FORMATS[name], "int8" if precision == "int8" else "fp32")
        return open_conversion(conversion, precision, threads)
    with require_torch(spec):
        from fingertip_contact.depth import torch_runtime
    chosen = torch_runtime.TorchRuntime(spec, precision, threads)
    if chosen.is_reference:
        return chosen, 0.0
    image = parity.make_reference_image(spec.height, spec.width)
    batch = Preprocessor(spec.height, spec.width)(image)
    expected_m = torch_runtime.infer_reference_m(spec, batch)[0, 0]
    return chosen, self_test(chosen, image, expected_m, spec.max_depth_m)


def open_conversion(conversion: Conversion, precision: str = AUTO, threads: int = 0) -> tuple[Runtime, float]:
    """The same for a folder, in its own precision unless another is given."""
    name = next(name for name, format_ in FORMATS.items() if format_ == conversion.format)
    try:
        image, expected_m = parity.read(conversion.parity)
    except ValueError as error:
        raise RuntimeRejectedError(str(error)) from error
    chosen = RUNTIME_CLASSES[name](conversion, conversion.precision if precision == AUTO else precision, threads)
    return chosen, self_test(chosen, image, expected_m, conversion.max_depth_m)


def self_test(runtime: Runtime, image_bgr: np.ndarray, expected_m: np.ndarray, max_depth_m: float) -> float:
    """The mean deviation in metres. Raises RuntimeRejectedError where it is beyond the tolerance for the precision."""
    try:
        depth_m = runtime.infer(Preprocessor(*expected_m.shape)(image_bgr))[0, 0]
        deviation_m = parity.mean_deviation_m(depth_m, expected_m)
    except Exception as error:  # whatever it fails with, it fails the test
        raise RuntimeRejectedError(f"the self-test failed: {error}") from error
    if not parity.is_within_tolerance(deviation_m, runtime.precision, max_depth_m):
        limit_m = parity.TOLERANCES[runtime.precision] * max_depth_m
        raise RuntimeRejectedError(
            f"its depth for the stored image is {1e3 * deviation_m:.3g} mm off torch's in the mean, "
            f"{1e3 * limit_m:.3g} mm are let pass"
        )
    return deviation_m


def load_or_build_conversion(spec: NetworkSpec, format_: str, precision: str) -> Conversion:
    """The network in the cache; made where it is not there yet, int8 excepted, which needs images."""
    folder = conversions.get_cache_folder(spec, format_, precision)
    if not folder.is_dir():
        if precision == "int8":
            raise RuntimeRejectedError(
                f"it was not made yet at {spec.height}x{spec.width}; run: fingertip-contact export {spec.weights} "
                f"--format {format_} --precision int8 --size {spec.height}x{spec.width} --calibration RECORDING"
            )
        build_conversion(spec, format_, precision, folder)
    try:
        return conversions.read(folder)
    except ValueError as error:
        raise RuntimeRejectedError(str(error)) from error


def build_conversion(
    spec: NetworkSpec, format_: str, precision: str, folder: Path, images_bgr: Sequence[np.ndarray] = ()
) -> None:
    """Fills a folder, that appears whole or not at all, with what export.export says; raises as it does."""
    with require_torch(spec):
        # Torch is large and slow to import, and only needed this once.
        from fingertip_contact.depth.export import export
    conversions.fill(folder, lambda partial_folder: export(spec, format_, precision, partial_folder, images_bgr))


@contextmanager
def require_torch(spec: NetworkSpec) -> Iterator[None]:
    """Says what to do where torch is not installed."""
    try:
        yield
    except ImportError as error:
        raise RuntimeRejectedError(
            f"{spec.weights} at {spec.height}x{spec.width} needs torch for its first start ({error}); "
            "pip install 'fingertip_contact[depth]', "
            f"or copy {conversions.get_cache_folder(spec, 'openvino', 'fp32').parent} from where it was started"
        ) from error
