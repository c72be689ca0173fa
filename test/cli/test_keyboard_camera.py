"""Rules of `fingertip-contact keyboard calibrate-camera`, and of commands that use what it writes."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from cli_harness import run
from fingertip_contact.geometry import Camera
from fingertip_contact.keyboard.layout import load_layout
from fingertip_contact.recordings.bag_writer import BagWriter
from fingertip_contact.recordings.camera_info_file import load_camera_info, save_camera_info
from keyboard_images import CAMERA, make_camera_pose, render_sheet_view
from video_files import write_video

LAYOUT = load_layout("qwerty")
# Elevation and turn, degrees; distance, metres.
POSES = [(45, 0, 0.36), (60, 15, 0.38), (85, 0, 0.36), (50, -20, 0.4), (70, 170, 0.38)]
STILL_IMAGES = 10


@pytest.fixture(scope="module")
def views() -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [render_sheet_view(LAYOUT, make_camera_pose(angle, distance, turn), rng) for angle, turn, distance in POSES]


def write_folder(folder, images):
    folder.mkdir()
    for index, image in enumerate(images):
        cv2.imwrite(str(folder / f"{index}.png"), image)
    return folder


@pytest.mark.parametrize("kind", ["video", "folder", "bag"])
def test_camera_is_calibrated_from_any_recording(views, tmp_path, capsys, kind):
    """From a video with pauses, images, and a bag of an uncalibrated camera: the focal length within 1.5 % from five
    views at webcam resolution, compressed too; the command tells views, tilt and error."""
    if kind == "video":
        source = write_video(tmp_path / "sheet.avi", [view for view in views for _ in range(STILL_IMAGES)], 30)
    elif kind == "folder":
        source = write_folder(tmp_path / "sheet", views)
    else:
        source = tmp_path / "sheet.mcap"
        with BagWriter(source) as bag:
            for index, view in enumerate(view for view in views for _ in range(STILL_IMAGES)):
                bag.write_image("/webcam/color/image_raw", index * 33_333_333, "webcam", view, "bgr8")
    out = tmp_path / "camera.yaml"
    assert run("keyboard", "calibrate-camera", source, "--out", out) == 0
    camera = load_camera_info(out)
    assert camera.focal_px == pytest.approx(CAMERA.focal_px, rel=0.015)
    assert (camera.width, camera.height) == (640, 480)
    error = capsys.readouterr().err
    for text in ("focal length", "5 views", "degrees apart", "reprojection RMS", str(out)):
        assert text in error
    assert "# Calibrated on the sheet qwerty." in out.read_text()


def test_one_pose_is_refused(views, tmp_path, capsys):
    """With advice, and without a file."""
    source = write_folder(tmp_path / "sheet", views[:1] * 5)
    assert run("keyboard", "calibrate-camera", source, "--out", tmp_path / "camera.yaml") == 2
    error = capsys.readouterr().err
    assert "1 distinct views" in error
    assert "tilt the sheet or the camera" in error
    assert not (tmp_path / "camera.yaml").exists()


def test_existing_files_are_kept(views, tmp_path, capsys):
    """Without --force; the recording itself is never overwritten."""
    source = write_folder(tmp_path / "sheet", views)
    out = tmp_path / "camera.yaml"
    out.write_text("mine")
    assert run("keyboard", "calibrate-camera", source, "--out", out) == 2
    assert "--force" in capsys.readouterr().err
    assert out.read_text() == "mine"
    assert run("keyboard", "calibrate-camera", source, "--out", source, "--force") == 2


@pytest.mark.usefixtures("hand_weights")
def test_a_video_is_processed_with_its_camera(views, tmp_path, capsys):
    """Colour alone is enough; the command says where the focal length comes from."""
    video = write_video(tmp_path / "desk.mp4", [views[0]] * 20)
    assert run("process", video, "--out", tmp_path / "a.jsonl", "--video", tmp_path / "seen.mp4") == 0
    error = capsys.readouterr().err
    assert "px from the sheet (+-" in error
    assert "0 presses in 0.8 s" in error
    assert cv2.VideoCapture(str(tmp_path / "seen.mp4")).get(cv2.CAP_PROP_FRAME_COUNT) == 20
    save_camera_info(tmp_path / "camera.yaml", CAMERA, "desk")
    arguments = ["process", video, "--out", tmp_path / "b.jsonl", "--camera-info", tmp_path / "camera.yaml"]
    assert run(*arguments) == 0
    assert "camera as calibrated" in capsys.readouterr().err
    assert run(*arguments[:4], "--camera-info", tmp_path / "none.yaml", "--force") == 2
    assert "none.yaml" in capsys.readouterr().err


@pytest.mark.usefixtures("hand_weights")
def test_images_are_processed_at_a_given_rate(views, tmp_path, capsys):
    """A folder needs --fps, and the error says so; without a sheet the focal length is guessed."""
    folder = write_folder(tmp_path / "desk", [np.full((480, 640, 3), 128, np.uint8)] * 6)
    assert run("process", folder, "--out", tmp_path / "a.jsonl") == 2
    assert "--fps" in capsys.readouterr().err
    assert run("process", folder, "--out", tmp_path / "a.jsonl", "--fps", "15") == 0
    error = capsys.readouterr().err
    assert "focal length guessed" in error
    assert "0 presses in 0.4 s" in error


def test_sheet_pose_is_estimated_from_a_video(views, tmp_path, capsys):
    """With the calibrated camera, as exactly as from a bag."""
    save_camera_info(tmp_path / "camera.yaml", Camera(784.0, 782.0, 644.5, 480.5, 1280, 960), "desk")
    video = write_video(tmp_path / "desk.avi", [views[0]] * 15)
    arguments = ["keyboard", "pose", video, "--out", tmp_path / "pose.yaml"]
    assert run(*arguments, "--camera-info", tmp_path / "camera.yaml") == 0
    assert "0.360 m away, seen from 45 degrees" in capsys.readouterr().err
