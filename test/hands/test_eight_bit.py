"""Rules of the landmark network in 8 bits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fingertip_contact.datatypes import FINGERTIP_LANDMARKS
from fingertip_contact.hands import landmark_model, roi
from fingertip_contact.hands.eight_bit import (
    Calibration,
    equalise,
    find_convolutions,
    quantise,
)
from fingertip_contact.hands.landmark_model import CALIBRATION, INPUT_SIZE, LandmarkModel
from fingertip_contact.hands.network import compile_network, read_network
from fingertip_contact.hands.tracker import HandTracker
from fingertip_contact.resources import find_share_file

TIPS = list(FINGERTIP_LANDMARKS)


@pytest.fixture(scope="module")
def calibration() -> Calibration:
    return Calibration.load(find_share_file(CALIBRATION))


@pytest.fixture(scope="module")
def crops(hand_weights: dict[str, Path], hand_images: np.ndarray) -> np.ndarray:
    """(N, 224, 224, 3): the hands of the first rendered images, upright, where single precision finds them."""
    tracker = HandTracker(*sorted(hand_weights.values(), reverse=True), precision="f32")
    found = []
    for index, image in enumerate(hand_images[:10]):
        for hand in tracker.process(image, index):
            found.append(np.empty((INPUT_SIZE, INPUT_SIZE, 3), np.uint8))
            roi.from_landmarks(hand.landmarks_px).cut(image, found[-1])
    return np.array(found)


def find_tips(request, crops: np.ndarray) -> np.ndarray:
    """(N, 5, 2) pixels of the crops."""
    tips = []
    for crop in crops:
        request.infer([crop[None]])
        tips.append(request.get_output_tensor(0).data.reshape(-1, 3)[TIPS, :2].copy())
    return np.array(tips)


def test_tips_stay(hand_weights: dict[str, Path], crops: np.ndarray, calibration: Calibration):
    """On rendered hands tips move by less than half a pixel in the median, and by two in one of a hundred."""
    model = hand_weights["hand_landmark_full"]
    rounded = read_network(model, INPUT_SIZE)
    quantise(rounded, calibration)
    before, after = (
        find_tips(compile_network(network, requests=1).create_infer_request(), crops)
        for network in (read_network(model, INPUT_SIZE), rounded)
    )
    moved_px = np.linalg.norm(after - before, axis=-1)
    assert np.median(moved_px) < 0.5
    assert np.percentile(moved_px, 99) < 2.0
    assert moved_px.max() > 0


def test_equalisation_changes_nothing(hand_weights: dict[str, Path], crops: np.ndarray, calibration: Calibration):
    """Scaled channels and weights multiply to what they were, though weights differ."""
    model = hand_weights["hand_landmark_full"]
    scaled = read_network(model, INPUT_SIZE)
    equalise(scaled, calibration.channel_peaks)
    before, after = (
        find_tips(compile_network(network, requests=1).create_infer_request(), crops)
        for network in (read_network(model, INPUT_SIZE), scaled)
    )
    assert np.abs(after - before).max() < 0.05
    assert any(node.input_value(1).get_node().get_type_name() == "Constant" for node in find_convolutions(scaled))


def test_another_network_is_refused(hand_weights: dict[str, Path], calibration: Calibration):
    """A calibration of other channels is told from this network's."""
    network = read_network(hand_weights["palm_detection_full"], 192)
    with pytest.raises(ValueError, match="those of the calibration"):
        quantise(network, calibration)


def test_without_a_fitting_calibration_hands_are_tracked_all_the_same(
    hand_weights: dict[str, Path], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tmp_path: Path
):
    """Where another OpenVINO reads the network in another form, `auto` is single precision, and says so; `int8`, which
    somebody asked for, is an error."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))  # Where no network is compiled yet.
    monkeypatch.setattr(landmark_model, "has_byte_instructions", lambda: True)
    other = Calibration(np.zeros((1, 2)), (np.ones(7),), (np.zeros(7),))
    monkeypatch.setattr(Calibration, "load", classmethod(lambda cls, path: other))
    model = hand_weights["hand_landmark_full"]
    assert LandmarkModel(model, requests=1, mirrored=False).precision == "f32"
    assert "single precision" in caplog.text
    with pytest.raises(ValueError, match="those of the calibration"):
        LandmarkModel(model, requests=1, mirrored=False, precision="int8")


def test_calibration_is_read_as_it_was_written(tmp_path: Path):
    """Lists of arrays of different lengths come back."""
    written = Calibration(
        np.array([[0, 6], [-1, 1]], np.float32),
        (np.array([1, 2, 3], np.float32), np.array([4], np.float32)),
        (np.array([0.5], np.float32), np.array([-0.5, 0.25], np.float32)),
    )
    with (tmp_path / "calibration.npz").open("wb") as file:
        written.save(file)
    read = Calibration.load(tmp_path / "calibration.npz")
    assert np.array_equal(read.input_range, written.input_range)
    for name in ("channel_peaks", "bias_corrections"):
        for before, after in zip(getattr(written, name), getattr(read, name), strict=True):
            assert np.array_equal(before, after)


@pytest.mark.parametrize(("can", "expected"), [(True, "int8"), (False, "f32")])
def test_precision_follows_the_processor(
    hand_weights: dict[str, Path], monkeypatch: pytest.MonkeyPatch, can: bool, expected: str
):
    """`auto` is int8 with byte instructions, single precision without; what is named is taken."""
    monkeypatch.setattr(landmark_model, "has_byte_instructions", lambda: can)
    model = hand_weights["hand_landmark_full"]
    assert LandmarkModel(model, requests=1, mirrored=False).precision == expected
    assert LandmarkModel(model, requests=1, mirrored=False, precision="f32").precision == "f32"
