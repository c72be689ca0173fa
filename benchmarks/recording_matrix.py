"""Which forms of a recording are read, offline and live, and whether their events are those of the plain one.

    python benchmarks/recording_matrix.py RECORDING [--start 0.9] [--seconds 3.1] [--out docs/recording-forms.md]

RECORDING: a plain one with colour, aligned depth and both imagers, as `simulate --infra` writes it. Each form is
written from some of its seconds (benchmarks/recording_forms). Offline it is read and, where images differ, processed;
live replay_node plays it to pipeline_node. The results are compared with those of the plain one.
"""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np

from fingertip_contact.factory import build_pipeline
from fingertip_contact.files import atomic_write
from fingertip_contact.keyboard.layout import load_layout
from fingertip_contact.pipeline import process_frames
from fingertip_contact.recordings.bag import open_bag
from fingertip_contact.recordings.bag_writer import BagWriter
from fingertip_contact.recordings.events import EventRecord, make_event_records
from fingertip_contact.recordings.open import open_recording
from recording_forms.camera_forms import ALL_FORMS
from recording_forms.elsewhere import SOURCES, describe_elsewhere
from recording_forms.forms import Form
from recording_forms.live import LiveResult, run_live

# Forms that keep every pixel need few images to show it.
EXACT_SECONDS = 0.5

HEAD = """# Forms of recordings

Made by `python benchmarks/recording_matrix.py RECORDING --out docs/recording-forms.md` of a simulated recording with colour,
aligned depth and both imagers. Each form is written from it and read back, offline (`fingertip-contact process`) and live (`replay_node` plays it to
`pipeline_node`, with the `image_transport` of the recording). Offline, `same images` are equal in every pixel, stamp and intrinsic, so that the
events are the same ({exact_seconds:g} s are compared); JPEG and 32FC1 depth change pixels: such a form is processed, and its events are compared
(of {seconds:g} s). Live the events and the number of frames are compared (of {seconds:g} s; depth source `sensor`, for forms of the
imagers `stereo`). What librealsense writes itself, and what is refused, is tested in `test/recordings/test_librealsense.py` and `test_bad_bags.py`.
`test/recordings/test_forms.py` reads all forms, `test/nodes/test_forms_live.py` receives all of them over topics.

The last column says how the same form gets to a node that subscribes to `sensor_msgs/Image`, without this package
([sources](#without-this-package)).

| form | MB per second | offline | live | without this package |
|---|---|---|---|---|
"""  # noqa: E501


def cut(source: Path, target: Path, seconds: float, start_s: float = 0.0) -> None:
    with open_bag(source) as bag, BagWriter(target) as writer:
        first_ns = None
        for message in bag.messages():
            # Depth on its own grid is not read.
            if "/depth/" in message.topic:
                continue
            first_ns = first_ns or message.stamp_ns + round(start_s * 1e9)
            if message.stamp_ns < first_ns:
                continue
            if message.stamp_ns - first_ns > seconds * 1e9:
                return
            writer.write(message.topic, message.type, message.stamp_ns, bytes(message.cdr))


def digest(path: Path) -> str:
    """Of everything that the frames of a recording hold."""
    total = hashlib.sha256()
    with open_recording(path) as recording:
        for frame in recording.frames():
            assert frame.depth is not None
            assert frame.stereo is not None
            total.update(repr((frame.stamp_ns, frame.frame_id, frame.camera, frame.depth.unit_m)).encode())
            total.update(repr((frame.stereo.camera, frame.stereo.baseline_m)).encode())
            for pixels in (frame.color_bgr, frame.depth.values, frame.stereo.left, frame.stereo.right):
                total.update(np.ascontiguousarray(pixels))
    return total.hexdigest()


def process(path: Path) -> list[EventRecord]:
    with open_recording(path) as recording:
        pipeline = build_pipeline(load_layout("qwerty"))
        try:
            results = process_frames(recording.frames(), pipeline)
            return [record for _, result in results for record in make_event_records(result)]
        finally:
            pipeline.contact.close()


def compare(events: list[EventRecord], plain: list[EventRecord]) -> str:
    if events == plain:
        return f"same {len(events)} events"
    kinds, plain_kinds = ([(one.type, one.key, one.finger) for one in some] for some in (events, plain))
    if kinds != plain_kinds:
        return f"other events: {len(events)} instead of {len(plain)}"
    apart_ms = max(abs(one.stamp_ns - other.stamp_ns) for one, other in zip(events, plain, strict=True)) / 1e6
    return f"same {len(events)} events with the same keys, {apart_ms:.1f} ms apart at most"


def compare_live(path: Path, source: str, plain: LiveResult, rate: float) -> str:
    """Once more and slower where frames were dropped: by a busy machine."""
    result = run_live(path, source, rate)
    if result.frame_count != plain.frame_count:
        result = run_live(path, source, rate / 2)
    if result.frame_count != plain.frame_count:
        return f"{result.frame_count} of {plain.frame_count} frames"
    if result.events == plain.events:
        return f"same {len(plain.events)} events, all {plain.frame_count} frames"
    if [event[1:] for event in result.events] != [event[1:] for event in plain.events]:
        return f"other events: {len(result.events)} instead of {len(plain.events)}"
    apart_ms = max(abs(one[0] - other[0]) for one, other in zip(result.events, plain.events, strict=True)) / 1e6
    return f"same {len(plain.events)} events with the same keys, {apart_ms:.1f} ms apart at most"


def choose_source(form: Form) -> str:
    return "stereo" if form.name.startswith("imagers") else "sensor"


def measure_mb(path: Path) -> float:
    files = path.iterdir() if path.is_dir() else (path,)
    return sum(file.stat().st_size for file in files) / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recording", type=Path)
    parser.add_argument("--start", type=float, default=0.9, help="seconds to leave out at the beginning")
    parser.add_argument("--seconds", type=float, default=3.1)
    parser.add_argument("--rate", type=float, default=0.6, help="of live playback")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    lines = [HEAD.format(seconds=arguments.seconds, exact_seconds=EXACT_SECONDS)]
    with TemporaryDirectory() as folder:
        long, short = Path(folder, "long.mcap"), Path(folder, "short.mcap")
        cut(arguments.recording, long, arguments.seconds, arguments.start)
        cut(arguments.recording, short, EXACT_SECONDS, arguments.start)
        plain, plain_digest = process(long), digest(short)
        live = {source: run_live(long, source, arguments.rate) for source in ("sensor", "stereo")}
        for form in ALL_FORMS:
            with TemporaryDirectory() as target:
                path = form.write(long, Path(target))
                size_mb = measure_mb(path) / arguments.seconds
                source = choose_source(form)
                live_text = compare_live(path, source, live[source], arguments.rate)
                text = compare(process(path), plain) if not form.is_exact else ""
            if form.is_exact:
                with TemporaryDirectory() as target:
                    is_same = digest(form.write(short, Path(target))) == plain_digest
                    text = "same images" if is_same else "other images"
            elsewhere = describe_elsewhere(form.name)
            lines.append(f"| {form.name} | {size_mb:.1f} | {text} | {live_text} | {elsewhere} |\n")
            print(lines[-1], end="", flush=True)
    lines.append(SOURCES)
    if arguments.out is not None:
        with atomic_write(arguments.out, overwrite=True) as temporary_path:
            temporary_path.write_text("".join(lines))


if __name__ == "__main__":
    main()
