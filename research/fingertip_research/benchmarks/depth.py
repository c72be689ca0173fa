"""Benchmark of the depth network per runtime, precision and input size, against torch eager in the same run.

The baseline is the reference's configuration: torch eager, attention written out. torch with its fused attention, which
the package uses, is a row like the others; ratio_same_size is relative to it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
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
# Number of synthetic images if no recording is given.
SYNTHETIC_IMAGE_COUNT = 12


@dataclass(frozen=True)
class BenchmarkCase:
    """A runtime with a network. region: FULL_IMAGE, or HAND_REGION for the window around the hands."""

    runtime: str
    precision: str
    spec: NetworkSpec
    region: str

    @property
    def size(self) -> tuple[int, int]:
        return self.spec.height, self.spec.width

    def __str__(self) -> str:
        return f"{self.runtime} {self.precision} {self.spec.height}x{self.spec.width}"


# Per case of a round: duration, milliseconds, and mean deviation from torch, millimetres.
RoundResults = dict[BenchmarkCase, tuple[float, float]]


@dataclass(frozen=True)
class BenchmarkRow:
    """The result of a case. ms_median: of the network alone. ratio: speed-up over the baseline.

    ms_best: the fastest round; on a loaded machine it describes the network better than the median. ratio_same_size:
    speed-up over torch at the same size. deviation_mm: mean deviation from torch's depth at the same size. peak_mib:
    peak resident memory of a process that runs nothing else.
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
    """baseline_ms: of the first row. pre_postprocess_ms: per size, resizing an image for the network and its depth
    to the image. failed: the cases that do not run on this machine, each with the reason."""

    baseline_ms: float
    rounds: int
    pre_postprocess_ms: dict[str, float]
    rows: tuple[BenchmarkRow, ...]
    failed: dict[str, str]


def list_cases(
    weights: Path, max_depth_m: float, region_size: tuple[int, int], include_slow: bool
) -> list[BenchmarkCase]:
    """Each runtime and precision of this machine at 518x518, at 252x336 and for a region. include_slow: also int8 in
    ONNX Runtime, whose export takes minutes."""
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
    """Runs the cases in turn, `rounds` times, each round on the next of the images, (H, W, 3) uint8.

    torch has to be the first case of each size, because the others are compared with it; the first case of all is the
    baseline. The images also calibrate int8 if it was not exported yet. report_progress: called with a line of text per
    step. A case that does not run, or that ends its process, costs no other; without the baseline, or torch at a size,
    there is nothing to compare with: ValueError.
    """
    peaks_mib, failed = _try_cases(cases, images_bgr, threads, report_progress)
    for case in cases:
        if case in failed and (case == cases[0] or (case.runtime, case.precision) == REFERENCE):
            raise ValueError(f"{case}, with which others are compared, does not run: {failed[case]}")
    cases = [case for case in cases if case not in failed]
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
    overhead_ms = measure_pre_postprocess_ms(preprocessors, images_bgr[0])
    return DepthBenchmark(baseline_ms, rounds, overhead_ms, rows, {str(case): failed[case] for case in failed})


def _try_cases(
    cases: Sequence[BenchmarkCase],
    images_bgr: Sequence[np.ndarray],
    threads: int,
    report_progress: Callable[[str], None],
) -> tuple[dict[BenchmarkCase, float], dict[BenchmarkCase, str]]:
    """The peak memory of each case that runs, in a process of its own, and the reason of each that does not."""
    peaks_mib: dict[BenchmarkCase, float] = {}
    failed: dict[BenchmarkCase, str] = {}
    for case in cases:
        try:
            prepare_conversion(case, images_bgr, report_progress)
            peaks_mib[case] = measure_peak_mib(case, threads, report_progress)
        except BrokenProcessPool:
            failed[case] = "it ended its process: a crash of the runtime on this processor"
        except ValueError as error:
            failed[case] = str(error)
        if case in failed:
            report_progress(f"{case} does not run: {failed[case]}")
    return peaks_mib, failed


def run_round(runtimes: dict[BenchmarkCase, Runtime], batches: dict[tuple[int, int], np.ndarray]) -> RoundResults:
    """Runs each case once on one image, which is given preprocessed per size."""
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
    """Exports the converted network if it is missing."""
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
    """The runtime of a case. Raises ValueError as selection.open_runtime does."""
    if case.runtime != BASELINE:
        return selection.open_runtime(case.spec, case.runtime, case.precision, threads)[0]
    with selection.require_torch(case.spec):
        from fingertip_contact.depth.torch_runtime import PlainTorchRuntime
    return PlainTorchRuntime(case.spec, threads)


def measure_peak_mib(case: BenchmarkCase, threads: int, report_progress: Callable[[str], None]) -> float:
    """The peak memory of a new process that loads a case, tests it and runs it once."""
    report_progress(f"memory of {case}")
    with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_load_and_run, case, threads).result()


def _load_and_run(case: BenchmarkCase, threads: int) -> float:
    load_runtime(case, threads).infer(Preprocessor(*case.size)(parity.make_reference_image(480, 640)))
    # getrusage would include the parent's memory at the fork.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return float(status.partition("VmHWM:")[2].split()[0]) / 1024


def measure_pre_postprocess_ms(
    preprocessors: dict[tuple[int, int], Preprocessor], image_bgr: np.ndarray
) -> dict[str, float]:
    """Milliseconds of pre- and postprocessing, by input size."""
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
    """Random weights in the cache: time and memory do not depend on the values, depth and deviation do."""
    path = get_cache_directory() / "depth" / RANDOM_WEIGHTS_FILE
    if not path.is_file():
        from fingertip_contact.depth.checkpoint import save_random_weights

        path.parent.mkdir(parents=True, exist_ok=True)
        save_random_weights(path)
    return path


def make_synthetic_images() -> list[np.ndarray]:
    """Images (480, 640, 3) uint8 to use without a recording: one scene in changing light."""
    image = parity.make_reference_image(480, 640)
    return [np.clip(image * gain, 0, 255).astype(np.uint8) for gain in np.linspace(0.6, 1.4, SYNTHETIC_IMAGE_COUNT)]
