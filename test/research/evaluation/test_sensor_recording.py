"""Rules of still frames from recordings and folders, of the plane and the fingers found in them."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import cv2
import numpy as np
import pytest

from fingertip_contact.datatypes import Hand
from fingertip_contact.geometry import Camera, Plane
from fingertip_contact.recordings.bag_writer import BagWriter
from fingertip_research.evaluation.sensor.hands import find_separate_fingers
from fingertip_research.evaluation.sensor.metrics import measure_noise, to_metres
from fingertip_research.evaluation.sensor.plane import find_largest_plane
from fingertip_research.evaluation.sensor.recording import read_still_frames
from fingertip_research.evaluation.sensor.still import MAX_STILL_FRAMES
from fingertip_research.simulation.camera_rays import pixel_grid

CAMERA = Camera(fx=196.0, fy=196.0, cx=159.5, cy=119.5, width=320, height=240, distortion=(-0.05, 0.05, 0, 0, 0))
SHAPE = (CAMERA.height, CAMERA.width)
FRAME_NS = 33_000_000


def read(path: Path, **options):
    return read_still_frames(path, lambda frames, total: nullcontext(iter(frames)), **options)


def make_color(frame: int, hand_column: int | None = None) -> np.ndarray:
    """A noisy grey desk; a bright block of 40 pixels where a hand is."""
    color = np.random.default_rng(frame).normal(120, 4, (*SHAPE, 3))
    if hand_column is not None:
        color[100:140, hand_column : hand_column + 40] = 200
    return color.astype(np.uint8)


def write_bag(path: Path, hand_columns: list[int | None], camera: Camera = CAMERA) -> Path:
    """Frame n has depth 300 + n mm, so that frames can be told apart."""
    with BagWriter(path) as bag:
        for frame, column in enumerate(hand_columns):
            stamp_ns = frame * FRAME_NS
            bag.write_camera_info("/camera/color/camera_info", stamp_ns, "camera", camera)
            bag.write_image("/camera/color/image_raw", stamp_ns, "camera", make_color(frame, column), "bgr8")
            depth = np.full(SHAPE, 300 + frame, np.uint16)
            bag.write_image("/camera/aligned_depth_to_color/image_raw", stamp_ns, "camera", depth, "16UC1")
    return path


def test_the_longest_part_without_motion_is_taken(tmp_path):
    """A hand crosses the view, rests for ten frames and crosses again: the ten frames."""
    columns = [*range(0, 40, 8), *[40] * 10, *range(48, 100, 8)]
    (still,) = read(write_bag(tmp_path / "hand.mcap", columns))
    assert still.raw[:, 0, 0].tolist() == [305, *range(306, 315)]
    assert still.unit_m == 0.001
    assert still.still.all()


def test_no_more_frames_than_needed_are_kept(tmp_path):
    (still,) = read(write_bag(tmp_path / "desk.mcap", [None] * (MAX_STILL_FRAMES + 6)))
    assert len(still.raw) == MAX_STILL_FRAMES


def test_still_seconds_take_the_start_and_mask_what_moves(tmp_path):
    """The desk beside the moving hand counts, the hand's way does not."""
    (still,) = read(write_bag(tmp_path / "hand.mcap", list(range(0, 160, 8))), still_seconds=10 * FRAME_NS / 1e9)
    assert len(still.raw) == 11
    assert not still.still[120, 60]
    assert still.still[:60].all()
    assert still.still[:, 200:].all()


def test_a_recording_without_rest_is_an_error_with_the_remedy(tmp_path):
    with pytest.raises(ValueError, match="1 still frames with depth, 5 are needed; record a second without motion"):
        read(write_bag(tmp_path / "restless.mcap", list(range(0, 240, 12))))


def test_what_a_recording_lacks_is_said(tmp_path):
    """No infra images, no distortion, an unknown size: a line each, nothing else about the first two where present."""
    (distorted,) = read(write_bag(tmp_path / "a.mcap", [None] * 6))
    notes = "\n".join(distorted.notes)
    assert "no infra1 and infra2 images" in notes
    assert "images of 320x240: real figures are known for 640x480 and 848x480 only" in notes
    assert "camera_info has no distortion" not in notes
    pinhole = Camera(CAMERA.fx, CAMERA.fy, CAMERA.cx, CAMERA.cy, CAMERA.width, CAMERA.height)
    (rectified,) = read(write_bag(tmp_path / "b.mcap", [None] * 6, pinhole), baseline_m=0.05)
    assert "camera_info has no distortion" in "\n".join(rectified.notes)
    assert rectified.focal_baseline == pytest.approx(196.0 * 0.05)
    assert not any("baseline" in note for note in rectified.notes)


def write_pairs(folder: Path, colors: list[np.ndarray]) -> Path:
    folder.mkdir()
    for number, color in enumerate(colors):
        cv2.imwrite(str(folder / f"{number:03}_color.png"), color)
        cv2.imwrite(str(folder / f"{number:03}_depth_0.1mm.png"), np.full(SHAPE, 3000 + number, np.uint16))
    return folder


def test_pairs_of_one_scene_are_one_stack(tmp_path):
    """Depth in tenths of a millimetre, the focal length as given."""
    (still,) = read(write_pairs(tmp_path / "shots", [make_color(n) for n in range(3)]), focal_px=200.0)
    assert still.raw[:, 0, 0].tolist() == [3000, 3001, 3002]
    assert (still.unit_m, still.camera.fx) == (0.0001, 200.0)


def test_pairs_of_different_scenes_are_measured_one_by_one(tmp_path):
    shots = read(write_pairs(tmp_path / "shots", [make_color(0), 255 - make_color(1)]), focal_px=200.0)
    assert [shot.raw[:, 0, 0].tolist() for shot in shots] == [[3000], [3001]]
    assert "no two frames of one scene" in "\n".join(shots[0].notes)


def test_pairs_of_an_unknown_size_need_their_focal_length(tmp_path):
    with pytest.raises(ValueError, match="focal length of 320x240 images is not known; give --focal-px"):
        read(write_pairs(tmp_path / "shots", [make_color(0)]))


def test_half_a_pair_is_an_error(tmp_path):
    folder = write_pairs(tmp_path / "shots", [make_color(0)])
    cv2.imwrite(str(folder / "007_color.png"), make_color(1))
    with pytest.raises(ValueError, match="007 is not a pair"):
        read(folder, focal_px=200.0)


def make_view(frames: int) -> np.ndarray:
    """A tilted desk at 45 cm with a second, lower surface on the left, a box on it, holes and noise: metres."""
    plane = Plane(np.array([0.0, np.sin(0.2), -np.cos(0.2)]), 0.45)
    rays = CAMERA.rays(pixel_grid(CAMERA))
    depth_m = plane.depth_at_m(rays).reshape(SHAPE)
    depth_m[:, :70] += 0.15
    depth_m[60:120, 200:260] -= 0.05
    noise = np.stack(
        [cv2.GaussianBlur(np.random.default_rng(n).standard_normal(SHAPE), (0, 0), 4.0) for n in range(frames)]
    )
    view = depth_m + 0.015 * depth_m**2 * noise / noise.std()
    view[:, 180:186, 150:156] = np.nan
    return view


def test_the_largest_plane_is_found_bare_and_without_edges():
    """Not the floor beside it, not the box on it; small holes belong to it."""
    stack_m = make_view(6)
    plane = find_largest_plane(stack_m, np.ones(SHAPE, dtype=bool), CAMERA)
    assert not plane.mask[:, :80].any()
    assert not plane.mask[55:125, 195:265].any()
    assert plane.mask[175:190, 145:160].all()
    assert plane.mask.mean() > 0.4
    assert measure_noise(stack_m, plane.depth_m, plane.mask).rms_per_m == pytest.approx(0.015, rel=0.05)


def test_moving_pixels_are_not_searched():
    still = np.zeros(SHAPE, dtype=bool)
    still[:, 200:] = True
    assert not find_largest_plane(make_view(4), still, CAMERA).mask[:, :200].any()


def test_a_view_without_a_bare_plane_is_an_error():
    scattered = np.random.default_rng(0).integers(2000, 7000, (1, *SHAPE)).astype(np.uint16)
    with pytest.raises(ValueError, match="largest bare plane has"):
        find_largest_plane(to_metres(scattered, 0.0001), np.ones(SHAPE, dtype=bool), CAMERA)


def make_hand(little_tip: tuple[float, float]) -> Hand:
    """Fingers upright, 15 px apart and 50 px long; the little finger's tip as given."""
    landmarks = np.zeros((21, 2), dtype=np.float32)
    for finger in range(5):
        for joint in range(4):
            landmarks[1 + 4 * finger + joint] = (100 + 15 * finger, 200 - 17 * joint)
    base = landmarks[17].copy()
    landmarks[18:21] = [base + (np.array(little_tip) - base) * share for share in (1 / 3, 2 / 3, 1)]
    return Hand(0, "right", 1.0, 1.0, landmarks)


def test_only_straight_fingers_apart_from_others_are_measured():
    """A spread little finger: one strip across it, along its direction. Fingers side by side: none."""
    assert find_separate_fingers(make_hand(little_tip=(160.0, 149.0))) == []
    (strip,) = find_separate_fingers(make_hand(little_tip=(200.0, 168.0)))
    assert strip.centre_px == pytest.approx((160 + 40 * 2 / 3, 200 - 32 * 2 / 3), abs=0.1)
    assert strip.along == pytest.approx(np.array((40, -32)) / np.hypot(40, 32), abs=0.01)


def test_a_bent_finger_is_not_measured():
    hand = make_hand(little_tip=(200.0, 168.0))
    hand.landmarks_px[20] = hand.landmarks_px[18]
    assert find_separate_fingers(hand) == []
