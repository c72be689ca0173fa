"""Reads still frames of a real camera: a recording that the package reads, or a folder of image pairs."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import cv2
import numpy as np

from fingertip_contact.cameras.d405 import D405
from fingertip_contact.datatypes import Frame
from fingertip_contact.geometry import Camera
from fingertip_contact.recordings.bag_recording import Recording, open_bag_recording
from fingertip_contact.recordings.paths import BAG_SUFFIXES
from fingertip_contact.transports.any_image import IMAGE
from fingertip_research.evaluation.sensor.still import (
    MAX_STILL_FRAMES,
    MIN_STILL_FRAMES,
    FrameProgress,
    StillFrames,
    find_still_pixels,
    find_still_run,
)

COLOR_SUFFIX, DEPTH_SUFFIX = "_color.png", "_depth_0.1mm.png"
_PAIR_UNIT_M = 0.0001
# Sizes of images for which published figures are known.
KNOWN_SIZES = ((640, 480), (848, 480))
# Pairs that share less of their view than this are different scenes.
MIN_STILL_SHARE = 0.1
# Depth of 32FC1 is brought to steps of this length.
_FLOAT_UNIT_M = 0.00001


def read_still_frames(
    path: Path,
    progress: FrameProgress,
    still_seconds: float | None = None,
    focal_px: float | None = None,
    baseline_m: float | None = None,
) -> list[StillFrames]:
    """Still frames of a bag, or of a folder with pairs NNN_color.png and NNN_depth_0.1mm.png: one stack, or each pair
    for itself where the scene changes from one to the next.

    progress: gets a bag's frames and their number, returns the frames. still_seconds: take the bag's frames from the
    start to this time instead of looking for a part where nothing moves. focal_px: of a folder's images. baseline_m:
    of the camera. Raises ValueError where they do not fit, or no part is still.
    """
    if path.is_dir() and (pairs := find_pairs(path)):
        if still_seconds is not None:
            raise ValueError(f"{path} holds pairs of images without times; leave --still-seconds out")
        return _read_pairs(path, pairs, focal_px, baseline_m)
    if focal_px is not None:
        raise ValueError("--focal-px is for folders of image pairs; a recording has its camera_info")
    with open_bag_recording(path, depth_source="sensor") as recording:
        return [_read_bag(recording, progress, still_seconds, baseline_m)]


def find_pairs(folder: Path) -> list[tuple[Path, Path]]:
    """Both images of each pair, in the order of their names; none for a bag. Raises ValueError for half a pair."""
    if any(file.suffix in BAG_SUFFIXES for file in folder.iterdir()):
        return []
    names = {
        suffix: {file.name.removesuffix(suffix) for file in folder.glob(f"*{suffix}")}
        for suffix in (COLOR_SUFFIX, DEPTH_SUFFIX)
    }
    lonely = names[COLOR_SUFFIX] ^ names[DEPTH_SUFFIX]
    if lonely:
        raise ValueError(
            f"{folder}: {', '.join(sorted(lonely))} is not a pair NNN{COLOR_SUFFIX} and NNN{DEPTH_SUFFIX}; "
            "add the missing image or remove the other"
        )
    return [
        (folder / f"{name}{COLOR_SUFFIX}", folder / f"{name}{DEPTH_SUFFIX}") for name in sorted(names[COLOR_SUFFIX])
    ]


def _read_pairs(
    folder: Path, pairs: list[tuple[Path, Path]], focal_px: float | None, baseline_m: float | None
) -> list[StillFrames]:
    colors, depths = zip(*(_read_pair(color, depth) for color, depth in pairs[:MAX_STILL_FRAMES]), strict=True)
    sizes = {image.shape[:2] for image in (*colors, *depths)}
    if len(sizes) > 1:
        raise ValueError(f"{folder}: the images have {len(sizes)} different sizes; keep those of one camera")
    height, width = sizes.pop()
    notes = ["no intrinsics: the images are taken as rectified, their centre as the optical axis"]
    if focal_px is None:
        if (width, height) != (640, 480):
            raise ValueError(f"{folder}: the focal length of {width}x{height} images is not known; give --focal-px")
        focal_px = D405.focal_px
        notes.append(f"focal length {focal_px:g} px: a D405's at 640x480; --focal-px for another")
    if baseline_m is None:
        notes.append(f"baseline {1000 * D405.baseline_m:g} mm: a D405's; --baseline-mm for another")
    camera = Camera(focal_px, focal_px, (width - 1) / 2, (height - 1) / 2, width, height)
    still = find_still_pixels(colors)
    are_one_shot = len(pairs) > 1 and still.mean() >= MIN_STILL_SHARE
    if not are_one_shot:
        notes.append(
            "no two frames of one scene: each is measured for itself; temporal share, correlation from frame to frame "
            "and flicker cannot be measured"
        )
    stacks = [np.stack(depths)] if are_one_shot else [depth[None] for depth in depths]
    return [
        StillFrames(
            name=folder.name,
            color_bgr=color,
            raw=stack,
            unit_m=_PAIR_UNIT_M,
            still=still if are_one_shot else np.ones(still.shape, dtype=bool),
            camera=camera,
            baseline_m=baseline_m or D405.baseline_m,
            notes=(*notes, *_describe_size(width, height)),
        )
        for color, stack in zip(colors, stacks, strict=False)
    ]


def _read_pair(color_path: Path, depth_path: Path) -> tuple[np.ndarray, np.ndarray]:
    # Depth is read without the orientation of EXIF, and colour has to lie as depth does.
    color = cv2.imread(str(color_path), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    depth = cv2.imread(str(depth_path), cv2.IMREAD_UNCHANGED)
    if color is None:
        raise ValueError(f"{color_path} is not an image; copy it again")
    if depth is None or depth.dtype != np.uint16 or depth.ndim != 2:
        raise ValueError(f"{depth_path} is not a grey image of 16 bits; depth has to be tenths of a millimetre")
    return color, depth


def _read_bag(
    recording: Recording, progress: FrameProgress, still_seconds: float | None, baseline_m: float | None
) -> StillFrames:
    with progress(recording.frames(), recording.frame_count) as frames:
        still = find_still_run(frames) if still_seconds is None else list(_take_seconds(frames, still_seconds))
    if len(still) < MIN_STILL_FRAMES:
        remedy = (
            "record a second without motion, or give --still-seconds"
            if still_seconds is None
            else "raise --still-seconds"
        )
        raise ValueError(
            f"{recording.path}: {len(still)} still frames with depth, {MIN_STILL_FRAMES} are needed; {remedy}"
        )
    raw, unit_m = _stack_depth(still)
    return StillFrames(
        name=recording.path.name,
        color_bgr=still[0].color_bgr,
        raw=raw,
        unit_m=unit_m,
        still=find_still_pixels(frame.color_bgr for frame in still),
        camera=recording.camera,
        baseline_m=baseline_m or D405.baseline_m,
        notes=tuple(_describe_recording(recording, baseline_m)),
    )


def _take_seconds(frames: Iterator[Frame], seconds: float) -> Iterator[Frame]:
    """The first frames with depth, to a time from the first frame's, at most MAX_STILL_FRAMES."""

    def take() -> Iterator[Frame]:
        first_ns: int | None = None
        for frame in frames:
            first_ns = frame.stamp_ns if first_ns is None else first_ns
            if frame.stamp_ns - first_ns > seconds * 1e9:
                return
            if frame.depth is not None:
                yield frame

    return islice(take(), MAX_STILL_FRAMES)


def _stack_depth(frames: list[Frame]) -> tuple[np.ndarray, float]:
    """The frames' depth as integers (T, H, W), 0 invalid, and their unit in metres."""
    depths = [frame.depth for frame in frames if frame.depth is not None]
    if depths[0].values.dtype == np.uint16:
        return np.stack([depth.values for depth in depths]), depths[0].unit_m
    metres = np.stack([depth.to_metres() for depth in depths])
    return np.rint(np.nan_to_num(metres) / _FLOAT_UNIT_M).astype(np.int32), _FLOAT_UNIT_M


def _describe_recording(recording: Recording, baseline_m: float | None) -> Iterator[str]:
    camera = recording.camera
    topics = [topic for topic, message_type in recording.bag.topics.items() if message_type == IMAGE]
    if not all(any(f"/{imager}/" in topic for topic in topics) for imager in ("infra1", "infra2")):
        yield (
            "no infra1 and infra2 images: whether holes and noise come from the texture or from the matching cannot be "
            "told; record them with enable_infra1:=true enable_infra2:=true"
        )
    if not camera.is_distorted:
        yield "camera_info has no distortion: the colour images are taken as rectified"
    if baseline_m is None:
        yield f"baseline {1000 * D405.baseline_m:g} mm: a D405's; --baseline-mm for another camera"
    yield from _describe_size(camera.width, camera.height)


def _describe_size(width: int, height: int) -> Iterator[str]:
    if (width, height) not in KNOWN_SIZES:
        known = " and ".join(f"{w}x{h}" for w, h in KNOWN_SIZES)
        yield f"images of {width}x{height}: real figures are known for {known} only"
