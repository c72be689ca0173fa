"""The appearance network: what it takes and gives, and files that are none. Networks are made here."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import openvino as ov
import pytest
from openvino import opset13 as ops

from contact_world import CAMERA, make_desk_plane, make_hand
from fingertip_contact.contact.measurement import fingertip_estimator
from fingertip_contact.contact.measurement.appearance_network import DEFAULT_MODEL, OUTPUTS, AppearanceNetwork
from fingertip_contact.contact.measurement.columns import FINGER_COUNT
from fingertip_contact.contact.measurement.fingertip_crops import CROP_PX, FRAME_TIMES_S
from fingertip_contact.contact.measurement.fingertip_estimator import FingertipEstimator
from fingertip_contact.contact.parameters import ContactParameters
from fingertip_contact.datatypes import Frame, Surface
from fingertip_contact.resources import find_share_directory

IMAGE_SHAPE = len(FRAME_TIMES_S), CROP_PX, CROP_PX


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> AppearanceNetwork:
    """A network whose outputs are 1, 2 and 3 times the mean grey of the newest frame."""
    images = ops.parameter([-1, *IMAGE_SHAPE], np.uint8)
    greys = ops.convert(images, np.float32)
    newest = ops.gather(greys, np.int64(len(FRAME_TIMES_S) - 1), np.int64(1))
    mean = ops.unsqueeze(ops.reduce_mean(newest, np.array([1, 2]), keep_dims=False), np.int64(1))
    path = tmp_path_factory.mktemp("network") / "appearance.xml"
    outputs = ops.multiply(mean, np.array([[1.0, 2.0, 3.0]], np.float32))
    ov.save_model(ov.Model([outputs], [images]), path, compress_to_fp16=True)
    return AppearanceNetwork(path)


def make_images(greys: list[int]) -> np.ndarray:
    """Crops whose newest frame has this grey; the older ones are black."""
    images = np.zeros((len(greys), *IMAGE_SHAPE), np.uint8)
    images[:, -1] = np.array(greys)[:, None, None]
    return images


@pytest.mark.parametrize("count", [1, 4, FINGER_COUNT])
def test_each_row_tells_of_its_own_crop(network: AppearanceNetwork, count: int) -> None:
    """One row per crop, in order, however many there are and whatever was asked before."""
    network.predict(make_images([255] * FINGER_COUNT))
    greys = list(range(10, 10 + count))
    found = network.predict(make_images(greys))
    assert found.shape == (count, len(OUTPUTS))
    np.testing.assert_allclose(found, np.outer(greys, [1, 2, 3]), rtol=1e-3)


def test_result_is_not_changed_by_the_next_one(network: AppearanceNetwork) -> None:
    """The result of one call stays when the network runs again."""
    first = network.predict(make_images([7]))
    network.predict(make_images([200]))
    assert first[0, 0] == pytest.approx(7, rel=1e-3)


def test_missing_file_is_named(tmp_path: Path) -> None:
    """A network that is not there: its path, and what to do."""
    with pytest.raises(FileNotFoundError, match=r"nowhere\.xml does not exist; install"):
        AppearanceNetwork(tmp_path / "nowhere.xml")


def test_file_that_is_no_network_is_refused(tmp_path: Path) -> None:
    """What OpenVINO cannot read is a ValueError with the path and the remedy."""
    path = tmp_path / "appearance.xml"
    path.write_text("no network", encoding="utf-8")
    with pytest.raises(ValueError, match=r"appearance\.xml is not an appearance network.*fit it again"):
        AppearanceNetwork(path)


@pytest.mark.parametrize("name", ["appearance.xml", "appearance.bin"])
def test_a_cut_network_is_refused(tmp_path: Path, name: str) -> None:
    """An installation that broke off: either file."""
    shipped = find_share_directory() / DEFAULT_MODEL
    for file in (shipped, shipped.with_suffix(".bin")):
        content = file.read_bytes()
        (tmp_path / file.name).write_bytes(content[: len(content) // 2] if file.name == name else content)
    with pytest.raises(ValueError, match=r"appearance\.xml is not an appearance network.*fit it again"):
        AppearanceNetwork(tmp_path / "appearance.xml")


def test_network_of_other_crops_is_refused(tmp_path: Path) -> None:
    """A network of another number of frames cannot take our crops: ValueError."""
    images = ops.parameter([-1, 3, CROP_PX, CROP_PX], np.uint8)
    weights = np.ones((4, 3, 3, 3), np.float32)
    convolved = ops.convolution(ops.convert(images, np.float32), weights, [1, 1], [0, 0], [0, 0], [1, 1])
    path = tmp_path / "other.xml"
    ov.save_model(ov.Model([convolved], [images]), path)
    with pytest.raises(ValueError, match=r"other\.xml is not an appearance network"):
        AppearanceNetwork(path)


def test_estimator_gives_each_finger_its_own_appearance(
    network: AppearanceNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows are in the order of the hands, right hand first here; fingers without crops are NaN."""
    monkeypatch.setattr(fingertip_estimator, "AppearanceNetwork", lambda: network)
    estimator = FingertipEstimator(ContactParameters(), with_rims=False)
    plane = make_desk_plane(60)
    surface = Surface(plane, None, np.nan, np.nan, 0)
    color_bgr = np.zeros((CAMERA.height, CAMERA.width, 3), np.uint8)
    color_bgr[:, :320], color_bgr[:, 320:] = 40, 90
    for number in range(8):
        hands = (make_hand(1), make_hand(0)) if number > 6 else (make_hand(1),)
        frame = Frame(10**9 + round(number * 1e9 / 30), "camera", CAMERA, color_bgr, None)
        samples = estimator.measure(frame, hands, surface)
        assert samples is not None
    np.testing.assert_allclose(samples.appearance[:5, 0], 90, rtol=1e-3)
    assert np.isnan(samples.appearance[5:]).all()
    assert np.isnan(samples.finger_height_m).all()
    assert np.isnan(samples.stereo_height_m).all()
