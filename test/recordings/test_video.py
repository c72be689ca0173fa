"""Rules of recordings that are video files or folders of images."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from fingertip_contact.cameras.intrinsics import GUESSED_FIELD_OF_VIEW_DEG, CameraEstimate, make_centered_camera
from fingertip_contact.geometry import Camera
from fingertip_contact.recordings.open import open_images, open_recording
from video_files import (
    CODECS,
    FRAMES_PER_SECOND,
    make_numbered_images,
    read_number,
    set_durations,
    set_quarter_turn,
    write_video,
)

COUNT = 12
PERIOD_NS = round(1e9 / FRAMES_PER_SECOND)


def read(path: Path, **options):
    with open_recording(path, **options) as recording:
        return list(recording.frames())


@pytest.mark.parametrize("suffix", [*CODECS, ".MP4"])
def test_every_frame_is_read_with_its_stamp(tmp_path, suffix):
    """Of every container: all frames in order, BGR, from stamp 0, without depth; count, rate and duration."""
    path = write_video(tmp_path / f"film{suffix}", make_numbered_images(COUNT))
    with open_recording(path) as recording:
        frames = list(recording.frames())
        assert recording.frame_count == len(frames) == COUNT
        assert recording.frames_per_second == pytest.approx(FRAMES_PER_SECOND, rel=0.01)
        assert recording.duration_s == pytest.approx(COUNT / FRAMES_PER_SECOND, rel=0.01)
        assert recording.missing_depth_count == 0
    assert [read_number(frame.color_bgr) for frame in frames] == list(range(COUNT))
    assert [frame.stamp_ns for frame in frames] == pytest.approx([i * PERIOD_NS for i in range(COUNT)], abs=10**6)
    assert all(frame.color_bgr.shape == (64, 96, 3) and frame.color_bgr.dtype == np.uint8 for frame in frames)
    assert all(frame.depth is None for frame in frames)


def test_colours_are_bgr(tmp_path):
    """A blue image is blue."""
    image = np.zeros((64, 96, 3), np.uint8)
    image[..., 0] = 200
    frame = read(write_video(tmp_path / "blue.avi", [image] * 3))[0]
    blue, green, red = frame.color_bgr.reshape(-1, 3).mean(axis=0)
    assert blue > 150
    assert max(green, red) < 50


def test_stamps_of_a_variable_frame_rate_are_the_containers(tmp_path):
    """Uneven durations of frames give uneven stamps."""
    path = write_video(tmp_path / "uneven.mp4", make_numbered_images(COUNT))
    unit_ms = 1000 / (FRAMES_PER_SECOND * 512)
    durations = [512, 768, 256, 512] * 3
    set_durations(path, durations)
    stamps_ms = [frame.stamp_ns / 1e6 for frame in read(path)]
    expected_ms = np.concatenate([[0], np.cumsum(durations)[:-1]]) * unit_ms
    assert stamps_ms == pytest.approx(expected_ms.tolist(), abs=1.0)


def test_stamps_increase_strictly(tmp_path):
    """Frames that a container shows at one instant follow at the frame rate."""
    path = write_video(tmp_path / "stuck.mp4", make_numbered_images(COUNT))
    set_durations(path, [512, 0, 0, *[512] * 9])
    stamps_ns = [frame.stamp_ns for frame in read(path)]
    assert len(stamps_ns) == COUNT
    assert all(later > earlier for earlier, later in pairwise(stamps_ns))


def test_a_given_frame_rate_replaces_stamps(tmp_path):
    """As for a slow-motion film, which plays slower than it was taken."""
    path = write_video(tmp_path / "slow.mp4", make_numbered_images(COUNT))
    with open_recording(path, frames_per_second=120.0) as recording:
        stamps_ns = [frame.stamp_ns for frame in recording.frames()]
        assert recording.duration_s == pytest.approx(COUNT / 120)
    assert stamps_ns == [round(index * 1e9 / 120) for index in range(COUNT)]


def test_videos_are_turned_upright(tmp_path):
    """The rotation that a phone writes into the file is applied; the camera has the size of the turned image."""
    images = make_numbered_images(3)
    for image in images:
        image[:, :20] = 255
    path = write_video(tmp_path / "phone.mp4", images)
    set_quarter_turn(path, 96, 64)
    with open_recording(path) as recording:
        frame = next(recording.frames())
        assert (recording.camera.width, recording.camera.height) == (64, 96)
    assert frame.color_bgr[:15].mean() > 200, "what was left is at the top"
    assert frame.color_bgr[40:].mean() < 100


@pytest.mark.parametrize("suffix", [".avi", ".mkv", ".mp4"])
def test_truncated_videos_are_an_error(tmp_path, suffix):
    """The error names the file and a remedy, and for a container with an index in front the number of frames."""
    noise = np.random.default_rng(0)
    images = [noise.integers(0, 255, (64, 96, 3), dtype=np.uint8) for _ in range(COUNT)]
    path = write_video(tmp_path / f"film{suffix}", images)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(ValueError, match=rf"film{suffix} .*truncated.*ffmpeg"):
        read(path)


@pytest.mark.parametrize("content", [b"", b"no video at all", b"\x00" * 5000])
def test_what_is_no_video_is_an_error(tmp_path, content):
    """One error that names the file and what to do."""
    path = tmp_path / "film.mp4"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"film\.mp4 cannot be opened as a video.*ffmpeg"):
        read(path)


def test_unknown_paths_are_explained(tmp_path):
    """What is missing, and what is of no kind that is read."""
    with pytest.raises(FileNotFoundError, match="does not exist"):
        read(tmp_path / "none.mp4")
    (tmp_path / "film.gif").write_bytes(b"GIF89a")
    with pytest.raises(ValueError, match=r"film\.gif is not a recording.*\.mcap.*\.mp4.*\.png"):
        read(tmp_path / "film.gif")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="is not a recording"):
        read(tmp_path / "empty")


def write_folder(folder: Path, names: list[str], shape=(64, 96, 3)) -> Path:
    folder.mkdir()
    for index, name in enumerate(names):
        cv2.imwrite(str(folder / name), np.full(shape, 5 + 10 * index, np.uint8))
    return folder


def test_images_of_a_folder_are_in_natural_order(tmp_path):
    """2 comes before 10; stamps follow the given rate, or that of the file beside the images."""
    folder = write_folder(tmp_path / "film", ["frame1.png", "frame2.JPG", "frame10.bmp", "frame011.png"])
    (folder / "notes.txt").write_text("not an image")
    with pytest.raises(ValueError, match="--fps"):
        read(folder)
    frames = read(folder, frames_per_second=10.0)
    assert [read_number(frame.color_bgr) for frame in frames] == [0, 1, 2, 3]
    assert [frame.stamp_ns for frame in frames] == [0, 10**8, 2 * 10**8, 3 * 10**8]
    (folder / "images.yaml").write_text("frames_per_second: 20")
    assert read(folder)[1].stamp_ns == 5 * 10**7
    (folder / "images.yaml").write_text("frames_per_second: fast")
    with pytest.raises(ValueError, match="frames_per_second is 'fast'"):
        read(folder)


def test_bad_images_of_a_folder_are_named(tmp_path):
    """One that cannot be read, and one of another size."""
    folder = write_folder(tmp_path / "film", ["1.png", "2.png"])
    (folder / "3.png").write_bytes(b"no image")
    with pytest.raises(ValueError, match=r"3\.png cannot be read"):
        read(folder, frames_per_second=10.0)
    cv2.imwrite(str(folder / "3.png"), np.zeros((10, 10, 3), np.uint8))
    with pytest.raises(ValueError, match=r"3\.png is 10x10, the first image 96x64"):
        read(folder, frames_per_second=10.0)


def test_a_folder_with_metadata_is_a_bag(tmp_path):
    """Images beside a bag do not make it a film."""
    folder = write_folder(tmp_path / "bag", ["thumbnail.png"])
    (folder / "metadata.yaml").write_text("nothing")
    with pytest.raises(ValueError, match=r"metadata.yaml cannot be read: .*ros2 bag reindex"):
        read(folder)


def test_the_camera_is_given_found_or_guessed(tmp_path):
    """In this order, and the recording says which."""
    path = write_video(tmp_path / "film.mp4", make_numbered_images(COUNT))
    with open_recording(path) as recording:
        half_width = recording.camera.width / 2 / recording.camera.fx
        assert 2 * np.degrees(np.arctan(half_width)) == pytest.approx(GUESSED_FIELD_OF_VIEW_DEG)
        assert "guessed" in recording.camera_description
    found = CameraEstimate(make_centered_camera(77.0, 96, 64), "found")
    with open_recording(path, find_camera=lambda images: found if next(iter(images)).any() else None) as recording:
        assert recording.camera == found.camera
        assert recording.camera_description == "found"
    calibrated = Camera(200.0, 202.0, 95.5, 63.5, 192, 128)
    with open_recording(path, camera=calibrated, find_camera=lambda images: found) as recording:
        assert recording.camera == Camera(100.0, 101.0, 47.5, 31.5, 96, 64), "as calibrated, at half the size"
        assert "calibrated" in recording.camera_description
    with pytest.raises(ValueError, match=r"96x64.*192x100.*aspect ratio"):
        read(path, camera=Camera(200.0, 202.0, 95.5, 63.5, 192, 100))


def test_images_are_read_without_camera_and_stamps(tmp_path):
    """Of films and folders; a folder needs no frame rate for that."""
    folder = write_folder(tmp_path / "film", ["1.png", "2.png"])
    film = write_video(tmp_path / "film.mp4", make_numbered_images(COUNT))
    for path, count in ((folder, 2), (film, COUNT)):
        with open_images(path) as images:
            assert len(list(images)) == count
