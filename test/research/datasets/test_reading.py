"""Rules of reading datasets in the published layout."""

from __future__ import annotations

import json
import pickle
import struct
import zlib

import cv2
import numpy as np
import pytest

import dataset_world as world
from fingertip_research.datasets.annotations import (
    annotation_to_json,
    label_to_json,
    read_annotation,
    read_label,
)
from fingertip_research.datasets.dataset import (
    BadFrameError,
    DatasetFrame,
    open_dataset,
    open_session,
    read_color,
    read_depth,
)

# As the published recorder writes it, without additions.
PUBLISHED_METADATA = {
    "camera": "Intel RealSense D405",
    "resolution": [64, 48],
    "fps": 30,
    "depth_scale_m": 0.0001,
    "depth_range_m": [0.07, 0.5],
    "intrinsics": {"fx": 391.76, "fy": 390.61, "cx": 322.81, "cy": 239.81, "width": 64, "height": 48},
    "filters": {"spatial_magnitude": 2},
    "session": {
        "participant": "P01",
        "angle_degrees": 90,
        "surface": "white_desk",
        "action": "typing",
        "hand": "both",
        "total_frames": 2,
        "timestamp": "2026-01-02 07:41:55",
    },
    "surface_calibration": None,
}


@pytest.fixture
def published(tmp_path):
    """A dataset in the layout of the model card."""
    folder = tmp_path / "d405" / "P01" / "P01_angle90_white_desk_typing_074155"
    for name in ("rgb", "depth", "annotations", "labels"):
        (folder / name).mkdir(parents=True)
    for number in range(2):
        cv2.imwrite(str(folder / "rgb" / f"{number:06d}.png"), world.image(number))
        cv2.imwrite(str(folder / "depth" / f"{number:06d}.png"), world.make_depth_mm(number))
    (folder / "metadata.json").write_text(json.dumps(PUBLISHED_METADATA))
    return tmp_path / "d405"


def test_the_published_layout_is_read(published):
    """Participant, angle, surface, action, intrinsics and pixels; depth in metres, NaN where it is 0."""
    dataset = open_dataset(published)
    assert dataset.problems == ()
    assert dataset.participants == ("P01",)
    first, second = dataset.frames()
    assert (first.participant, first.angle_deg, first.surface, first.action) == ("P01", 90.0, "white_desk", "typing")
    assert first.camera.fx == 391.76
    np.testing.assert_array_equal(second.load_color(), world.image(1))
    depth_m = second.load_depth_m()
    assert depth_m.dtype == np.float32
    np.testing.assert_allclose(depth_m[3:], world.make_depth_mm(1)[3:] / 1000, rtol=1e-6)
    assert np.isnan(depth_m[0, 0])


def test_depth_is_in_millimetres_for_any_sensor_unit(published):
    """`depth_scale_m` is the sensor's unit, the images are converted: 350 is 0.35 m."""
    (frame, _) = open_dataset(published).frames()
    assert np.nanmedian(frame.load_depth_m()) == pytest.approx(0.35, abs=0.002)


def test_frames_without_stamps_are_one_period_apart(published):
    """The published datasets have no stamps.csv."""
    (session,) = open_dataset(published).sessions
    assert session.stamps_ns == {0: 0, 1: 33_333_333}


@pytest.mark.parametrize("level", ["", "P01", "P01/P01_angle90_white_desk_typing_074155"])
def test_dataset_can_be_opened_at_any_level(published, level):
    """The whole dataset, one participant, or one session."""
    assert len(list(open_dataset(published / level).frames())) == 2


def test_missing_metadata_is_read_from_the_folder_name(published):
    """Names of surfaces may contain underscores."""
    (session,) = open_dataset(published).sessions
    session = world.change_metadata(session, session=None)
    assert (session.participant, session.angle_deg) == ("P01", 90.0)
    assert (session.surface, session.action) == ("white_desk", "typing")


def test_multi_camera_metadata_is_read(published):
    """The surface is at the top level, the angle with the depth camera."""
    (session,) = open_dataset(published).sessions
    cameras = [{"name": "side", "type": "rgb", "angle": 15}, {"name": "d405", "type": "depth", "angle": 45}]
    session = world.change_metadata(
        session, session={"participant": "P01", "action": "hovering"}, surface="dark", cameras=cameras
    )
    assert (session.angle_deg, session.surface, session.action) == (45.0, "dark", "hovering")


def test_frames_can_be_pickled(published):
    """Data loaders run in separate processes."""
    frame = next(open_dataset(published).frames())
    copy = pickle.loads(pickle.dumps(frame))
    assert copy == frame
    np.testing.assert_array_equal(copy.load_color(), frame.load_color())


def test_only_frames_with_both_images_count(published):
    """A frame without depth is ignored, and so are hidden files, which are incomplete."""
    (session,) = open_dataset(published).sessions
    (session.path / "depth" / "000000.png").unlink()
    (session.path / "rgb" / ".000007.png.partial").touch()
    assert open_session(session.path).frame_numbers == (1,)


def test_unreadable_session_is_named_and_skipped(published):
    """The other sessions are read."""
    broken = published / "P02" / "P02_angle45_dark_hovering_080000"
    (broken / "rgb").mkdir(parents=True)
    (broken / "metadata.json").write_text('{"intrinsics": {"fx": 1')
    dataset = open_dataset(published)
    assert dataset.participants == ("P01",)
    assert len(dataset.problems) == 1
    assert str(broken / "metadata.json") in dataset.problems[0]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"intrinsics": None}, "field 'intrinsics' is missing"),
        ({"intrinsics": {"fx": 0, "fy": 1, "cx": 1, "cy": 1}}, "fx=0"),
        ({"depth_png_unit_m": -1}, "depth_png_unit_m is -1"),
    ],
)
def test_invalid_metadata_error_names_the_field(published, fields, message):
    (session,) = open_dataset(published).sessions
    with pytest.raises(ValueError, match=message) as error:
        world.change_metadata(session, **fields)
    assert "metadata.json" in str(error.value)


def test_folder_without_sessions_is_rejected(tmp_path):
    """A missing folder, and one without sessions."""
    with pytest.raises(FileNotFoundError, match="does not exist"):
        open_dataset(tmp_path / "none")
    with pytest.raises(ValueError, match="has no readable session"):
        open_dataset(tmp_path)


def corrupt(frame: DatasetFrame, defect: str) -> None:
    if defect == "cut off":
        frame.rgb_path.write_bytes(frame.rgb_path.read_bytes()[:-100])
    elif defect == "flipped bits":
        data = bytearray(frame.depth_path.read_bytes())
        data[len(data) // 2] ^= 0xFF
        frame.depth_path.write_bytes(data)
    elif defect == "empty":
        frame.depth_path.write_bytes(b"")
    elif defect == "gone":
        frame.rgb_path.unlink()
    elif defect == "another size":
        cv2.imwrite(str(frame.depth_path), np.full((24, 32), 350, dtype=np.uint16))
    elif defect == "no depth":
        cv2.imwrite(str(frame.depth_path), world.image(0))
    elif defect == "tenths of a millimetre":
        cv2.imwrite(str(frame.depth_path), 10 * world.make_depth_mm(0))


@pytest.mark.parametrize(
    ("defect", "folder", "message"),
    [
        ("cut off", "rgb", "corrupt"),
        ("flipped bits", "depth", "corrupt"),
        ("empty", "depth", r"corrupt \(0 bytes\)"),
        ("gone", "rgb", "missing"),
        ("another size", "depth", "32x24.*64x48"),
        ("no depth", "depth", "one channel of 16 bits"),
        ("tenths of a millimetre", "depth", "3.500 m.*depth_png_unit_m"),
    ],
)
def test_invalid_image_is_named(published, defect, folder, message):
    """The error names the file and the fault; its type lets callers skip the frame."""
    bad, good = open_dataset(published).frames()
    corrupt(bad, defect)
    with pytest.raises(BadFrameError, match=message) as error:
        bad.load()
    assert f"{folder}/000000.png" in str(error.value)
    good.load()


def test_depth_unit_can_be_specified(published):
    """With `depth_png_unit_m` 0.0001 depth in tenths of millimetres is read, and depth in millimetres is refused."""
    bad, good = open_dataset(published).frames()
    corrupt(bad, "tenths of a millimetre")
    session = world.change_metadata(bad.session, depth_png_unit_m=0.0001)
    assert np.nanmedian(DatasetFrame(session, 0).load_depth_m()) == pytest.approx(0.35, abs=0.002)
    with pytest.raises(BadFrameError, match=r"0\.035 m"):
        DatasetFrame(session, good.number).load_depth_m()


def test_depth_without_valid_pixels_is_not_a_unit_error(published):
    """An empty depth image is poor, but not an error."""
    (frame, _) = open_dataset(published).frames()
    cv2.imwrite(str(frame.depth_path), np.zeros((48, 64), dtype=np.uint16))
    assert np.isnan(frame.load_depth_m()).all()


OLD_HAND = {
    "handedness": "Right",
    "fingertip_depths_m": {"thumb": 0.31, "index": 0.32, "middle": 0.0, "ring": 0.33, "pinky": 0.34},
    "fingertip_pixels": {"thumb": [0, 7], "index": [10, 7], "middle": [20, 7], "ring": [30, 7], "pinky": [40, 7]},
    "landmarks_px": [[index, 2 * index] for index in range(21)],
}


def test_both_generations_of_annotations_are_read(tmp_path):
    """Missing depth is 0 in the older ones, null in the newer ones, which also have the keys under the fingertips."""
    new_hand = {
        **OLD_HAND,
        "fingertip_depths_m": {**OLD_HAND["fingertip_depths_m"], "middle": None},
        "fingertip_keys": {"index": "j", "thumb": None},
    }
    read = []
    for hand in (OLD_HAND, new_hand):
        (tmp_path / "a.json").write_text(json.dumps({"frame_id": 0, "num_hands": 1, "hands": [hand]}))
        read += read_annotation(tmp_path / "a.json")
    for hand in read:
        assert hand.handedness == "right"
        assert hand.fingertip_depth_m["little"] == 0.34
        assert np.isnan(hand.fingertip_depth_m["middle"])
        assert hand.fingertip_px["index"] == (10.0, 7.0)
        np.testing.assert_array_equal(hand.landmarks_px[20], [20, 40])
    assert (read[0].keys, read[1].keys) == ({}, {"index": "j"})


def test_both_generations_of_labels_are_read(tmp_path):
    """contact and hover; tap, touch and hover with has_contact. Labels without a source are not ground truth."""
    old = {"depth_m": 0.31, "surface_depth_m": 0.314, "distance_mm": 4.0}
    generations = {
        "old": {"index": {**old, "state": "contact"}, "pinky": {**old, "state": "hover"}},
        "new": {
            "index": {**old, "state": "tap", "has_contact": True},
            "middle": {**old, "state": "touch", "has_contact": True},
            "pinky": {**old, "state": "hover", "has_contact": False},
        },
    }
    for name, fingertips in generations.items():
        hands = [{"handedness": "Left", "fingertips": fingertips}]
        (tmp_path / f"{name}.json").write_text(json.dumps({"frame_id": 0, "num_hands": 1, "hands": hands}))
    old_label, new_label = (read_label(tmp_path / f"{name}.json") for name in generations)
    assert (old_label.contact_count, new_label.contact_count) == (1, 2)
    assert old_label.source == "published"
    tip = old_label.hands[0].fingertips["index"]
    assert (tip.contact, tip.distance_m, tip.surface_depth_m) == (True, 0.004, 0.314)
    assert not new_label.hands[0].fingertips["little"].contact


def test_written_hands_are_read_back(tmp_path):
    """Annotations and labels, unmeasured values included."""
    written_hands = world.make_hands("left")
    written_hands[0].fingertip_depth_m["ring"] = float("nan")
    (tmp_path / "a.json").write_text(json.dumps(annotation_to_json(3, written_hands), allow_nan=False))
    (tmp_path / "l.json").write_text(json.dumps(label_to_json(3, world.make_label("little", source="touch_device"))))
    (hand,) = read_annotation(tmp_path / "a.json")
    assert hand.handedness == "left"
    np.testing.assert_array_equal(hand.landmarks_px, written_hands[0].landmarks_px)
    assert hand.fingertip_px == written_hands[0].fingertip_px
    assert np.isnan(hand.fingertip_depth_m.pop("ring"))
    assert set(hand.fingertip_depth_m.values()) == {0.34}
    label = read_label(tmp_path / "l.json")
    assert label == world.make_label("little", source="touch_device")


def test_missing_annotation_differs_from_empty_annotation(tmp_path):
    """No file means unknown; a file without hands means that there are none."""
    assert read_annotation(tmp_path / "none.json") is None
    assert read_label(tmp_path / "none.json") is None
    (tmp_path / "a.json").write_text('{"frame_id": 0, "num_hands": 0, "hands": []}')
    assert read_annotation(tmp_path / "a.json") == ()


@pytest.mark.parametrize(
    ("hand", "message"),
    [
        ({"landmarks_px": [[1, 2]]}, r"shape \(1, 2\)"),
        ({"fingertip_pixels": {"toe": [1, 2]}}, "'toe' is not a finger"),
        ({"fingertip_pixels": {"index": 5}}, "annotation.json"),
    ],
)
def test_a_bad_annotation_is_named(tmp_path, hand, message):
    file = tmp_path / "annotation.json"
    file.write_text(json.dumps({"frame_id": 0, "num_hands": 1, "hands": [{**OLD_HAND, **hand}]}))
    with pytest.raises(ValueError, match=message) as error:
        read_annotation(file)
    assert str(file) in str(error.value)


def make_png(pixels: np.ndarray, orientation: int) -> bytes:
    """A PNG with an orientation of EXIF in the chunk after its header."""
    png = cv2.imencode(".png", pixels)[1].tobytes()
    exif = b"II*\0" + struct.pack("<IHHHIHHI", 8, 1, 0x112, 3, 1, orientation, 0, 0)
    chunk = struct.pack(">I", len(exif)) + b"eXIf" + exif
    after_header = 8 + 25
    return png[:after_header] + chunk + struct.pack(">I", zlib.crc32(b"eXIf" + exif)) + png[after_header:]


def test_an_orientation_of_exif_turns_neither_colour_nor_depth(tmp_path):
    """Else colour lay on its side and depth did not: annotations, too, are of the pixels as they are stored."""
    (tmp_path / "color.png").write_bytes(make_png(np.zeros((4, 6, 3), np.uint8), 6))
    (tmp_path / "depth.png").write_bytes(make_png(np.zeros((4, 6), np.uint16), 6))
    assert cv2.imread(str(tmp_path / "color.png")).shape == (6, 4, 3)
    assert read_color(tmp_path / "color.png").shape == (4, 6, 3)
    assert read_depth(tmp_path / "depth.png").shape == (4, 6)
