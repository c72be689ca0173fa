"""The report of `recording info`: plain data, and its text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2

if TYPE_CHECKING:
    from fingertip_contact.datatypes import Frame
    from fingertip_contact.keyboard.layout import Layout
    from fingertip_contact.recordings.open import CameraRecording

# Frames in which the sheet and hands are looked for, evenly spaced.
SAMPLES = 12
# Taps of 77 ms are lost between the frames of slower cameras.
MIN_RATE_HZ = 14.0
MB = 1e6


def make_report(
    path: Path, layout: Layout, color_topic: str | None, depth_unit_m: float | None, frames_per_second: float | None
) -> dict[str, Any]:
    """What is in a recording, JSON-serialisable. `usable` is false with the `reason` where it cannot be processed.

    Raises FileNotFoundError if it does not exist.
    """
    from fingertip_contact.recordings.open import is_video, open_recording

    if not path.exists():
        raise FileNotFoundError(f"recording {path} does not exist")
    report: dict[str, Any] = {"path": str(path), "size_mb": round(_measure_size(path) / MB, 3), "usable": False}
    try:
        if not is_video(path):
            report["topics"] = _inspect_topics(path, report, color_topic)
        with open_recording(
            path, frames_per_second=frames_per_second, color_topic=color_topic, depth_unit_m=depth_unit_m
        ) as recording:
            report |= _describe_recording(recording)
            report |= _look_at_frames(recording, layout)
        report["usable"] = True
    except ValueError as error:
        report["reason"] = str(error)
    return report


def format_report(report: dict[str, Any]) -> str:
    """The report as text, one fact a line."""
    lines = [f"{report['path']}: {report['size_mb']:.1f} MB"]
    for topic in report.get("topics", ()):
        rate = "" if topic["rate_hz"] is None else f", {topic['rate_hz']:.1f} Hz"
        parts = [f"{topic['count']} x {topic['mean_bytes']} bytes{rate}", topic["content"]]
        if topic["gaps"]:
            parts.append(f"{topic['gaps']} gaps, the longest {topic['longest_gap_s']:.2f} s")
        if topic["repeated_stamps"]:
            parts.append(f"{topic['repeated_stamps']} stamps do not advance")
        lines.append(f"  {topic['name']} ({topic['type']}): {'; '.join(filter(None, parts))}")
    for key in ("frames", "camera", "reads", "depth_unit_m", "pairing", "sheet", "hands"):
        if key in report:
            lines.append(f"{key}: {report[key]}")
    lines += [f"note: {note}" for note in report.get("notes", ())]
    lines.append("usable" if report["usable"] else f"not usable: {report['reason']}")
    return "\n".join(lines)


def _inspect_topics(path: Path, report: dict[str, Any], color_topic: str | None) -> list[dict[str, Any]]:
    from fingertip_contact.cameras.d405 import D405
    from fingertip_contact.recordings.bag import open_bag
    from fingertip_contact.recordings.camera_topics import find_camera_topics
    from fingertip_contact.recordings.inspection import inspect_bag
    from fingertip_contact.recordings.librealsense_topics import is_librealsense

    with open_bag(path) as bag:
        inspection = inspect_bag(bag)
        report["topics"] = [asdict(topic) for topic in inspection.topics]
        if not is_librealsense(bag.topics):
            topics = find_camera_topics(bag.topics, D405, bag.path, color_topic)
            partners = [topic for topic in (topics.depth, *(topics.imagers or ())) if topic is not None]
            shares = [f"{100 * inspection.paired_share(topics.color, topic):.0f} % {topic}" for topic in partners]
            if shares:
                report["pairing"] = f"colour images with one of exactly their stamp: {', '.join(shares)}"
    return report["topics"]


def _describe_recording(recording: CameraRecording) -> dict[str, Any]:
    camera = recording.camera
    notes = list(recording.notes)
    if recording.frames_per_second < MIN_RATE_HZ:
        notes.append(f"{recording.frames_per_second:.1f} frames a second are too few: short taps fall between them")
    distortion = "distorted" if camera.is_distorted else "not distorted"
    origin = recording.camera_description or "of the recording"
    return {
        "frames": f"{recording.frame_count} in {recording.duration_s:.1f} s, {recording.frames_per_second:.1f} Hz",
        "camera": f"{camera.width}x{camera.height}, f = {camera.focal_px:.1f} px, {distortion}; {origin}",
        "reads": recording.streams_text,
        "notes": notes,
    }


def _look_at_frames(recording: CameraRecording, layout: Layout) -> dict[str, Any]:
    """Markers of the sheet and hands in some frames, each looked at on its own."""
    from fingertip_contact.factory import DEFAULT_HAND_TRACKER
    from fingertip_contact.keyboard.markers import MarkerDetector
    from fingertip_contact.registry import HAND_TRACKERS

    detector = MarkerDetector(layout.dictionary)
    known = {marker.marker_id for marker in layout.markers}
    found: dict[str, Any] = {}
    try:
        tracker = HAND_TRACKERS.make(DEFAULT_HAND_TRACKER, required=("process", "reset"))
    except (ValueError, OSError) as error:
        tracker = None
        found["hands"] = f"not looked for: {error}"
    looked_at = with_hands = most_markers = 0
    for frame in _sample(recording):
        looked_at += 1
        markers = known & set(detector.detect(cv2.cvtColor(frame.color_bgr, cv2.COLOR_BGR2GRAY)))
        most_markers = max(most_markers, len(markers))
        if tracker is not None:
            tracker.reset()
            with_hands += bool(tracker.process(frame.color_bgr, frame.stamp_ns))
        if frame.depth is not None:
            found["depth_unit_m"] = frame.depth.unit_m
    found["sheet"] = f"{most_markers} of {len(known)} markers of {layout.name} seen"
    if tracker is not None:
        found["hands"] = f"seen in {with_hands} of {looked_at} frames looked at"
    return found


def _sample(recording: CameraRecording) -> Iterator[Frame]:
    step = max(recording.frame_count // SAMPLES, 1)
    return (frame for number, frame in enumerate(recording.frames()) if number % step == 0)


def _measure_size(path: Path) -> int:
    files = path.iterdir() if path.is_dir() else (path,)
    return sum(file.stat().st_size for file in files if file.is_file())
