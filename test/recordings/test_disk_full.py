"""Every kind of file that is written, on a disk that becomes full: an error that names it, and the old one whole."""

from __future__ import annotations

import os
import resource
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import pytest

from fingertip_contact.cameras.d405 import D405
from fingertip_contact.contact.parameters import ContactParameters
from fingertip_contact.datatypes import Frame, FrameResult
from fingertip_contact.files import atomic_write
from fingertip_contact.geometry import Camera, RigidTransform
from fingertip_contact.image_file import write_image
from fingertip_contact.keyboard.layout import load_layout
from fingertip_contact.keyboard.sheet_page import fit_page
from fingertip_contact.keyboard.sheet_pose_file import save_pose
from fingertip_contact.recordings.bag_writer import BagWriter
from fingertip_contact.recordings.camera_info_file import save_camera_info
from fingertip_contact.recordings.events import EventRecord, event_writer
from fingertip_contact.setup_guide.saved_profile import save_profile
from fingertip_contact.visualization.rerun_file import open_rerun_file
from fingertip_contact.visualization.video import overlay_video

CAMERA = Camera(fx=393.0, fy=392.0, cx=321.0, cy=240.0, width=640, height=480)
# No encoder makes it small.
NOISE_BGR = np.random.default_rng(0).integers(0, 256, (480, 640, 3), dtype=np.uint8)
DISK_BYTES = 256 * 1024
FRAME = Frame(0, "camera", CAMERA, NOISE_BGR, None)
RESULT = FrameResult(0, (), (), (), (), "", None, None)
LAYOUT = load_layout("qwerty")


def write_events(path: Path) -> None:
    with event_writer(path, overwrite=True) as write:
        for number in range(5000):
            write(EventRecord(1, 2, "press", "right", "index", "a", "a", 0.0, 0.0, 0.3, 1.0, number))


def write_bag(path: Path) -> None:
    with BagWriter(path, overwrite=True) as bag:
        bag.write_image(D405.driver_topics[0], 0, "camera", NOISE_BGR, "bgr8")


def write_video(path: Path) -> None:
    with overlay_video(path, LAYOUT, CAMERA, 30.0, overwrite=True) as draw:
        for _ in range(20):
            draw(FRAME, RESULT)


def write_rerun(path: Path) -> None:
    pytest.importorskip("rerun")
    with atomic_write(path, overwrite=True) as temporary_path, open_rerun_file(temporary_path, LAYOUT) as log:
        log(FRAME, RESULT)


def write_midi(path: Path) -> None:
    pytest.importorskip("mido")
    from fingertip_contact.outputs.midi_port import MidiFile

    with atomic_write(path, overwrite=True) as temporary_path:
        MidiFile().save(temporary_path)


def write_sheet(path: Path) -> None:
    pytest.importorskip("fpdf")
    from fingertip_contact.keyboard.sheet_pdf import write_pdf

    with atomic_write(path, overwrite=True) as temporary_path:
        write_pdf(fit_page(LAYOUT, "a4"), temporary_path)


def write_picture(path: Path) -> None:
    with atomic_write(path, overwrite=True) as temporary_path:
        write_image(temporary_path, NOISE_BGR, path)


def write_pose(path: Path) -> None:
    with atomic_write(path, overwrite=True) as temporary_path:
        save_pose(temporary_path, LAYOUT, RigidTransform(np.eye(3), np.array([0.0, 0.0, 0.4])))


def write_camera(path: Path) -> None:
    with atomic_write(path, overwrite=True) as temporary_path:
        save_camera_info(temporary_path, CAMERA, "desk")


def write_profile(path: Path) -> None:
    save_profile(path, "desk", ContactParameters(), ["x" * 99] * 99, overwrite=True)


def write_weights(path: Path) -> None:
    torch = pytest.importorskip("torch")
    from fingertip_contact.depth.checkpoint import save_safetensors

    with atomic_write(path, overwrite=True) as temporary_path:
        save_safetensors({"a": torch.zeros(100_000)}, temporary_path)


def write_checkpoint(path: Path) -> None:
    torch = pytest.importorskip("torch")
    from fingertip_research.training.checkpoint import write_durably

    write_durably(path, lambda stream: torch.save({"a": torch.zeros(100_000)}, stream))


def write_measured(path: Path) -> None:
    with atomic_write(path, overwrite=True) as temporary_path:
        np.savez(temporary_path, a=NOISE_BGR)


def write_plot(path: Path) -> None:
    pytest.importorskip("matplotlib")
    from fingertip_research.evaluation.calibration_plot import write_reliability_diagram

    write_reliability_diagram(path, {})


WRITERS: dict[str, Callable[[Path], None]] = {
    "events.jsonl": write_events,
    "desk.mcap": write_bag,
    "desk.mp4": write_video,
    "desk.rrd": write_rerun,
    "song.mid": write_midi,
    "sheet.pdf": write_sheet,
    "sheet.png": write_picture,
    "pose.yaml": write_pose,
    "camera.yaml": write_camera,
    "desk.yaml": write_profile,
    "depth.safetensors": write_weights,
    "latest.pth": write_checkpoint,
    "measured.npz": write_measured,
    "plot.png": write_plot,
}


@contextmanager
def limit_file_size(limit_bytes: int) -> Iterator[None]:
    """Python ignores the signal that comes with it, so writes fail as on a full disk, with another number."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture(scope="module")
def small_disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A disk of its own, where this process may mount one; each test fills it."""
    folder = tmp_path_factory.mktemp("disk")
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("mounting a small disk is not allowed here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def require_error(name: str, folder: Path) -> None:
    """The error names the file; the old one is whole, and alone."""
    with pytest.raises(OSError, match=name.replace(".", r"\.")) as caught:
        WRITERS[name](folder / name)
    assert any(word in str(caught.value) for word in ("space", "ulimit", "could not be written", "cannot write"))
    assert {entry.name: entry.read_text() for entry in folder.iterdir() if entry.name != "filled"} == {name: "old"}


@pytest.mark.parametrize("name", WRITERS)
def test_a_file_that_becomes_too_large(tmp_path: Path, name: str) -> None:
    """What a file system or `ulimit -f` allows is reached in the middle of writing."""
    (tmp_path / name).write_text("old")
    with limit_file_size(16):
        require_error(name, tmp_path)


@pytest.mark.parametrize("name", WRITERS)
def test_a_full_disk(small_disk: Path, name: str) -> None:
    """Not a byte is left."""
    (small_disk / name).write_text("old")
    filled = small_disk / "filled"
    try:
        with suppress(OSError):
            filled.write_bytes(bytes(DISK_BYTES))
        require_error(name, small_disk)
    finally:
        filled.unlink()
        (small_disk / name).unlink()


@pytest.mark.parametrize("name", ["events.jsonl", "desk.mcap", "desk.mp4", "desk.rrd", "sheet.png", "measured.npz"])
def test_a_disk_that_becomes_full(small_disk: Path, name: str) -> None:
    """In the middle of a large file."""
    (small_disk / name).write_text("old")
    try:
        require_error(name, small_disk)
    finally:
        (small_disk / name).unlink()
