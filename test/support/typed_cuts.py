"""A short piece of the recording of typing, also as other cameras would have taken it."""

from __future__ import annotations

from pathlib import Path

from fingertip_contact.cameras.rotation import rotate_frame
from fingertip_contact.recordings.bag_recording import open_bag_recording
from fingertip_contact.recordings.bag_writer import BagWriter
from ros_harness import COLOR, DEPTH, FRAME_ID, INFO, START_NS

# Both taps of readable_recording are within, "h" at 2.9 s and "i" at 3.6 s.
BEGIN_S, END_S = 1.6, 4.0


def write_cut(recording: Path, path: Path, rotate_deg: int = 0) -> Path:
    """The frames in which "hi" is typed, with colour and depth, turned clockwise by `rotate_deg`."""
    with open_bag_recording(recording) as source, BagWriter(path) as bag:
        for frame in source.frames():
            if BEGIN_S * 1e9 <= frame.stamp_ns - START_NS <= END_S * 1e9:
                turned = rotate_frame(frame, rotate_deg)
                bag.write_image(COLOR, frame.stamp_ns, FRAME_ID, turned.color_bgr, "bgr8")
                bag.write_camera_info(INFO, frame.stamp_ns, FRAME_ID, turned.camera)
                bag.write_image(DEPTH, frame.stamp_ns, FRAME_ID, turned.depth.values, "16UC1")
    return path
