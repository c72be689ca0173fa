"""Where the frames come from: a D405, a webcam, or a recording in place of either."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from fingertip_contact.cameras.capture import is_live
from fingertip_contact.cameras.realsense_modes import StreamMode
from fingertip_contact.cameras.rotation import require_rotation, rotate_frame
from fingertip_contact.datatypes import Frame
from fingertip_contact.keyboard.camera_calibration import find_sheet_camera
from fingertip_contact.keyboard.layout import Layout
from fingertip_contact.live.cameras import choose_camera, find_webcam, stream_d405, stream_webcam
from fingertip_contact.recordings.bag_recording import Recording
from fingertip_contact.recordings.camera_info_file import load_camera_info
from fingertip_contact.recordings.open import CameraRecording, is_video, open_recording
from fingertip_contact.recordings.streams import AUTO
from fingertip_contact.recordings.video import VideoRecording

DEFAULT_MODE = StreamMode(640, 480, 30)
# A pose of the sheet is that of a third of a second. Where the focal length comes from the sheet while it is seen, it
# is a guess for the first second (live_camera.py), and so is the camera's place.
SHEET_HOLD_S, FOCAL_HOLD_S = 0.3, 1.2
# Of a D405 where nothing else is asked for, as in its launch file.
D405_DEPTH_SOURCE = "sensor"


@dataclass(frozen=True)
class SourceRequest:
    """camera: auto, d405, webcam, a device (`/dev/video0`, 0), a URL, or the path of a recording. mode: to ask of a
    camera, by default DEFAULT_MODE; a recording has its own. depth_source: auto takes what there is. camera_info: file
    with the intrinsics of a webcam or video; None: from the sheet. rotate_deg: by how much the images are turned,
    clockwise."""

    camera: str
    layout: Layout
    mode: StreamMode | None = None
    depth_source: str = AUTO
    camera_info: Path | None = None
    rotate_deg: int = 0


@dataclass(frozen=True)
class FrameSource:
    """frames: of a live camera the newest each time. depth_source: that the pipeline is to use. launch_file: that reads
    the same camera under ROS, empty where there is none; launch_arguments: of it. recording: None of a live camera.
    sheet_hold_s: how long the sheet has to be seen until its pose is to be believed."""

    description: str
    frames: Iterator[Frame]
    depth_source: str
    launch_file: str
    launch_arguments: dict[str, str] = field(default_factory=dict)
    recording: Path | None = None
    sheet_hold_s: float = SHEET_HOLD_S


def open_camera(
    camera: str,
    layout: Layout,
    *,
    depth_source: str = AUTO,
    camera_info: Path | None = None,
    rotate_deg: int = 0,
    announce: Callable[[str], None] = lambda note: None,
) -> AbstractContextManager[FrameSource]:
    """`open_source` for what SourceRequest describes. layout: of the printed sheet, which gives a webcam its focal
    length."""
    return open_source(SourceRequest(camera, layout, None, depth_source, camera_info, rotate_deg), announce)


@contextmanager
def open_source(request: SourceRequest, announce: Callable[[str], None]) -> Iterator[FrameSource]:
    """Opens the camera or recording. announce: told what users should know of it, such as where the focal length comes
    from.

    Raises ValueError or OSError, with the remedy, where there is no such camera or recording, or it cannot be read.
    """
    require_rotation(request.rotate_deg)
    camera = choose_camera() if request.camera == "auto" else request.camera
    if camera == "d405":
        with _open_d405(request) as source:
            yield source
    elif camera == "webcam" or is_live(camera):
        device = find_webcam() if camera == "webcam" else camera
        with _open_webcam(request, device, announce) as source:
            yield source
    else:
        with _open_recording(request, Path(camera), announce) as source:
            yield source


@contextmanager
def _open_d405(request: SourceRequest) -> Iterator[FrameSource]:
    if request.camera_info is not None:
        raise ValueError("a D405 tells its intrinsics itself; leave --camera-info out")
    depth_source = D405_DEPTH_SOURCE if request.depth_source == AUTO else request.depth_source
    mode = request.mode or DEFAULT_MODE
    profile = f"{mode.width}x{mode.height}x{mode.rate_hz}"
    with stream_d405(mode, depth_source, request.rotate_deg) as (description, frames):
        arguments = {"driver": "own", "color_profile": profile, "depth_profile": profile, "depth_source": depth_source}
        yield FrameSource(description, frames, depth_source, "d405.launch.py", arguments | _name_rotation(request))


@contextmanager
def _open_webcam(request: SourceRequest, device: str, announce: Callable[[str], None]) -> Iterator[FrameSource]:
    depth_source = "none" if request.depth_source == AUTO else request.depth_source
    calibrated = None if request.camera_info is None else load_camera_info(request.camera_info)
    mode = request.mode or DEFAULT_MODE
    with stream_webcam(device, mode, request.layout, calibrated, request.rotate_deg, announce) as (text, frames):
        arguments = {"device": device, "width": str(mode.width), "height": str(mode.height), "fps": f"{mode.rate_hz}.0"}
        arguments |= _name_camera_info(request) | {"depth_source": depth_source} | _name_rotation(request)
        hold_s = FOCAL_HOLD_S if calibrated is None else SHEET_HOLD_S
        yield FrameSource(text, frames, depth_source, "webcam.launch.py", arguments, sheet_hold_s=hold_s)


@contextmanager
def _open_recording(request: SourceRequest, path: Path, announce: Callable[[str], None]) -> Iterator[FrameSource]:
    if not path.exists():
        raise FileNotFoundError(
            f"camera {request.camera!r} is none of auto, d405 and webcam, no device (/dev/video0 or its number), no "
            "URL, and no recording that exists; `fingertip-contact doctor` lists the cameras"
        )
    if request.mode is not None:
        raise ValueError(f"{path} is a recording, which has its own mode; leave --mode out")
    camera = None if request.camera_info is None else load_camera_info(request.camera_info)
    find_camera = partial(find_sheet_camera, request.layout)
    depth_source = _choose_depth_source(path) if request.depth_source == AUTO else request.depth_source
    with open_recording(path, depth_source=depth_source, camera=camera, find_camera=find_camera) as recording:
        for note in filter(None, (recording.camera_description, *recording.notes)):
            announce(note)
        yield _describe_recording(request, recording, depth_source)


def _choose_depth_source(path: Path) -> str:
    """What the nodes can be told for a recording: aligned depth where there is some."""
    if is_video(path):
        return "none"
    with open_recording(path) as recording:
        # No node plays librealsense's own recordings.
        return ("sensor" if "depth" in recording.streams else "none") if isinstance(recording, Recording) else AUTO


def _describe_recording(request: SourceRequest, recording: CameraRecording, depth_source: str) -> FrameSource:
    path, camera = recording.path.resolve(), recording.camera
    frames = (rotate_frame(frame, request.rotate_deg) for frame in recording.frames())
    rate_hz, duration_s = recording.frames_per_second, recording.duration_s
    description = f"{path.name}, {camera.width}x{camera.height} at {rate_hz:.0f} Hz, {duration_s:.0f} s"
    arguments = {"depth_source": depth_source} | _name_rotation(request)
    launch_file = ""
    if isinstance(recording, VideoRecording):
        launch_file = "webcam.launch.py"
        arguments = {"device": str(path)} | _name_camera_info(request) | arguments
    elif isinstance(recording, Recording):
        launch_file = "simulation.launch.py"
        arguments = {"recording": str(path)} | arguments
    return FrameSource(description, frames, depth_source, launch_file, arguments, path)


def _name_rotation(request: SourceRequest) -> dict[str, str]:
    return {"rotate": str(request.rotate_deg)} if request.rotate_deg else {}


def _name_camera_info(request: SourceRequest) -> dict[str, str]:
    return {"camera_info_url": str(request.camera_info.resolve())} if request.camera_info else {}
