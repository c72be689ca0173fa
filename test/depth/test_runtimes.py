"""Every runtime reproduces torch's depth, or it is rejected and the next one runs."""

import json
import os
import shutil
import subprocess
import sys
from functools import cache

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("timm")

from depth_weights import D405_NAME, make_random_images, make_random_weights, save_training_checkpoint  # noqa: E402
from fingertip_contact.depth import conversions, parity, selection  # noqa: E402
from fingertip_contact.depth.checkpoint import load_network  # noqa: E402
from fingertip_contact.depth.configuration import NetworkSpec  # noqa: E402
from fingertip_contact.depth.estimator import DepthEstimator  # noqa: E402
from fingertip_contact.depth.export import export  # noqa: E402
from fingertip_contact.depth.runtimes import RuntimeRejectedError, supports_bfloat16  # noqa: E402

HEIGHT, WIDTH = 70, 98
MAX_DEPTH_M = 0.5


@pytest.fixture(scope="module")
def shared_cache(tmp_path_factory):
    """Created once, because conversions take seconds."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def used_cache(shared_cache, monkeypatch):
    """Uses the shared cache; tests that change it use a copy of their own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(shared_cache))
    return shared_cache


@pytest.fixture(scope="module")
def spec(tmp_path_factory):
    """Random weights in the published format."""
    return NetworkSpec(
        save_training_checkpoint(make_random_weights(), tmp_path_factory.mktemp("published") / D405_NAME),
        HEIGHT,
        WIDTH,
        MAX_DEPTH_M,
    )


@pytest.fixture(scope="module")
def expected_m(spec):
    """torch's depth for random_images."""
    with torch.inference_mode():
        return load_network(spec.weights, HEIGHT, WIDTH, MAX_DEPTH_M)(
            make_random_images(HEIGHT, WIDTH, batch=2)
        ).numpy()


@pytest.fixture(scope="module")
def images():
    """(N, 120, 160, 3) uint8: the stored image under changing light, enough for calibration."""
    image = parity.make_reference_image(120, 160)
    return [np.clip(image * gain, 0, 255).astype(np.uint8) for gain in np.linspace(0.6, 1.4, 8)]


@pytest.fixture(scope="module")
def exported(spec, images, tmp_path_factory):
    """(format, precision) -> the export; each is created once."""

    @cache
    def make(format_, precision):
        folder = tmp_path_factory.mktemp(f"{format_}-{precision}")
        return export(spec, format_, precision, folder, images)

    return make


@pytest.fixture
def own_cache(spec, used_cache, tmp_path, monkeypatch):
    """A cache with the OpenVINO conversion alone, for a test to change: that conversion's folder."""
    conversion = selection.load_or_build_conversion(spec, "openvino", "fp32")
    folder = tmp_path / "fingertip_contact" / "depth" / conversion.folder.name
    shutil.copytree(conversion.folder, folder)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return folder


@pytest.mark.parametrize("name", selection.RUNTIMES)
def test_every_runtime_matches_torch(used_cache, spec, expected_m, name):
    """In single precision, on a batch; the self-test reports the deviation."""
    if name == "onnxruntime":
        pytest.importorskip("onnxruntime")
    runtime, deviation_m = selection.open_runtime(spec, name, "fp32", threads=1)
    assert (runtime.name, runtime.precision) == (name, "fp32")
    assert np.abs(runtime.infer(make_random_images(HEIGHT, WIDTH, batch=2).numpy()) - expected_m).max() < 2e-6
    assert deviation_m < 1e-6


IN_A_FRESH_PROCESS = """
import sys
sys.modules["torch"] = sys.modules["timm"] = None  # importing either raises ImportError
from pathlib import Path
import numpy as np
from fingertip_contact.depth.estimator import DepthEstimator
estimator = DepthEstimator.from_export(Path(sys.argv[1]), threads=1)
print(estimator.diagnostics["runtime"], estimator.diagnostics["parity_mm"])
np.save(sys.argv[2], estimator.infer_batch(np.load(sys.argv[3])))
"""


@pytest.mark.parametrize("precision", conversions.PRECISIONS)
@pytest.mark.parametrize("format_", conversions.GRAPH_FILES)
def test_export_runs_in_a_new_process(exported, expected_m, tmp_path, format_, precision):
    """Without torch and without the weights, with a passed self-test; int8 is close, and smaller."""
    if format_ == "onnx":
        pytest.importorskip("onnxruntime")
    if precision == "int8":
        pytest.importorskip("nncf")
    conversion = exported(format_, precision)
    folder = conversion.folder
    assert conversions.read(folder) == conversion
    np.save(tmp_path / "images.npy", make_random_images(HEIGHT, WIDTH, batch=2).numpy())
    command = [sys.executable, "-c", IN_A_FRESH_PROCESS, folder, tmp_path / "depth.npy", tmp_path / "images.npy"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    runtime, parity_mm = done.stdout.rsplit(" ", 1)
    assert runtime == f"{'onnxruntime' if format_ == 'onnx' else format_} {precision}"
    deviation_m = np.abs(np.load(tmp_path / "depth.npy") - expected_m).mean()
    size = sum(file.stat().st_size for file in folder.glob("network.*"))
    if precision == "fp32":
        assert deviation_m < 1e-6
        assert float(parity_mm) < 1e-3
    else:
        assert 1e-6 < deviation_m < 0.03  # random weights are sensitive to quantisation
        assert 1e-3 < float(parity_mm) < 10
        assert size < 40e6


def test_deviating_runtime_is_rejected_for_the_next_one(spec, own_cache, caplog):
    """A metric scale that changed by one percent is detected at loading, and diagnostics report it."""
    pytest.importorskip("onnxruntime")
    image, depth_m = parity.read(own_cache / conversions.PARITY_FILE)
    parity.write(own_cache / conversions.PARITY_FILE, image, depth_m * np.float32(1.01))
    estimator = DepthEstimator(spec.weights, height=HEIGHT, width=WIDTH, threads=1)
    assert estimator.diagnostics["runtime"] == "onnxruntime fp32"
    assert "openvino fp32: its depth for the stored image deviates" in estimator.diagnostics["rejected"]
    assert "mm from torch's" in estimator.diagnostics["rejected"]
    assert "depth runtime rejected: openvino fp32" in caplog.text


@pytest.mark.parametrize("name", ["network.xml", conversions.PARITY_FILE, conversions.DESCRIPTION_FILE])
def test_damaged_conversion_is_rejected_with_the_remedy(spec, own_cache, name):
    """For each of its files, the message names it or its folder."""
    (own_cache / name).write_text("<net")
    with pytest.raises(RuntimeRejectedError, match=r"openvino-fp32.*delete (its|the) folder"):
        selection.open_runtime(spec, "openvino", "fp32")


@pytest.mark.parametrize("kept", [0.0, 0.5, 0.999])
@pytest.mark.parametrize(
    ("format_", "name"),
    [("openvino", "network.xml"), ("openvino", "network.bin"), ("onnx", "network.onnx"), ("onnx", "parity.npz")],
)
def test_a_cut_export_is_rejected_with_the_remedy(exported, tmp_path, monkeypatch, format_, name, kept):
    """A copy that broke off, of each of its files: one line. kept: share of the file."""
    if format_ == "onnx":
        pytest.importorskip("onnxruntime")
    # OpenVINO reads no weights of a network that it has compiled before.
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "copy"
    shutil.copytree(exported(format_, "fp32").folder, folder)
    os.truncate(folder / name, int(kept * (folder / name).stat().st_size))
    with pytest.raises(
        RuntimeRejectedError, match=r"copy/\S+ cannot be (loaded|read) .*; delete its folder$"
    ) as refused:
        selection.open_conversion(conversions.read(folder))
    assert "\n" not in str(refused.value)


def test_invalid_output_fails_the_self_test():
    """NaN is never within the tolerance."""
    assert not parity.is_within_tolerance(float("nan"), "int8", MAX_DEPTH_M)


def test_bfloat16_needs_no_export_and_is_accurate(used_cache, spec, expected_m):
    """Only on a CPU with bfloat16; it is never used by default, and other CPUs reject it."""
    if not supports_bfloat16():
        with pytest.raises(RuntimeRejectedError, match="does not compute in bfloat16"):
            selection.open_runtime(spec, "openvino", "bf16")
        return
    runtime, deviation_m = selection.open_runtime(spec, "openvino", "bf16", threads=1)
    depth_m = runtime.infer(make_random_images(HEIGHT, WIDTH, batch=2).numpy())
    assert runtime.precision == "bf16"
    assert 1e-6 < deviation_m < 1e-3
    assert 1e-6 < np.abs(depth_m - expected_m).mean() < 5e-3


def test_int8_is_used_when_exported(spec, own_cache, exported):
    """int8 is used only after it was exported; until then single precision runs."""
    pytest.importorskip("nncf")
    assert selection.select(spec).runtime.precision == "fp32"
    shutil.copytree(exported("openvino", "int8").folder, conversions.get_cache_folder(spec, "openvino", "int8"))
    assert selection.select(spec).runtime.precision == "int8"
    assert selection.select(spec, precision="fp32").runtime.precision == "fp32"


def test_missing_int8_request_names_the_export_command(used_cache, spec):
    """Single precision runs until then."""
    selected = selection.select(spec, precision="int8")
    assert selected.runtime.precision == "fp32"
    assert "fingertip-contact export" in selected.rejected_candidates[0]
    assert "--precision int8 --size 70x98" in selected.rejected_candidates[0]


@pytest.mark.parametrize(
    ("preference", "first"),
    [
        (("auto", "fp32"), ("openvino", "fp32")),
        (("torch", "auto"), ("torch", "fp32")),
        (("auto", "fp16"), ("torch", "fp16")),
        (("auto", "bf16"), ("openvino", "bf16")),
        (("onnxruntime", "int8"), ("onnxruntime", "int8")),
    ],
)
def test_requested_precision_is_tried_first(preference, first):
    """A request is a preference: slower depth is better than none."""
    order = selection.list_candidates(*preference)
    assert order[0] == first
    assert {name for name, _ in order} == set(selection.RUNTIMES)


@pytest.mark.parametrize("preference", [("tensorrt", "auto"), ("auto", "fp8")])
def test_unknown_precision_error_lists_valid_ones(preference):
    """A misspelt name is an error, not the default."""
    with pytest.raises(ValueError, match=r"is not a (depth runtime|precision); choose one of auto, "):
        selection.list_candidates(*preference)


def test_int8_needs_calibration_images(spec, tmp_path):
    """Ranges from a few images would be unreliable."""
    with pytest.raises(ValueError, match="at least 8 calibration images and has 0"):
        export(spec, "openvino", "int8", tmp_path)


@pytest.mark.parametrize("change", [{"format": "tensorrt"}, {"height": 71}, {"max_depth_m": 0}, {"colour": "red"}])
def test_invalid_conversion_metadata_is_rejected(own_cache, change):
    """It names the folder."""
    path = own_cache / conversions.DESCRIPTION_FILE
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(ValueError, match=r"openvino-fp32.*export it again"):
        conversions.read(own_cache)
