"""Rules of `fingertip-contact keyboard pose`, on recordings of a drawn sheet."""

from __future__ import annotations

import numpy as np
import pytest

from cli_harness import run
from fingertip_contact.keyboard.layout import load_layout
from fingertip_contact.keyboard.sheet_pose_file import load_pose
from fingertip_contact.recordings.bag_writer import BagWriter
from keyboard_images import CAMERA, make_camera_pose, render_sheet_view

LAYOUT = load_layout("qwerty")
TRUE_POSE = make_camera_pose(55, 0.37, turn_deg=5.0)
COLOR, DEPTH = "/camera/camera/color/image_raw", "/camera/camera/aligned_depth_to_color/image_raw"


@pytest.fixture
def desk(tmp_path):
    """Makes a recording of the sheet with some markers hidden."""

    def record(hidden=()):
        path = tmp_path / "desk.mcap"
        image = render_sheet_view(LAYOUT, TRUE_POSE, np.random.default_rng(1), hidden)
        with BagWriter(path) as bag:
            for stamp_ns in range(1_000_000_000, 1_400_000_000, 33_333_333):
                bag.write_image(COLOR, stamp_ns, "camera", image, "bgr8")
                bag.write_camera_info("/camera/camera/color/camera_info", stamp_ns, "camera", CAMERA)
                bag.write_image(DEPTH, stamp_ns, "camera", np.full((480, 640), 370, np.uint16), "16UC1")
        return path

    return record


def max_error_m(path):
    corners_m = np.column_stack([LAYOUT.sheet_corners_m, np.zeros(4)])
    return np.linalg.norm(load_pose(path, LAYOUT).apply(corners_m) - TRUE_POSE.apply(corners_m), axis=1).max()


def test_sheet_pose_is_estimated_from_markers(desk, tmp_path, capsys):
    """The pose is saved and told, and drawn where that is wanted."""
    out, seen = tmp_path / "pose.yaml", tmp_path / "seen.png"
    assert run("keyboard", "pose", desk(), "--out", out, "--image", seen) == 0
    assert max_error_m(out) < 0.003
    assert "0.370 m away, seen from 55 degrees" in capsys.readouterr().err
    assert seen.read_bytes().startswith(b"\x89PNG")


def test_sheet_pose_is_estimated_from_given_corners(desk, tmp_path, capsys):
    """Without markers the command says so and what to do; four pixels are enough then."""
    bag, out = desk(tuple(marker.marker_id for marker in LAYOUT.markers)), tmp_path / "pose.yaml"
    assert run("keyboard", "pose", bag, "--out", out) == 2
    assert "--corners" in capsys.readouterr().err
    pixels = CAMERA.project(TRUE_POSE.apply(np.column_stack([LAYOUT.sheet_corners_m, np.zeros(4)])))
    corners = " ".join(f"{u:.1f},{v:.1f}" for u, v in pixels)
    assert run("keyboard", "pose", bag, "--corners", corners, "--out", out) == 0
    assert max_error_m(out) < 0.003
    for wrong in ("1,2 3,4", "1,2 3,4 5,6 a,b", " ".join(reversed(corners.split()))):
        assert run("keyboard", "pose", bag, "--corners", wrong, "--out", out, "--force") == 2
        assert "error:" in capsys.readouterr().err
    assert max_error_m(out) < 0.003, "what was there stays when the command fails"


def test_invalid_output_paths_are_rejected_early(desk, tmp_path, capsys):
    """A file that exists, and an image that cannot be written."""
    out = tmp_path / "pose.yaml"
    out.write_text("mine")
    assert run("keyboard", "pose", desk(), "--out", out) == 2
    assert "--force" in capsys.readouterr().err
    assert out.read_text() == "mine"
    assert run("keyboard", "pose", tmp_path / "desk.mcap", "--out", tmp_path / "b.yaml", "--image", "seen.foo") == 2
    assert ".png" in capsys.readouterr().err
