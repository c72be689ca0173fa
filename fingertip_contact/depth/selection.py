"""Selects the runtime: the first that is available and reproduces torch's depth."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fingertip_contact.depth import conversions, parity, trial
from fingertip_contact.depth.configuration import NetworkSpec
from fingertip_contact.depth.conversions import Conversion
from fingertip_contact.depth.preprocessing import Preprocessor
from fingertip_contact.depth.runtimes import OnnxRuntime, OpenVinoRuntime, Runtime, RuntimeRejectedError
from fingertip_contact.depth.self_test import RuntimeClass, hold_against_stored_depth, load_and_test
from fingertip_contact.resources import advise_install

logger = logging.getLogger(__name__)

AUTO = "auto"
# The precisions of each.
RUNTIMES = {"openvino": ("int8", "bf16", "fp32"), "onnxruntime": ("int8", "fp32"), "torch": ("fp16", "fp32")}
# The graph format that each reads. torch reads the weights themselves.
FORMATS = {"openvino": "openvino", "onnxruntime": "onnx"}
RUNTIME_CLASSES: dict[str, RuntimeClass] = {
    "openvino": OpenVinoRuntime,
    "onnxruntime": OnnxRuntime,
}
# The precisions that are tried for each request, in this order. auto uses int8 only if a user has exported it.
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

    deviation_m: its mean deviation from torch on the stored image. rejected_candidates: those tried before it, each
    with the reason.
    """

    runtime: Runtime
    deviation_m: float
    rejected_candidates: tuple[str, ...]


def select(spec: NetworkSpec, runtime: str = AUTO, precision: str = AUTO, threads: int = 0) -> SelectedRuntime:
    """The runtime for a network: the requested one, or the next best.

    runtime: openvino, onnxruntime or torch is tried first; auto tries them in this order. precision: int8 and auto use
    int8 if it was exported; bf16 needs OpenVINO and a CPU with bfloat16, fp16 torch and a GPU. Raises ValueError if the
    request is unknown, or the weights or all runtimes cannot be used.
    """
    rejected_candidates: list[str] = []
    for name, fallback in list_candidates(runtime, precision):
        if fallback == "int8" and precision == AUTO and not is_cached(spec, name, fallback):
            continue
        try:
            chosen, deviation_m = open_runtime(spec, name, fallback, threads)
        except RuntimeRejectedError as error:
            rejected_candidates.append(f"{name} {fallback}: {error}")
            logger.warning("depth runtime rejected: %s", rejected_candidates[-1])
            continue
        if rejected_candidates:
            logger.warning("depth runtime used instead: %s %s", chosen.name, chosen.precision)
        return SelectedRuntime(chosen, deviation_m, tuple(rejected_candidates))
    raise ValueError(f"depth weights {spec.weights} run on no runtime: {'; '.join(rejected_candidates)}")


def list_candidates(runtime: str, precision: str) -> list[tuple[str, str]]:
    """Runtimes with precisions, best first. Raises ValueError if the request is unknown."""
    if runtime not in (AUTO, *RUNTIMES):
        raise ValueError(f"{runtime!r} is not a depth runtime; choose one of {', '.join((AUTO, *RUNTIMES))}")
    if precision not in PRECISION_FALLBACKS:
        raise ValueError(f"{precision!r} is not a precision; choose one of {', '.join(PRECISION_FALLBACKS)}")
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
    """One runtime, loaded and tested, and its mean deviation from torch in metres.

    Raises RuntimeRejectedError if it is unavailable or deviates too far, ValueError if the weights cannot be used.
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
    return chosen, hold_against_stored_depth(chosen, image, expected_m, spec.max_depth_m)


def open_conversion(conversion: Conversion, precision: str = AUTO, threads: int = 0) -> tuple[Runtime, float]:
    """As open_runtime, for a conversion; in its own precision unless another is given."""
    name = next(name for name, format_ in FORMATS.items() if format_ == conversion.format)
    wanted = conversion.precision if precision == AUTO else precision
    trial.require_pass(name, RUNTIME_CLASSES[name], conversion, wanted, threads)
    return load_and_test(RUNTIME_CLASSES[name], conversion, wanted, threads)


def load_or_build_conversion(spec: NetworkSpec, format_: str, precision: str) -> Conversion:
    """The conversion in the cache. If it is missing it is built, except int8, which needs images."""
    folder = conversions.get_cache_folder(spec, format_, precision)
    if not folder.is_dir():
        if precision == "int8":
            raise RuntimeRejectedError(
                f"it was not exported yet at {spec.height}x{spec.width}; run: fingertip-contact export {spec.weights} "
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
    """Exports to a folder that appears complete or not at all. Raises as export.export does."""
    export = import_export(spec)
    conversions.fill(folder, lambda partial_folder: export(spec, format_, precision, partial_folder, images_bgr))


def import_export(spec: NetworkSpec) -> Callable[..., Conversion]:
    """export.export. Raises RuntimeRejectedError that names the remedy if torch is not installed."""
    with require_torch(spec):
        # torch is large and slow to import, and needed for this step only.
        from fingertip_contact.depth.export import export
    return export


@contextmanager
def require_torch(spec: NetworkSpec) -> Iterator[None]:
    """Raises RuntimeRejectedError that names the remedy if torch is not installed."""
    try:
        yield
    except ImportError as error:
        raise RuntimeRejectedError(
            f"{spec.weights} at {spec.height}x{spec.width} needs torch for its first start ({error}); "
            f"{advise_install('.[depth]')}, "
            f"or copy {conversions.get_cache_folder(spec, 'openvino', 'fp32').parent} from a machine with torch"
        ) from error
