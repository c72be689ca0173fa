"""Which forms of a recording are read, offline and live, and whether their events are those of the plain one.

    python benchmarks/recording_matrix.py RECORDING [--start 0.9] [--seconds 3.1] [--events] [--out FILE]

RECORDING: a plain one with colour, aligned depth and both imagers, as `simulate --infra` writes it. Each form is
written from some of its seconds (benchmarks/recording_forms). Offline it is read and, where images differ, processed,
and the results are compared with those of the plain one. Live it is published, received as nodes do, and the frames
are compared with those of offline. --events: it is also published to a pipeline_node in a process of its own, frame by
frame, and its key events are compared with those of the plain one.
"""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np

from fingertip_contact.datatypes import Frame
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
from recording_forms.received import receive_frames

# Forms that keep every pixel need few images to show it.
EXACT_SECONDS = 0.5

# Live, what has no camera_info of its stamps waits for 30 images, until it is known that none will come.
SLOW_TO_BEGIN = "each camera_info once, at the beginning"

HEAD = """# Forms of recordings

Made by `python benchmarks/recording_matrix.py RECORDING --events --out docs/recording-forms.md` of a simulated recording with colour,
aligned depth and both imagers. Each form is written from it and read back, offline (`fingertip-contact process`) and live (published as `replay_node` does,
received as nodes do with the `image_transport` of the recording).

* Offline, `same images` are equal in every pixel, stamp and intrinsic, so that the events are the same ({exact_seconds:g} s are compared). JPEG and 32FC1 depth
  change pixels: such a form is processed, and its events are compared (of {seconds:g} s).
* Live, `same frames` are those of the same form offline, in every pixel, stamp and intrinsic ({exact_seconds:g} s), so that the events are the same, too.
  `same 5 events`: the key events that a pipeline_node in a process of its own publishes, against those of the plain recording ({seconds:g} s).
  Offline counts all lines of the events file, live the messages of `key_events`: so the numbers differ.

What librealsense writes itself, and what is refused, is tested in `test/recordings/test_librealsense.py` and `test_bad_bags.py`, and that it is read
by doing [what the error tells](recordings.md#refused-and-what-to-do), in `test_remedies.py`;
`test/recordings/test_forms.py` reads all forms, `test/nodes/test_forms_live.py` receives them over topics. The last column says how the same form gets to a node
that subscribes to `sensor_msgs/Image`, without this package ([sources](#without-this-package)).

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


class Digest:
    """Of everything that frames hold."""

    def __init__(self) -> None:
        self._total = hashlib.sha256()
        self.count = 0

    def add(self, frame: Frame) -> None:
        assert frame.depth is not None
        assert frame.stereo is not None
        self.count += 1
        self._total.update(repr((frame.stamp_ns, frame.frame_id, frame.camera, frame.depth.unit_m)).encode())
        self._total.update(repr((frame.stereo.camera, frame.stereo.baseline_m)).encode())
        for pixels in (frame.color_bgr, frame.depth.values, frame.stereo.left, frame.stereo.right):
            self._total.update(np.ascontiguousarray(pixels))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Digest) and self._total.digest() == other._total.digest()


def read_offline(path: Path) -> Digest:
    digest = Digest()
    with open_recording(path) as recording:
        for frame in recording.frames():
            digest.add(frame)
    return digest


def compare_received(path: Path, offline: Digest) -> str:
    received = Digest()
    try:
        receive_frames(path, received.add)
    except RuntimeError as error:
        return f"{received.count} of {offline.count} frames: {error}"
    return "same frames" if received == offline else "other frames"


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


def compare_live(path: Path, source: str, plain: LiveResult) -> str:
    result = run_live(path, source)
    if result.events == plain.events:
        return f"same {len(plain.events)} events"
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
    parser.add_argument("--events", action="store_true", help="compare the key events of a live pipeline_node, too")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    lines = [HEAD.format(seconds=arguments.seconds, exact_seconds=EXACT_SECONDS)]
    with TemporaryDirectory() as folder:
        long, short = Path(folder, "long.mcap"), Path(folder, "short.mcap")
        cut(arguments.recording, long, arguments.seconds, arguments.start)
        cut(arguments.recording, short, EXACT_SECONDS, arguments.start)
        plain, plain_digest = process(long), read_offline(short)
        sources = ("sensor", "stereo") if arguments.events else ()
        live = {source: run_live(long, source) for source in sources}
        for form in ALL_FORMS:
            is_long = form.name == SLOW_TO_BEGIN
            with TemporaryDirectory() as target:
                path = form.write(long if is_long else short, Path(target))
                size_mb = measure_mb(path) / (arguments.seconds if is_long else EXACT_SECONDS)
                offline = read_offline(path)
                live_text = compare_received(path, offline)
                expected = read_offline(long) if is_long else plain_digest
                text = "same images" if offline == expected else "other images"
            if not form.is_exact or arguments.events:
                with TemporaryDirectory() as target:
                    path = form.write(long, Path(target))
                    if not form.is_exact:
                        text = compare(process(path), plain)
                    if arguments.events:
                        source = choose_source(form)
                        live_text += f"; {compare_live(path, source, live[source])}"
            elsewhere = describe_elsewhere(form.name)
            lines.append(f"| {form.name} | {size_mb:.1f} | {text} | {live_text} | {elsewhere} |\n")
            print(lines[-1], end="", flush=True)
    lines.append(SOURCES)
    if arguments.out is not None:
        with atomic_write(arguments.out, overwrite=True) as temporary_path:
            temporary_path.write_text("".join(lines))


if __name__ == "__main__":
    main()
