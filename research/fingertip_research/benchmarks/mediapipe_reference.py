"""MediaPipe's own hand graph in a separate environment, to compare ours with.

mediapipe cannot be installed beside this package (it needs numpy < 2), so this file is also the program that runs in
that environment: it imports only numpy and mediapipe there. Set it up with `pip install mediapipe==0.10.21`.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np


class MediaPipeReference:
    """A context in which MediaPipe processes images, one at a time, in video mode with two hands.

    python: the interpreter of the other environment. images_bgr: (N, H, W, 3) uint8. Raises ValueError if mediapipe
    cannot be started there.
    """

    def __init__(self, python: Path, images_bgr: np.ndarray) -> None:
        self._python = python
        self._images_bgr = images_bgr

    def __enter__(self) -> MediaPipeReference:
        with tempfile.TemporaryDirectory() as folder:
            images_path = Path(folder) / "images.npy"
            np.save(images_path, self._images_bgr)
            self._process = subprocess.Popen(
                [str(self._python), __file__, str(images_path)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
            self.version = self._read_reply()["mediapipe"]
        return self

    def __exit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._process.communicate()

    def infer(self, index: int) -> dict[str, Any]:
        """{"ms": wall time, "cpu_ms": of all threads, "hands": [{"label", "score", "landmarks_px": 21 x [u, v]}]}."""
        assert self._process.stdin is not None
        print(index, file=self._process.stdin, flush=True)
        return self._read_reply()

    def _read_reply(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise ValueError(
                f"mediapipe does not run in {self._python}; try: {self._python} -m pip install mediapipe==0.10.21"
            )
        return json.loads(line)


def _run_worker(images_path: Path) -> None:
    """Answer each image number on stdin with one JSON line."""
    import time

    import mediapipe

    images_rgb = np.ascontiguousarray(np.load(images_path)[..., ::-1])
    height, width = images_rgb.shape[1:3]
    hands = mediapipe.solutions.hands.Hands(static_image_mode=False, max_num_hands=2, model_complexity=1)
    print(json.dumps({"mediapipe": mediapipe.__version__}), flush=True)
    for line in sys.stdin:
        start, cpu_start = time.perf_counter(), time.process_time()
        result = hands.process(images_rgb[int(line)])
        durations = {"ms": (time.perf_counter() - start) * 1e3, "cpu_ms": (time.process_time() - cpu_start) * 1e3}
        detected = [
            {
                "label": side.classification[0].label,
                "score": side.classification[0].score,
                "landmarks_px": [[point.x * width, point.y * height] for point in points.landmark],
            }
            for points, side in zip(result.multi_hand_landmarks or [], result.multi_handedness or [], strict=True)
        ]
        print(json.dumps({**durations, "hands": detected}), flush=True)


if __name__ == "__main__":
    _run_worker(Path(sys.argv[1]))
