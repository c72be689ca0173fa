"""Rules of files with a camera's intrinsics."""

from __future__ import annotations

from pathlib import Path

import pytest

from fingertip_contact.geometry import Camera
from fingertip_contact.recordings.camera_info_file import load_camera_info, parse_camera_info_url, save_camera_info

CAMERA = Camera(612.5, 611.25, 318.0, 242.5, 640, 480, (0.1, -0.2, 0.001, -0.002, 0.05))
# As written by ROS's camera_calibration.
ROS_FILE = """
image_width: 640
image_height: 480
camera_name: narrow_stereo
camera_matrix:
  rows: 3
  cols: 3
  data: [433.88091, 0., 313.35748,
         0., 434.35193, 241.29103,
         0., 0., 1.]
distortion_model: plumb_bob
distortion_coefficients:
  rows: 1
  cols: 5
  data: [0.028468, -0.056213, 0.00119, -0.000402, 0.]
rectification_matrix: {rows: 3, cols: 3, data: [1., 0., 0., 0., 1., 0., 0., 0., 1.]}
projection_matrix: {rows: 3, cols: 4, data: [434.4, 0., 312.4, 0., 0., 436.1, 241.6, 0., 0., 0., 1., 0.]}
"""


def test_a_written_file_is_read_back(tmp_path):
    """With and without distortion; every field that ROS's parser asks for is there."""
    for camera in (CAMERA, Camera(500.0, 500.0, 319.5, 239.5, 640, 480)):
        save_camera_info(tmp_path / "camera.yaml", camera, "desk", "a comment\nof two lines")
        assert load_camera_info(tmp_path / "camera.yaml") == camera
    text = (tmp_path / "camera.yaml").read_text()
    assert text.startswith("# a comment\n# of two lines\n")
    for field in ("camera_name: desk", "rectification_matrix:", "projection_matrix:", "distortion_model: plumb_bob"):
        assert field in text


def test_a_file_of_ros_is_read(tmp_path):
    """As camera_calibration writes it."""
    (tmp_path / "ost.yaml").write_text(ROS_FILE)
    camera = load_camera_info(tmp_path / "ost.yaml")
    assert (camera.fx, camera.cy, camera.width) == (433.88091, 241.29103, 640)
    assert camera.distortion == (0.028468, -0.056213, 0.00119, -0.000402, 0.0)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("image_width: 640", "image_width: wide", "image_width is 'wide'"),
        ("camera_matrix:", "matrix:", "camera_matrix is None"),
        ("0., 0., 1.]\n", "0.]\n", "camera_matrix"),
        ("433.88091", ".nan", "not usable"),
        ("433.88091", "0.0", "not usable"),
        ("plumb_bob", "equidistant", "equidistant"),
        ("image_width: 640", "[", "YAML"),
    ],
)
def test_bad_files_are_explained(tmp_path, old, new, message):
    """The error names file and field."""
    path = tmp_path / "bad.yaml"
    path.write_text(ROS_FILE.replace(old, new, 1))
    with pytest.raises(ValueError, match=message) as info:
        load_camera_info(path)
    assert "bad.yaml" in str(info.value)


def test_urls_and_paths_name_a_file():
    """As other camera drivers take them; what would need a network is refused."""
    assert parse_camera_info_url("file:///home/me/a%20b.yaml") == Path("/home/me/a b.yaml")
    assert parse_camera_info_url("calibration/c.yaml") == Path("calibration/c.yaml")
    for url in ("package://pkg/camera.yaml", "http://host/camera.yaml"):
        with pytest.raises(ValueError, match="file://"):
            parse_camera_info_url(url)
