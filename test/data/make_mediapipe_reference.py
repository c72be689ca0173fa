"""Makes hand_frames.npz and hand_frames.json: pictures of a recording and what MediaPipe sees in them, in video mode.

    fingertip-contact simulate --text "the quick brown fox" --seed 4 --angle 60 --out out/hands.mcap
    python3.11 -m venv out/mediapipe && out/mediapipe/bin/pip install mediapipe==0.10.21
    python test/data/make_mediapipe_reference.py out/hands.mcap --mediapipe-python out/mediapipe/bin/python

The pictures are stored as JPEG, and MediaPipe gets them as they come out of it.
"""

from __future__ import annotations

import argparse
import json
from itertools import islice
from pathlib import Path

import cv2
import numpy as np

from fingertip_contact.recordings.open import open_recording
from fingertip_research.benchmarks.mediapipe_reference import MediaPipeReference

HERE = Path(__file__).resolve().parent
JPEG_QUALITY = 90


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recording", type=Path)
    parser.add_argument("--mediapipe-python", type=Path, required=True)
    parser.add_argument("--first", type=int, default=120, help="number of the first picture")
    parser.add_argument("--count", type=int, default=24)
    options = parser.parse_args()

    with open_recording(options.recording) as recording:
        frames = list(islice(recording.frames(), options.first, options.first + options.count))
    encoded = [cv2.imencode(".jpg", frame.color_bgr, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1] for frame in frames]
    images = np.stack([cv2.imdecode(code, cv2.IMREAD_COLOR) for code in encoded])
    with MediaPipeReference(options.mediapipe_python, images) as reference:
        detected = [reference.infer(index)["hands"] for index in range(len(images))]
    source = {"recording": options.recording.name, "first": options.first, "mediapipe": reference.version}
    np.savez(HERE / "hand_frames.npz", **{f"frame_{index:03d}": code for index, code in enumerate(encoded)})
    (HERE / "hand_frames.json").write_text(json.dumps(source | {"frames": _round_floats(detected)}), encoding="utf-8")


def _round_floats(value: object) -> object:
    """Three decimals are a thousandth of a pixel."""
    if isinstance(value, float):
        return round(value, 3)
    if isinstance(value, list):
        return [_round_floats(item) for item in value]
    if isinstance(value, dict):
        return {key: _round_floats(item) for key, item in value.items()}
    return value


if __name__ == "__main__":
    main()
