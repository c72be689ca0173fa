"""The documentation's pictures of the overlay, of RViz's markers and of Rerun's viewer, of one frame of a recording.

    python benchmarks/eyes_pictures.py RECORDING --at-s 6 --out docs

Writes overlay.jpg, markers.jpg and rerun.jpg: the first frame after --at-s in which a key is pressed. Rerun's viewer
runs without a window (rerun-sdk 0.41), which needs a Vulkan driver: of Debian's mesa-vulkan-drivers, the processor is
one. RViz is not run: benchmarks/marker_view.py draws its message. --only writes one of the three.
"""

from __future__ import annotations

import argparse
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from fingertip_contact.datatypes import Frame, FrameResult
from fingertip_contact.factory import build_pipeline
from fingertip_contact.keyboard.layout import Layout, load_layout
from fingertip_contact.pipeline import process_frames
from fingertip_contact.recordings.open import open_recording
from fingertip_contact.resources import PACKAGE
from fingertip_contact.visualization.overlay import Overlay
from fingertip_contact.visualization.rerun_import import LOCALHOST, import_rerun
from fingertip_contact.visualization.rerun_scene import RerunScene, make_blueprint
from fingertip_contact.visualization.rerun_target import find_viewer, make_viewer_environment

NAMES = ("overlay", "markers", "rerun")
MARKERS_SIZE_PX = (1000, 560)
RERUN_SIZE = "1280x760"
JPEG_QUALITY = 78
START_TIMEOUT_S = 60.0
# Until everything that was sent is drawn, by a processor.
SETTLE_S = 4.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recording", type=Path)
    parser.add_argument("--out", type=Path, required=True, help="folder of the pictures")
    parser.add_argument("--at-s", type=float, default=6.0, help="seconds of the recording")
    parser.add_argument("--layout", default="qwerty")
    parser.add_argument("--only", choices=NAMES)
    arguments = parser.parse_args()
    wanted = {arguments.only} if arguments.only else set(NAMES)
    layout = load_layout(arguments.layout)
    overlay = Overlay(layout, "auto")
    results: list[tuple[Frame, FrameResult]] = []
    for frame, result in process(arguments.recording, layout):
        image = overlay.draw(frame.color_bgr, result, frame.camera)
        results.append((frame, result))
        has_press = any(event.contact.type == "press" for event in result.key_events)
        if has_press and result.stamp_ns - results[0][1].stamp_ns >= arguments.at_s * 1e9:
            break
    if "overlay" in wanted:
        save(arguments.out / "overlay.jpg", image)
    if "markers" in wanted:
        save(arguments.out / "markers.jpg", draw_rviz_markers(results[-1][1], layout))
    if "rerun" in wanted:
        save(arguments.out / "rerun.jpg", take_rerun_picture(results, layout))


def process(recording: Path, layout: Layout) -> Any:
    """Frames and results, as `fingertip-contact process` finds them."""
    pipeline = build_pipeline(layout, "default")
    with open_recording(recording) as source:
        for frame, result in process_frames(source.frames(), pipeline):
            if frame is not None:
                yield frame, result


def save(path: Path, image: np.ndarray) -> None:
    if not cv2.imwrite(str(path), image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]):
        raise SystemExit(f"{path} cannot be written")
    print(f"{path}: {path.stat().st_size / 1e3:.0f} kB, {image.shape[1]}x{image.shape[0]}")


def draw_rviz_markers(result: FrameResult, layout: Layout) -> np.ndarray:
    """The message that RViz would get."""
    from fingertip_contact.ros.markers import make_markers
    from fingertip_contact.ros.messages import make_header
    from marker_view import draw_markers, load_view

    return draw_markers(
        make_markers(make_header(result.stamp_ns, "camera"), result, layout), load_view(), MARKERS_SIZE_PX
    )


def take_rerun_picture(results: list[tuple[Frame, FrameResult]], layout: Layout) -> np.ndarray:
    """Of Rerun's own viewer, which is sent the frames as a running node would send them."""
    with socket.socket() as free:
        free.bind((LOCALHOST, 0))
        port = free.getsockname()[1]
    url = f"rerun+http://{LOCALHOST}:{port}/proxy"
    command = [find_viewer(), "--headless", "--window-size", RERUN_SIZE, "--bind", LOCALHOST, "--port", str(port)]
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(command, env=make_viewer_environment(), stderr=subprocess.DEVNULL) as viewer,
    ):
        try:
            wait_for_viewer(viewer, port)
            recording = import_rerun().RecordingStream(PACKAGE)
            recording.connect_grpc(url, default_blueprint=make_blueprint())
            scene = RerunScene(recording, layout)
            for frame, result in results:
                scene.log_result(frame, result)
            recording.flush(timeout_sec=START_TIMEOUT_S)
            time.sleep(SETTLE_S)
            path = Path(folder) / "viewer.png"
            from rerun.experimental import ViewerClient

            ViewerClient.connect(url).save_screenshot(str(path))
            recording.disconnect()
            return cv2.imread(str(path))
        finally:
            viewer.kill()


def wait_for_viewer(viewer: subprocess.Popen[bytes], port: int) -> None:
    deadline_s = time.monotonic() + START_TIMEOUT_S
    while viewer.poll() is None and time.monotonic() < deadline_s:
        try:
            socket.create_connection((LOCALHOST, port), 1.0).close()
            return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("Rerun's viewer does not start: without a graphics card, apt install mesa-vulkan-drivers")


if __name__ == "__main__":
    main()
