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
from fingertip_contact.depth.configuration import TRAINED_SIZE, NetworkSpec
from fingertip_contact.depth.preprocessing import Preprocessor, resize_to
from fingertip_contact.depth.runtimes import Runtime, computes_in_bfloat16
from fingertip_contact.resources import cache_directory

BASELINE = "torch plain"
REFERENCE = ("torch", "fp32")
WHOLE, REGION = "whole", "hands"
RANDOM_WEIGHTS = "random_vits.safetensors"
# How many pictures stand in for a recording where none is given.
STAND_INS = 12


@dataclass(frozen=True)
class Case:
    """What is measured: a runtime with a network. region: whole picture, or the window round the hands."""

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
Times = dict[Case, tuple[float, float]]


@dataclass(frozen=True)
class Row:
    """What came out: median milliseconds of the network alone, and how many times faster than the baseline that is.

    ms_best: the fastest round; where other work holds the cores it says more about the network than the median.
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
    """baseline_ms: the first row. around_ms: resizing a picture for the network and its depth back."""

    baseline_ms: float
    rounds: int
    around_ms: dict[str, float]
    rows: tuple[Row, ...]


def cases(weights: Path, max_depth_m: float, region_size: tuple[int, int], everything: bool) -> list[Case]:
    """Each runtime and precision that this machine has at 518x518, at 252x336 and for a region; with int8 in ONNX
    Runtime only if everything is asked for, since making it takes minutes."""
    kinds = [REFERENCE, ("openvino", "fp32"), ("openvino", "int8"), ("onnxruntime", "fp32")]
    kinds += [("openvino", "bf16")] if computes_in_bfloat16() else []
    kinds += [("onnxruntime", "int8")] if everything else []
    sizes = [((TRAINED_SIZE, TRAINED_SIZE), WHOLE), ((252, 336), WHOLE), (region_size, REGION)]
    baseline = Case(BASELINE, "fp32", NetworkSpec(weights, *sizes[0][0], max_depth_m), WHOLE)
    return [baseline] + [
        Case(runtime, precision, NetworkSpec(weights, *size, max_depth_m), region)
        for size, region in sizes
        for runtime, precision in kinds
    ]


def measure(
    chosen: Sequence[Case], pictures_bgr: Sequence[np.ndarray], rounds: int, threads: int, tell: Callable[[str], None]
) -> DepthBenchmark:
    """Runs the cases in turn, `rounds` times, each round on another of the pictures (H, W, 3) uint8.

    Of each size torch has to come first, since the others are held against it; the first of all is the baseline. The
    pictures also calibrate int8 where it has
    not been made yet. tell: is told in words what happens. Raises ValueError where a case cannot be run.
    """
    for case in chosen:
        prepare(case, pictures_bgr, tell)
    peaks_mib = {case: peak_mib(case, threads, tell) for case in chosen}
    runtimes = {}
    for case in chosen:
        tell(f"loading {case}")
        runtimes[case] = load(case, threads)
    preprocessors = {case.size: Preprocessor(*case.size) for case in chosen}
    times: list[Times] = []
    for number in range(rounds):
        tell(f"round {number + 1} of {rounds}")
        picture = pictures_bgr[number % len(pictures_bgr)]
        times.append(one_round(runtimes, {size: one(picture) for size, one in preprocessors.items()}))
    medians_ms = {case: float(np.median([done[case][0] for done in times])) for case in chosen}
    eager_ms = {case.size: medians_ms[case] for case in chosen if (case.runtime, case.precision) == REFERENCE}
    baseline_ms = medians_ms[chosen[0]]
    rows = tuple(
        Row(
            case.runtime,
            case.precision,
            *case.size,
            case.region,
            ms_median=medians_ms[case],
            ms_best=min(done[case][0] for done in times),
            fps=1e3 / medians_ms[case],
            ratio=baseline_ms / medians_ms[case],
            ratio_same_size=eager_ms[case.size] / medians_ms[case],
            deviation_mm=float(np.mean([done[case][1] for done in times])),
            peak_mib=peaks_mib[case],
        )
        for case in chosen
    )
    return DepthBenchmark(baseline_ms, rounds, around(preprocessors, pictures_bgr[0]), rows)


def one_round(runtimes: dict[Case, Runtime], batches: dict[tuple[int, int], np.ndarray]) -> Times:
    """Each case once, on the one picture, given for each size."""
    done: Times = {}
    torch_m: dict[tuple[int, int], np.ndarray] = {}
    for case, runtime in runtimes.items():
        start_s = perf_counter()
        depth_m = runtime.infer(batches[case.size])
        spent_ms = (perf_counter() - start_s) * 1e3
        expected_m = torch_m.setdefault(case.size, depth_m.copy())
        done[case] = (spent_ms, 1e3 * parity.mean_deviation_m(depth_m, expected_m))
    return done


def prepare(case: Case, pictures_bgr: Sequence[np.ndarray], tell: Callable[[str], None]) -> None:
    """Makes the converted network where there is none yet."""
    if case.runtime not in selection.FORMATS or case.precision == "bf16":
        return
    format_ = selection.FORMATS[case.runtime]
    folder = conversions.cached_folder(case.spec, format_, case.precision)
    if not folder.is_dir():
        tell(f"converting for {case}, once" + (" (a minute or two)" if case.precision == "int8" else ""))
        selection.make(case.spec, format_, case.precision, folder, pictures_bgr if case.precision == "int8" else ())


def load(case: Case, threads: int) -> Runtime:
    """Ready to run. Raises ValueError as selection.opened does."""
    if case.runtime != BASELINE:
        return selection.opened(case.spec, case.runtime, case.precision, threads)[0]
    with selection.needing_torch(case.spec):
        from fingertip_contact.depth.torch_runtime import PlainTorchRuntime
    return PlainTorchRuntime(case.spec, threads)


def peak_mib(case: Case, threads: int, tell: Callable[[str], None]) -> float:
    """The peak memory of a fresh process that loads a case, tests it and runs it once more."""
    tell(f"memory of {case}")
    with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_load_and_run, case, threads).result()


def _load_and_run(case: Case, threads: int) -> float:
    load(case, threads).infer(Preprocessor(*case.size)(parity.test_picture(480, 640)))
    # getrusage would count what the parent had when it forked.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return float(status.partition("VmHWM:")[2].split()[0]) / 1024


def around(preprocessors: dict[tuple[int, int], Preprocessor], picture_bgr: np.ndarray) -> dict[str, float]:
    """Milliseconds for what is done before and after the network, by its size."""
    spent_ms = {}
    for size, preprocess in preprocessors.items():
        times_ms = []
        for _ in range(10):
            start_s = perf_counter()
            batch = preprocess(picture_bgr)
            resize_to(batch[0, 0], *picture_bgr.shape[:2])
            times_ms.append((perf_counter() - start_s) * 1e3)
        spent_ms[f"{size[0]}x{size[1]}"] = float(np.median(times_ms))
    return spent_ms


def random_weights() -> Path:
    """Weights by chance, in the cache: time and memory do not depend on the values, depth and deviation do."""
    path = cache_directory() / "depth" / RANDOM_WEIGHTS
    if not path.is_file():
        from fingertip_contact.depth.checkpoint import save_random

        path.parent.mkdir(parents=True, exist_ok=True)
        save_random(path)
    return path


def stand_in_pictures() -> list[np.ndarray]:
    """Pictures (480, 640, 3) uint8 for where no recording is given: one scene in changing light."""
    picture = parity.test_picture(480, 640)
    return [np.clip(picture * gain, 0, 255).astype(np.uint8) for gain in np.linspace(0.6, 1.4, STAND_INS)]
