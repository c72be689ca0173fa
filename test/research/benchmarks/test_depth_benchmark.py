"""Rules of `bench depth`: the report agrees with the measurement."""

from __future__ import annotations

import json
import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from multiprocessing import get_context

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("timm")

from fingertip_contact.depth.checkpoint import load_weights  # noqa: E402
from fingertip_contact.depth.configuration import NetworkSpec  # noqa: E402
from fingertip_research.benchmarks import depth as benchmark  # noqa: E402
from fingertip_research.benchmarks.depth import BenchmarkCase  # noqa: E402


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """Random weights in a separate cache, as if none were pulled."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield benchmark.make_random_weights()


def test_random_weights_are_made_once_and_load(weights):
    """Without pulled weights, random ones are measured."""
    path = weights.stat().st_mtime_ns
    assert benchmark.make_random_weights() == weights
    assert weights.stat().st_mtime_ns == path
    assert load_weights(weights)


def test_rows_are_compared_with_the_baseline_of_the_same_run(weights):
    """Ratios, frames per second and deviations agree with the medians and with torch."""
    large, small = (NetworkSpec(weights, *size, 0.5) for size in ((84, 112), (42, 56)))
    cases = [
        BenchmarkCase("torch", "fp32", large, benchmark.FULL_IMAGE),
        BenchmarkCase("torch", "fp32", small, benchmark.HAND_REGION),
        BenchmarkCase("openvino", "fp32", small, benchmark.HAND_REGION),
    ]
    messages = []
    result = benchmark.measure(
        cases, benchmark.make_synthetic_images(), rounds=3, threads=1, report_progress=messages.append
    )
    baseline, eager, openvino = result.rows
    assert result.baseline_ms == baseline.ms_median
    assert [row.ratio for row in result.rows] == [result.baseline_ms / row.ms_median for row in result.rows]
    assert openvino.ratio_same_size == eager.ms_median / openvino.ms_median
    assert openvino.fps == 1e3 / openvino.ms_median
    assert baseline.deviation_mm == eager.deviation_mm == 0
    assert 0 < openvino.deviation_mm < 1e-3
    assert openvino.peak_mib < eager.peak_mib  # it runs without torch
    assert set(result.pre_postprocess_ms) == {"84x112", "42x56"}
    assert "round 3 of 3" in messages
    read = json.loads(json.dumps(asdict(result)))
    assert read["rows"][2]["region"] == "hands"
    assert {"runtime", "precision", "height", "width", "region", "ms_median", "ratio"} <= set(read["rows"][0])


def test_a_case_that_crashes_costs_no_other(weights, monkeypatch):
    """One that ends its process, and one that is refused: the rest is measured, and both are told."""
    spec = NetworkSpec(weights, 42, 56, 0.5)
    torch_case, crash, refused = (
        BenchmarkCase(*name, spec, benchmark.FULL_IMAGE)
        for name in (("torch", "fp32"), ("openvino", "fp32"), ("openvino", "fp16"))
    )
    measure_peak_mib = benchmark.measure_peak_mib

    def measure(case, threads, report_progress):
        if case == crash:
            with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn")) as pool:
                pool.submit(os._exit, 1).result()
        if case == refused:
            raise ValueError("this processor cannot")
        return measure_peak_mib(case, threads, report_progress)

    monkeypatch.setattr(benchmark, "measure_peak_mib", measure)
    images = benchmark.make_synthetic_images()
    result = benchmark.measure([torch_case, crash, refused], images, 3, 1, lambda line: None)
    assert [row.runtime for row in result.rows] == ["torch"]
    assert "ended its process" in result.failed[str(crash)]
    assert result.failed[str(refused)] == "this processor cannot"
    with pytest.raises(ValueError, match=r"with which others are compared"):
        benchmark.measure([crash, torch_case], images, 3, 1, lambda line: None)


def test_the_baseline_is_the_same_network(weights):
    """With attention written out: the same depth to rounding."""
    spec = NetworkSpec(weights, 42, 56, 0.5)
    images = np.random.default_rng(0).standard_normal((1, 3, 42, 56)).astype(np.float32)
    plain, fused = (
        benchmark.load_runtime(BenchmarkCase(name, "fp32", spec, benchmark.FULL_IMAGE), 1)
        for name in ("torch plain", "torch")
    )
    assert np.abs(plain.infer(images) - fused.infer(images)).max() < 1e-6


def test_every_documented_case_is_measured(weights):
    """Torch first at each size; the published size, the default one, the region; both precisions."""
    cases = benchmark.list_cases(weights, 0.5, (154, 210), include_slow=True)
    assert str(cases[0]) == "torch plain fp32 518x518"
    assert [case.size for case in cases if case.runtime == "torch"] == [(518, 518), (252, 336), (154, 210)]
    assert {(case.runtime, case.precision) for case in cases if case.size == (252, 336)} >= {
        *(("torch", "fp32"), ("openvino", "fp32"), ("openvino", "int8")),
        *(("onnxruntime", "fp32"), ("onnxruntime", "int8")),
    }
