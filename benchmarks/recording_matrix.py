"""Which forms of a recording are read, and whether their events are those of the plain one.

    python benchmarks/recording_matrix.py RECORDING [--seconds 3.9] [--out docs/recording-forms.md]

RECORDING: a plain one with colour, aligned depth and both imagers, as `simulate --infra` writes it. Each form is
written from its first seconds (benchmarks/recording_forms), read and, where images differ, processed; the results are
compared with those of the plain one.
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
from recording_forms.forms import FORMS

# Forms that keep every pixel need few images to show it.
EXACT_SECONDS = 0.5

HEAD = """# Forms of recordings

Made by `python benchmarks/recording_matrix.py RECORDING --out docs/recording-forms.md` of a simulated recording with colour,
aligned depth and both imagers. Each form is written from it and read back. `same images` are equal in every pixel, stamp and
intrinsic, so that the events are the same ({exact_seconds:g} s are compared). JPEG and 32FC1 depth change pixels: such a form is
processed, and its events are compared (of {seconds:g} s). What librealsense writes itself, and what is refused, is tested in
`test/recordings/test_librealsense.py` and `test_bad_bags.py`. All forms are read back by `test/recordings/test_forms.py`, too.

| form | size, MB per second | compared with the plain recording |
|---|---|---|
"""  # noqa: E501


def cut(source: Path, target: Path, seconds: float) -> None:
    with open_bag(source) as bag, BagWriter(target) as writer:
        first_ns = None
        for message in bag.messages():
            # Depth on its own grid is not read.
            if "/depth/" in message.topic:
                continue
            first_ns = first_ns or message.stamp_ns
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


def measure_mb(path: Path) -> float:
    files = path.iterdir() if path.is_dir() else (path,)
    return sum(file.stat().st_size for file in files) / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recording", type=Path)
    parser.add_argument("--seconds", type=float, default=3.9)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    lines = [HEAD.format(seconds=arguments.seconds, exact_seconds=EXACT_SECONDS)]
    with TemporaryDirectory() as folder:
        long, short = Path(folder, "long.mcap"), Path(folder, "short.mcap")
        cut(arguments.recording, long, arguments.seconds)
        cut(arguments.recording, short, EXACT_SECONDS)
        plain, plain_digest = process(long), digest(short)
        for form in FORMS:
            source, seconds = (short, EXACT_SECONDS) if form.is_exact else (long, arguments.seconds)
            with TemporaryDirectory() as target:
                path = form.write(source, Path(target))
                if not form.is_exact:
                    text = compare(process(path), plain)
                else:
                    text = "same images" if digest(path) == plain_digest else "other images"
                lines.append(f"| {form.name} | {measure_mb(path) / seconds:.1f} | {text} |\n")
                print(lines[-1], end="", flush=True)
    if arguments.out is not None:
        with atomic_write(arguments.out, overwrite=True) as temporary_path:
            temporary_path.write_text("".join(lines))


if __name__ == "__main__":
    main()
