"""From a checkpoint to metres: converted once, exact, and without torch afterwards."""

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("timm")

from depth_weights import D405_NAME, make_random_images, make_random_weights, save_training_checkpoint  # noqa: E402
from fingertip_contact.depth import conversions  # noqa: E402
from fingertip_contact.depth.checkpoint import load_network  # noqa: E402
from fingertip_contact.depth.estimator import DepthEstimator, mask_invalid  # noqa: E402
from repository import ROOT  # noqa: E402

HEIGHT, WIDTH = 70, 98
# So that part of the random network's depth lies below the nearest valid one.
MAX_DEPTH_M = 0.15


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """A separate cache that these tests share, because conversion takes seconds."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("cache")
        patch.setenv("XDG_CACHE_HOME", str(folder))
        yield folder


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    """Random weights in the published format."""
    return save_training_checkpoint(make_random_weights(), tmp_path_factory.mktemp("published") / D405_NAME)


@pytest.fixture(scope="module")
def estimator(cache, checkpoint):
    """Created once: the first start converts."""
    return DepthEstimator(checkpoint, height=HEIGHT, width=WIDTH, max_depth_m=MAX_DEPTH_M, threads=1)


@pytest.fixture(scope="module")
def image_bgr():
    """(480, 640, 3) uint8, smooth."""
    noise = np.random.default_rng(1).integers(0, 256, (480, 640, 3), np.uint8)
    return cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 8), None, 0, 255, cv2.NORM_MINMAX)


def test_max_depth_is_part_of_the_cached_graph(checkpoint, estimator):
    """A conversion for one value is never used for another; metres scale with it."""
    images = make_random_images(HEIGHT, WIDTH).numpy()
    far = DepthEstimator(checkpoint, height=HEIGHT, width=WIDTH, max_depth_m=0.5, threads=1)
    assert np.allclose(far.infer_batch(images), estimator.infer_batch(images) * 0.5 / MAX_DEPTH_M, rtol=1e-4)


def test_batch_gives_metres_for_each_image(checkpoint, estimator):
    """[B, 3, H, W] in, [B, 1, H, W] out: the network's own output, without invalid pixels."""
    images = make_random_images(HEIGHT, WIDTH, batch=3)
    with torch.inference_mode():
        expected_m = load_network(checkpoint, HEIGHT, WIDTH, MAX_DEPTH_M)(images).numpy()
    depth_m = estimator.infer_batch(images.numpy())
    assert depth_m.shape == (3, 1, HEIGHT, WIDTH)
    assert np.abs(depth_m - expected_m).max() < 2e-6


@pytest.mark.parametrize("shape", [(1, 3, 70, 70), (3, 70, 98), (1, 70, 98, 3)])
def test_batches_of_other_shapes_are_rejected(estimator, shape):
    """The message states the received and the required value."""
    with pytest.raises(ValueError, match=r"the batch is float32 .*it has to be float32 \(.*3, 70, 98\)"):
        estimator.infer_batch(np.zeros(shape, np.float32))


def test_depth_is_resized_to_the_camera_resolution(checkpoint, estimator, image_bgr):
    """Compared with the reference's steps."""
    rgb = cv2.resize(image_bgr[:, :, ::-1] / 255.0, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    images = torch.from_numpy(((rgb - (0.485, 0.456, 0.406)) / (0.229, 0.224, 0.225)).astype(np.float32))
    with torch.inference_mode():
        depth_m = load_network(checkpoint, HEIGHT, WIDTH, MAX_DEPTH_M)(images.permute(2, 0, 1)[None])
        depth_m = torch.nn.functional.interpolate(depth_m, (480, 640), mode="bilinear", align_corners=True)[0, 0]
    expected_m = depth_m.numpy()
    inferred_m = estimator.infer_image(image_bgr)
    assert inferred_m.shape == (480, 640)
    assert inferred_m.dtype == np.float32
    invalid = np.isnan(inferred_m)
    assert 0.001 < invalid.mean() < 0.9
    assert np.mean(invalid != (expected_m < 0.07)) < 0.01
    assert np.abs(inferred_m - expected_m)[~invalid].max() < 2e-5


def test_results_do_not_share_memory(estimator, image_bgr):
    """A result stays valid during the next inference."""
    first = estimator.infer(image_bgr)
    kept = first.copy()
    estimator.infer(image_bgr[::-1].copy())
    assert np.array_equal(first, kept, equal_nan=True)


def test_depth_outside_the_network_range_is_invalid():
    """Depth below the D405's range, or saturated at the maximum depth, becomes NaN; NaN stays NaN."""
    depth_m = np.array([0.0, 0.0699, 0.0701, 0.3, 0.4989, 0.4991, 0.5, np.nan], np.float32)
    assert np.isnan(mask_invalid(depth_m, 0.5)).tolist() == [True, True, False, False, False, True, True, True]


WITHOUT_TORCH = f"""
import sys
sys.modules["torch"] = sys.modules["timm"] = None  # importing either raises ImportError
from pathlib import Path
import numpy as np
from fingertip_contact.depth.estimator import DepthEstimator
image = np.random.default_rng(5).integers(0, 256, (48, 64, 3), np.uint8)
try:
    estimator = DepthEstimator(Path(sys.argv[1]), height={HEIGHT}, width={WIDTH}, max_depth_m={MAX_DEPTH_M}, threads=1)
except ValueError as error:
    sys.exit(f"error: {{error}}")
np.save(sys.argv[2], estimator.infer(image))
"""


def run_without_torch(checkpoint: Path, target: Path) -> subprocess.CompletedProcess:
    command = [sys.executable, "-c", WITHOUT_TORCH, str(checkpoint), str(target)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_second_start_needs_no_torch(checkpoint, estimator, tmp_path):
    """The converted network suffices: a robot's computer needs no torch."""
    run = run_without_torch(checkpoint, tmp_path / "depth.npy")
    assert run.returncode == 0, run.stderr
    image_path = np.random.default_rng(5).integers(0, 256, (48, 64, 3), np.uint8)
    assert np.array_equal(np.load(tmp_path / "depth.npy"), estimator.infer(image_path), equal_nan=True)


def test_first_start_without_torch_names_the_remedy(checkpoint, tmp_path, monkeypatch):
    """The error names every runtime and the remedy; the cache stays empty."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    run = run_without_torch(checkpoint, tmp_path / "depth.npy")
    assert run.returncode == 1
    error = run.stderr.splitlines()[-1]
    assert error.startswith(f"error: depth weights {checkpoint} run on no runtime: openvino fp32: ")
    assert all(
        f"{name} fp32: {checkpoint} at 70x98 needs torch" in error for name in ("openvino", "onnxruntime", "torch")
    )
    assert f"pip install '{ROOT}[depth]'" in error
    assert not list(tmp_path.iterdir())


def test_rejected_weights_leave_nothing_in_the_cache(tmp_path, monkeypatch):
    """The next start would mistake an incomplete folder for a converted network."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "d405.pth").write_bytes(b"no weights")
    with pytest.raises(ValueError, match=r"d405\.pth are damaged"):
        DepthEstimator(tmp_path / "d405.pth")
    assert not list((tmp_path / "cache").rglob("*.xml"))
    assert not list((tmp_path / "cache" / "fingertip_contact" / "depth").iterdir())


def test_a_conversion_that_is_there_stays(tmp_path):
    """It may be in use. One that is not whole is refused when it is read, with the remedy."""
    for content in ("first", "second"):
        conversions.fill(
            tmp_path / "network", lambda folder, text=content: (folder / conversions.DESCRIPTION_FILE).write_text(text)
        )
    assert (tmp_path / "network" / conversions.DESCRIPTION_FILE).read_text() == "first"
    assert [path.name for path in tmp_path.iterdir()] == ["network"]
    with pytest.raises(ValueError, match="delete the folder and export it again"):
        conversions.read(tmp_path / "network")


def test_invalid_sizes_are_rejected_before_reading(tmp_path):
    """The size is reported even if the weights are missing too."""
    with pytest.raises(ValueError, match="250x336 has to be a multiple of 14"):
        DepthEstimator(tmp_path / "nowhere.pth", height=250)
