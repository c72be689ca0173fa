"""Bags that cannot be read: each is one error that names the cause, the place and the remedy."""

from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np
import pytest
from rosbags import rosbag2
from rosbags.typesys import Stores, get_typestore

from fingertip_contact.recordings.bag import open_bag
from fingertip_contact.recordings.bag_recording import open_bag_recording
from fingertip_contact.recordings.bag_writer import BagWriter
from recording_forms import coders, forms, mcap_files
from recording_forms.forms import transported
from small_bags import (
    BASELINE_M,
    CAMERA,
    COLOR,
    COLOR_INFO,
    DEPTH,
    FRAME_ID,
    IMAGER_CAMERA,
    LEFT,
    RIGHT,
    RIGHT_INFO,
    START_NS,
    copy_modified,
    image,
    make_depth,
    make_imager_image,
    read_frames,
    stamp_ns,
    write_recording,
)


class TestBadRecordings:
    """Each is one error with the cause, the location and the remedy."""

    def test_missing_recording(self, tmp_path):
        with pytest.raises(FileNotFoundError, match="does not exist"):
            read_frames(tmp_path / "none.mcap")

    def test_not_a_bag(self, tmp_path):
        (tmp_path / "notes.txt").write_text("hello")
        with pytest.raises(ValueError, match=r"notes.txt is not a bag.*\.mcap"):
            read_frames(tmp_path / "notes.txt")

    def test_empty_folder(self, tmp_path):
        with pytest.raises(ValueError, match=r"no metadata.yaml .*found: none.*reindex"):
            read_frames(tmp_path)

    @pytest.mark.parametrize("suffix", ["mcap", "db3", "bag"])
    def test_garbage(self, tmp_path, suffix):
        (tmp_path / f"bag.{suffix}").write_bytes(b"these are not messages " * 100)
        with pytest.raises(ValueError, match="cannot be read"):
            read_frames(tmp_path / f"bag.{suffix}")

    @pytest.mark.parametrize("fraction", [0.0, 0.001, 0.3, 0.9, 0.999])
    def test_truncated_mcap(self, tmp_path, fraction):
        """At any cut the file is an error: a part of a recording never passes for a whole one."""
        path = write_recording(tmp_path / "bag.mcap", 40)
        content = path.read_bytes()
        path.write_bytes(content[: int(fraction * len(content))])
        with pytest.raises(ValueError, match=r"bag.mcap cannot be read.*truncated.*mcap recover"):
            read_frames(path)

    def test_truncated_sqlite(self, tmp_path):
        folder = copy_modified(
            write_recording(tmp_path / "source.mcap", 40), tmp_path / "old", rosbag2.StoragePlugin.SQLITE3
        )
        content = (folder / "old.db3").read_bytes()
        (folder / "old.db3").write_bytes(content[: len(content) // 2])
        with pytest.raises(ValueError, match="cannot be read"):
            read_frames(folder)

    def test_fewer_messages_than_metadata_declares(self, tmp_path):
        """A folder with fewer messages than its metadata declares is truncated; the error gives the number read."""
        folder, shorter = write_recording(tmp_path / "bag", 6), write_recording(tmp_path / "other" / "bag", 4)
        shutil.copy(shorter / "bag.mcap", folder / "bag.mcap")
        with pytest.raises(ValueError, match="truncated: it ends after 8 of 12 messages"):
            read_frames(folder)

    def test_damaged_chunk(self, tmp_path):
        """Damage inside the file is an error that gives the number of messages before it."""
        path = write_recording(tmp_path / "bag.mcap", 200)
        content = bytearray(path.read_bytes())
        middle = len(content) // 2
        content[middle : middle + 4096] = bytes(4096)
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"cannot be read after \d+ of 400 messages"):
            read_frames(path)

    def test_no_colour(self, tmp_path):
        path = write_recording(tmp_path / "bag.mcap", color="/webcam/picture")
        with pytest.raises(ValueError, match=r"no colour images.*color/image_raw.*found: .*/webcam/picture"):
            read_frames(path)

    @pytest.mark.parametrize("depth_source", ["sensor", "fused"])
    def test_no_aligned_depth(self, tmp_path, depth_source):
        """Only where it is asked for; the error names the sources that would work."""
        path = write_recording(tmp_path / "bag.mcap", aligned=None)
        message = (
            f"no depth aligned to colour, which depth source {depth_source} needs: .*align_depth.enable:=true.*"
            "one of none, model; found: "
        )
        with pytest.raises(ValueError, match=message):
            read_frames(path, depth_source)

    @pytest.mark.parametrize("missing", ["left", "right", "right camera_info"])
    def test_no_imagers(self, tmp_path, missing):
        """Both are needed, and the baseline; auto reads such a recording without them."""
        imagers = {"left": (RIGHT,), "right": (LEFT,)}.get(missing, (LEFT, RIGHT))
        baseline_m = None if missing == "right camera_info" else BASELINE_M
        path = write_recording(tmp_path / "bag.mcap", imagers=imagers, baseline_m=baseline_m)
        with pytest.raises(ValueError, match=r"no images of both imagers.*enable_infra1.*none, sensor, model, fused;"):
            read_frames(path, "stereo")
        assert {frame.stereo for frame in read_frames(path)} == {None}

    def test_unknown_depth_source(self, tmp_path):
        path = write_recording(tmp_path / "bag.mcap")
        with pytest.raises(ValueError, match="no 'guess'; choose one of auto, fused, model, none, sensor, stereo"):
            read_frames(path, "guess")

    def test_imagers_without_a_baseline(self, tmp_path):
        path = write_recording(tmp_path / "bag.mcap", imagers=(LEFT, RIGHT), baseline_m=0.0)
        with pytest.raises(ValueError, match=f"{RIGHT_INFO}: .*tells no baseline: P.3. is -?0"):
            read_frames(path, "stereo")

    def test_imagers_that_never_match(self, tmp_path):
        path = write_recording(tmp_path / "bag.mcap")
        with BagWriter(tmp_path / "late.mcap") as late, open_bag(path) as bag:
            for message in bag.messages():
                late.write(message.topic, message.type, message.stamp_ns, message.cdr)
            for index in range(5):
                for side, topic in enumerate((LEFT, RIGHT)):
                    late.write_image(topic, stamp_ns(index) + side, "left", make_imager_image(index, side), "mono8")
                late.write_camera_info(RIGHT_INFO, stamp_ns(index), "right", IMAGER_CAMERA, BASELINE_M)
        with pytest.raises(ValueError, match="none of the first 5 colour images has an image of both imagers"):
            read_frames(tmp_path / "late.mcap")
        assert len(read_frames(tmp_path / "late.mcap", "sensor")) == 5

    def test_no_intrinsics(self, tmp_path):
        path = write_recording(tmp_path / "bag.mcap", info=None)
        with pytest.raises(ValueError, match=f"no intrinsics: record {COLOR_INFO}"):
            read_frames(path)

    @pytest.mark.parametrize("count", [3, 200])
    def test_stamps_that_never_match(self, tmp_path, count):
        """Depth by a clock of its own is an error within the first frames, not after the run."""
        with BagWriter(tmp_path / "bag.mcap") as bag:
            bag.write_camera_info(COLOR_INFO, stamp_ns(0), FRAME_ID, CAMERA)
            for index in range(count):
                bag.write_image(COLOR, stamp_ns(index), FRAME_ID, image(0), "bgr8")
                bag.write_image(DEPTH, stamp_ns(index) + 10**10, FRAME_ID, make_depth(0), "16UC1")
        seen = []
        with (
            open_bag_recording(tmp_path / "bag.mcap") as recording,
            pytest.raises(ValueError, match=r"none of the first \d+ colour images .*enable_sync:=true"),
        ):
            seen.extend(recording.frames())
        assert len(seen) < 100

    def test_no_images(self, tmp_path):
        types = get_typestore(Stores.ROS2_KILTED)
        with rosbag2.Writer(tmp_path / "bag", version=9, storage_plugin=rosbag2.StoragePlugin.MCAP) as writer:
            for topic in (COLOR, DEPTH):
                writer.add_connection(topic, "sensor_msgs/msg/Image", typestore=types)
        with pytest.raises(ValueError, match=f"{COLOR} holds no image"):
            read_frames(tmp_path / "bag")

    def test_two_cameras(self, tmp_path):
        with BagWriter(tmp_path / "bag.mcap") as bag:
            for camera in ("left", "right"):
                bag.write_image(f"/{camera}/color/image_raw", 0, FRAME_ID, image(0), "bgr8")
        with pytest.raises(ValueError, match="several cameras: /left/color/image_raw, /right/color/image_raw"):
            read_frames(tmp_path / "bag.mcap")

    def test_one_of_two_cameras_is_chosen(self, tmp_path):
        """By its topic, with the depth of its own namespace."""
        with BagWriter(tmp_path / "bag.mcap") as bag:
            for camera in ("left", "right"):
                bag.write_camera_info(f"/{camera}/color/camera_info", stamp_ns(0), FRAME_ID, CAMERA)
                bag.write_image(f"/{camera}/color/image_raw", stamp_ns(0), camera, image(0), "bgr8")
            bag.write_image("/left/aligned_depth_to_color/image_raw", stamp_ns(0), "left", make_depth(0), "16UC1")
        with open_bag_recording(tmp_path / "bag.mcap", color_topic="/right/color/image_raw") as recording:
            assert [(frame.frame_id, frame.depth) for frame in recording.frames()] == [("right", None)]
            assert recording.notes == [
                "/left/aligned_depth_to_color/image_raw is of another camera than /right/color/image_raw: not read"
            ]
        message = "no images on /third; found: /left"
        with pytest.raises(ValueError, match=message), open_bag_recording(tmp_path / "bag.mcap", color_topic="/third"):
            raise AssertionError("must not open")

    def test_depth_as_jpeg(self, tmp_path):
        """The plugin's default leaves depth empty: a note says so, colour is read; who asks for depth gets an error."""
        plain = write_recording(tmp_path / "plain.mcap")
        path = transported("16UC1", "/compressed", coders.code_empty)(plain, tmp_path)
        with open_bag_recording(path) as recording:
            assert recording.streams_text == "colour alone"
            assert "/compressed is empty: JPEG cannot hold depth; record .../compressedDepth" in recording.notes[0]
        with pytest.raises(ValueError, match="no depth aligned to colour"):
            read_frames(path, "sensor")

    def test_nodes_take_images_of_sensor_msgs_only(self, tmp_path):
        """Whoever plays a bag to nodes asks first; plain and compressed ones pass."""
        plain = write_recording(tmp_path / "plain.mcap")
        zstd = transported("bgr8", "/zstd", coders.code_zstd())(plain, tmp_path)
        for path in (plain, zstd):
            with open_bag_recording(path) as recording:
                recording.require_ros_images()
        (tmp_path / "other").mkdir()
        path = transported("bgr8", "", coders.code_foxglove_raw)(plain, tmp_path / "other")
        message = f"other types than sensor_msgs: {COLOR}; play it with replay_node .*image_transport:=raw"
        with open_bag_recording(path) as recording, pytest.raises(ValueError, match=message):
            recording.require_ros_images()

    def test_file_of_a_bag_is_missing(self, tmp_path):
        folder = write_recording(tmp_path / "bag")
        (folder / "bag.mcap").unlink()
        with pytest.raises(ValueError, match=r"metadata.yaml names bag.mcap, which the folder lacks; copy the whole"):
            read_frames(folder)

    def test_messages_of_another_kind(self, tmp_path):
        """A whole MCAP file that is not of ROS 2 is not called damaged."""
        plain = write_recording(tmp_path / "plain.mcap")
        path = mcap_files.write_unchunked(tmp_path / "other.mcap", forms.read(plain), profile="")
        path.write_bytes(path.read_bytes().replace(b"\x07\0\0\0ros2msg", b"\x07\0\0\0protobu"))
        with pytest.raises(ValueError, match="describes its messages in 'protobu', which is not of ROS 2") as error:
            read_frames(path)
        assert "damaged" not in str(error.value)

    def test_other_serialisation(self, tmp_path):
        plain = write_recording(tmp_path / "plain.mcap")
        path = mcap_files.write_unchunked(tmp_path / "other.mcap", forms.read(plain), profile="")
        path.write_bytes(path.read_bytes().replace(b"\x03\0\0\0cdr", b"\x03\0\0\0cbr"))
        with pytest.raises(ValueError, match=r"serialised as 'cbr', those of ROS 2 are cdr") as error:
            read_frames(path)
        assert "damaged" not in str(error.value)

    @pytest.mark.parametrize(
        ("topic", "changes", "message"),
        [
            (
                COLOR,
                {"encoding": "jpeg2000"},
                "encoding 'jpeg2000' is not supported for a colour .* one of bgr8",
            ),
            (COLOR, {"encoding": "16UC1"}, "'16UC1' is not supported for a colour"),
            (DEPTH, {"encoding": "bgr8"}, "'bgr8' is not supported for depth"),
            (COLOR, {"step": 100}, "step is 100 bytes; 64 pixels of bgr8 need 192"),
            (COLOR, {"height": 47}, "holds 9216 bytes; 47 rows of 192 bytes are 9024"),
            (DEPTH, {"height": 24, "step": 256}, "aligned depth image is 64x24, the colour camera 64x48"),
        ],
    )
    def test_inconsistent_images(self, tmp_path, topic, changes, message):
        source = write_recording(tmp_path / "source.mcap")

        def change(image):
            is_depth = getattr(image, "encoding", None) == "16UC1"
            is_target = hasattr(image, "encoding") and is_depth == (topic == DEPTH)
            return replace(image, **changes) if is_target else image

        broken = copy_modified(source, tmp_path / "broken", rosbag2.StoragePlugin.MCAP, change)
        with pytest.raises(ValueError, match=rf"broken, frame at {START_NS} ns: .*({message})"):
            read_frames(broken)

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"k": np.zeros(9)}, "intrinsics are not usable: fx=0.0"),
            ({"distortion_model": "equidistant"}, "'equidistant' is not supported"),
        ],
    )
    def test_uncalibrated_camera(self, tmp_path, changes, message):
        source = write_recording(tmp_path / "source.mcap")

        def change(info):
            return replace(info, **changes) if hasattr(info, "k") else info

        broken = copy_modified(source, tmp_path / "broken", rosbag2.StoragePlugin.MCAP, change)
        with pytest.raises(ValueError, match=rf"broken, {COLOR_INFO}: .*{message}"):
            read_frames(broken)
