"""Images are preprocessed as in training, and depth returns to the right pixels."""

import cv2
import numpy as np
import pytest

from fingertip_contact.depth.preprocessing import Preprocessor, resize_to


@pytest.fixture
def image_bgr():
    """A smooth image in other colours than grey, so that swapped channels show."""
    noise = np.random.default_rng(1).integers(0, 256, (480, 640, 3), np.uint8)
    return (cv2.GaussianBlur(noise, (0, 0), 3) * (1.0, 0.5, 0.3)).astype(np.uint8)


def reference_input(image_bgr, height, width):
    """The reference's preprocessing: RGB in 0..1, bicubic, mean and standard deviation of ImageNet, in float64."""
    rgb = cv2.cvtColor(image_bgr, cv2.COLOR_BGR2RGB) / 255.0
    rgb = cv2.resize(rgb, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.moveaxis((rgb - (0.485, 0.456, 0.406)) / (0.229, 0.224, 0.225), 2, 0)[None]


@pytest.mark.parametrize("size", [(252, 336), (518, 518), (70, 98)])
def test_preprocessing_matches_the_reference(image_bgr, size):
    """At edges too, where bicubic interpolation exceeds 0..255: bytes would clip there."""
    image_bgr[100:300, 200:400] = 255
    image_bgr[150:250, 250:350] = 0
    batch = Preprocessor(*size)(image_bgr)
    assert batch.dtype == np.float32
    assert batch.flags.c_contiguous
    # OpenCV's float32 kernels round their weights.
    assert np.abs(batch - reference_input(image_bgr, *size)).max() < 5e-4


def test_image_size_may_change(image_bgr):
    """A camera may be switched to another resolution."""
    preprocess = Preprocessor(70, 98)
    first = preprocess(image_bgr).copy()
    preprocess(image_bgr[:240, :320])
    assert np.array_equal(preprocess(image_bgr), first)


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((480, 640), np.uint8),
        np.zeros((480, 640, 4), np.uint8),
        np.zeros((480, 640, 3), np.float32),
        np.zeros((0, 640, 3), np.uint8),
    ],
)
def test_invalid_images_are_rejected(image):
    """The message states the received and the required value."""
    with pytest.raises(ValueError, match=r"it has to be uint8 \(H, W, 3\), BGR"):
        Preprocessor(70, 98)(image)


def test_depth_resize_aligns_corners():
    """A plane in pixel coordinates stays that plane, from the first pixel to the last."""
    rows, columns = np.mgrid[0:1:252j, 0:1:336j]
    expected_rows, expected_columns = np.mgrid[0:1:480j, 0:1:640j]
    resized = resize_to((rows + 2 * columns).astype(np.float32), 480, 640)
    assert resized.dtype == np.float32
    assert np.abs(resized - (expected_rows + 2 * expected_columns)).max() < 1e-6


def test_depth_resize_matches_torch():
    """Up, down, to the same size, and to a single row."""
    torch = pytest.importorskip("torch")
    depth = np.random.default_rng(2).random((25, 33)).astype(np.float32)
    for size in [(48, 64), (10, 20), (25, 33), (1, 64)]:
        expected = torch.nn.functional.interpolate(
            torch.from_numpy(depth)[None, None], size=size, mode="bilinear", align_corners=True
        )
        # torch computes the positions in float32: 1e-6 of 33 pixels.
        assert np.abs(resize_to(depth, *size) - expected[0, 0].numpy()).max() < 1e-5
