"""How long the depth network takes, in which runtime, precision and size, against torch eager in the same run.

The baseline is what the reference runs: torch eager, attention written out. torch with its fused attention, which the
package uses, is a row like the others, and ratio_same_size is against it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter

import numpy as np

from fingertip_contact.depth import conversions, parity, selection
from fingertip_contact.depth.configuration import TRAINING_SIZE_PX, NetworkSpec
from fingertip_contact.depth.preprocessing import Preprocessor, resize_to
from fingertip_contact.depth.runtimes import Runtime, supports_bfloat16
from fingertip_contact.resources import get_cache_directory

BASELINE = "torch plain"
REFERENCE = ("torch", "fp32")
FULL_IMAGE, HAND_REGION = "whole", "hands"
RANDOM_WEIGHTS_FILE = "random_vits.safetensors"
# How many images stand in for a recording where none is given.
SYNTHETIC_IMAGE_COUNT = 12


@dataclass(frozen=True)
class BenchmarkCase:
    """What is measured: a runtime with a network. region: whole image, or the window round the hands."""

    runtime: str
    precision: str
    spec: NetworkSpec
    region: str

    @property
    def size(self) -> tuple[int, int]:
        return self.spec.height, self.spec.width

    def __str__(self) -> str:
        return f"{self.runtime} {self.precision} {self.spec.height}x{self.spec.width}"


# What each case took in a round, milliseconds, and its mean distance from torch, millimetres.
RoundResults = dict[BenchmarkCase, tuple[float, float]]


@dataclass(frozen=True)
class BenchmarkRow:
    """What came out: median milliseconds of the network alone, and how many times faster than the baseline that is.

    ms_best: the fastest round; on a loaded machine it describes the network better than the median.
    ratio_same_size: against torch at that size. deviation_mm: mean distance from torch's depth at that size.
    peak_mib: resident memory at its peak, in a process that does nothing else.
    """

    runtime: str
    precision: str
    height: int
    width: int
    region: str
    ms_median: float
    ms_best: float
    fps: float
    ratio: float
    ratio_same_size: float
    deviation_mm: float
    peak_mib: float


@dataclass(frozen=True)
class DepthBenchmark:
    """baseline_ms: the first row. pre_postprocess_ms: resizing an image for the network and its depth back."""

    baseline_ms: float
    rounds: int
    pre_postprocess_ms: dict[str, float]
    rows: tuple[BenchmarkRow, ...]


def list_cases(
    weights: Path, max_depth_m: float, region_size: tuple[int, int], include_slow: bool
) -> list[BenchmarkCase]:
    """Each runtime and precision that this machine has at 518x518, at 252x336 and for a region; with int8 in ONNX
    Runtime only if everything is asked for, since making it takes minutes."""
    variants = [REFERENCE, ("openvino", "fp32"), ("openvino", "int8"), ("onnxruntime", "fp32")]
    variants += [("openvino", "bf16")] if supports_bfloat16() else []
    variants += [("onnxruntime", "int8")] if include_slow else []
    sizes = [((TRAINING_SIZE_PX, TRAINING_SIZE_PX), FULL_IMAGE), ((252, 336), FULL_IMAGE), (region_size, HAND_REGION)]
    baseline = BenchmarkCase(BASELINE, "fp32", NetworkSpec(weights, *sizes[0][0], max_depth_m), FULL_IMAGE)
    return [baseline] + [
        BenchmarkCase(runtime, precision, NetworkSpec(weights, *size, max_depth_m), region)
        for size, region in sizes
        for runtime, precision in variants
    ]


def measure(
    cases: Sequence[BenchmarkCase],
    images_bgr: Sequence[np.ndarray],
    rounds: int,
    threads: int,
    report_progress: Callable[[str], None],
) -> DepthBenchmark:
    """Runs the cases in turn, `rounds` times, each round on another of the images (H, W, 3) uint8.

    Of each size torch has to come first, since the others are held against it; the first of all is the baseline. The
    images also calibrate int8 where it has
    not been made yet. report_progress: gets a line of text per step. Raises ValueError where a case cannot be run.
    """
    for case in cases:
        prepare_conversion(case, images_bgr, report_progress)
    peaks_mib = {case: measure_peak_mib(case, threads, report_progress) for case in cases}
    runtimes = {}
    for case in cases:
        report_progress(f"loading {case}")
        runtimes[case] = load_runtime(case, threads)
    preprocessors = {case.size: Preprocessor(*case.size) for case in cases}
    round_results: list[RoundResults] = []
    for index in range(rounds):
        report_progress(f"round {index + 1} of {rounds}")
        image = images_bgr[index % len(images_bgr)]
        round_results.append(
            run_round(runtimes, {size: preprocess(image) for size, preprocess in preprocessors.items()})
        )
    medians_ms = {case: float(np.median([results[case][0] for results in round_results])) for case in cases}
    eager_ms = {case.size: medians_ms[case] for case in cases if (case.runtime, case.precision) == REFERENCE}
    baseline_ms = medians_ms[cases[0]]
    rows = tuple(
        BenchmarkRow(
            case.runtime,
            case.precision,
            *case.size,
            case.region,
            ms_median=medians_ms[case],
            ms_best=min(results[case][0] for results in round_results),
            fps=1e3 / medians_ms[case],
            ratio=baseline_ms / medians_ms[case],
            ratio_same_size=eager_ms[case.size] / medians_ms[case],
            deviation_mm=float(np.mean([results[case][1] for results in round_results])),
            peak_mib=peaks_mib[case],
        )
        for case in cases
    )
    return DepthBenchmark(baseline_ms, rounds, measure_pre_postprocess_ms(preprocessors, images_bgr[0]), rows)


def run_round(runtimes: dict[BenchmarkCase, Runtime], batches: dict[tuple[int, int], np.ndarray]) -> RoundResults:
    """Each case once, on the one image, given for each size."""
    results: RoundResults = {}
    torch_m: dict[tuple[int, int], np.ndarray] = {}
    for case, runtime in runtimes.items():
        start_s = perf_counter()
        depth_m = runtime.infer(batches[case.size])
        elapsed_ms = (perf_counter() - start_s) * 1e3
        expected_m = torch_m.setdefault(case.size, depth_m.copy())
        results[case] = (elapsed_ms, 1e3 * parity.mean_deviation_m(depth_m, expected_m))
    return results


def prepare_conversion(
    case: BenchmarkCase, images_bgr: Sequence[np.ndarray], report_progress: Callable[[str], None]
) -> None:
    """Makes the converted network where there is none yet."""
    if case.runtime not in selection.FORMATS or case.precision == "bf16":
        return
    format_ = selection.FORMATS[case.runtime]
    folder = conversions.get_cache_folder(case.spec, format_, case.precision)
    if not folder.is_dir():
        report_progress(f"converting for {case}, once" + (" (a minute or two)" if case.precision == "int8" else ""))
        selection.build_conversion(
            case.spec, format_, case.precision, folder, images_bgr if case.precision == "int8" else ()
        )


def load_runtime(case: BenchmarkCase, threads: int) -> Runtime:
    """Ready to run. Raises ValueError as selection.open_runtime does."""
    if case.runtime != BASELINE:
        return selection.open_runtime(case.spec, case.runtime, case.precision, threads)[0]
    with selection.require_torch(case.spec):
        from fingertip_contact.depth.torch_runtime import PlainTorchRuntime
    return PlainTorchRuntime(case.spec, threads)


def measure_peak_mib(case: BenchmarkCase, threads: int, report_progress: Callable[[str], None]) -> float:
    """The peak memory of a fresh process that loads a case, tests it and runs it once more."""
    report_progress(f"memory of {case}")
    with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_load_and_run, case, threads).result()


def _load_and_run(case: BenchmarkCase, threads: int) -> float:
    load_runtime(case, threads).infer(Preprocessor(*case.size)(parity.make_reference_image(480, 640)))
    # getrusage would count what the parent had when it forked.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return float(status.partition("VmHWM:")[2].split()[0]) / 1024


def measure_pre_postprocess_ms(
    preprocessors: dict[tuple[int, int], Preprocessor], image_bgr: np.ndarray
) -> dict[str, float]:
    """Milliseconds for what is done before and after the network, by its size."""
    elapsed_ms = {}
    for size, preprocess in preprocessors.items():
        times_ms = []
        for _ in range(10):
            start_s = perf_counter()
            batch = preprocess(image_bgr)
            resize_to(batch[0, 0], *image_bgr.shape[:2])
            times_ms.append((perf_counter() - start_s) * 1e3)
        elapsed_ms[f"{size[0]}x{size[1]}"] = float(np.median(times_ms))
    return elapsed_ms


def make_random_weights() -> Path:
    """Weights by chance, in the cache: time and memory do not depend on the values, depth and deviation do."""
    path = get_cache_directory() / "depth" / RANDOM_WEIGHTS_FILE
    if not path.is_file():
        from fingertip_contact.depth.checkpoint import save_random_weights

        path.parent.mkdir(parents=True, exist_ok=True)
        save_random_weights(path)
    return path


def make_synthetic_images() -> list[np.ndarray]:
    """Images (480, 640, 3) uint8 for where no recording is given: one scene in changing light."""
    image = parity.make_reference_image(480, 640)
    return [np.clip(image * gain, 0, 255).astype(np.uint8) for gain in np.linspace(0.6, 1.4, SYNTHETIC_IMAGE_COUNT)]
