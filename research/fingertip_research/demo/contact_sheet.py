"""The images of a run: a video, and a contact sheet of its key presses."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from fingertip_contact.datatypes import FINGERS, FINGERTIP_LANDMARKS, Fingertip, Frame, FrameResult, Hand, KeyEvent
from fingertip_contact.files import atomic_write
from fingertip_contact.image_file import write_image
from fingertip_contact.keyboard.layout import Layout
from fingertip_contact.keyboard.sheet_pose import SheetPoseTracker
from fingertip_contact.recordings.open import open_recording
from fingertip_contact.visualization.video import overlay_video
from fingertip_research.ros.topic_recorder import ReceivedMessages

FRAMES_PER_SECOND = 30.0
COLUMNS, ROWS = 4, 3
TILE_PX = (480, 360)


def write_video_and_contact_sheet(
    video: Path, sheet: Path, recording: Path, received: ReceivedMessages, layout: Layout
) -> None:
    """Writes a video of the recording with the nodes' results for each frame, and a PNG with frames of key presses,
    evenly chosen over the run."""
    presses = []
    with (
        open_recording(recording, depth_source="none") as source,
        overlay_video(video, layout, source.camera, FRAMES_PER_SECOND, overwrite=True) as write,
    ):
        for frame, result in _pair_results(source.frames(), received, layout):
            image = write(frame, result)
            if any(event.contact.type == "press" for event in result.key_events):
                presses.append(cv2.resize(image, TILE_PX, interpolation=cv2.INTER_AREA))
    with atomic_write(sheet, overwrite=True) as temporary_path:
        write_image(temporary_path, _tile(presses), sheet)


def _tile(images: Sequence[np.ndarray]) -> np.ndarray:
    """At most COLUMNS * ROWS of the images, evenly chosen; missing ones are black."""
    capacity = COLUMNS * ROWS
    tiles = [images[round(index)] for index in np.linspace(0, len(images) - 1, min(capacity, len(images)))]
    tiles += [np.zeros((TILE_PX[1], TILE_PX[0], 3), np.uint8)] * (capacity - len(tiles))
    return np.vstack([np.hstack(tiles[first : first + COLUMNS]) for first in range(0, capacity, COLUMNS)])


def _pair_results(
    frames: Iterator[Frame], received: ReceivedMessages, layout: Layout
) -> Iterator[tuple[Frame, FrameResult]]:
    """Each recorded frame with the results that were received for it.

    The simulated camera publishes frames with new stamps at the recorded intervals, so one offset converts them. The
    sheet's pose is not a topic in every ROS 2 distribution, so it is estimated again here, for drawing only.
    """
    first_live_ns = min(received.frame_stamps_ns)
    first_recorded_ns = None
    sheet = SheetPoseTracker(layout)
    events: dict[int, list[KeyEvent]] = {}
    for event in received.key_events:
        events.setdefault(event.contact.stamp_ns, []).append(event)
    texts, text = deque(received.texts), ""
    for frame in frames:
        if first_recorded_ns is None:
            first_recorded_ns = frame.stamp_ns
        stamp_ns = frame.stamp_ns - first_recorded_ns + first_live_ns
        hands = received.hands.get(stamp_ns, ())
        key_events = tuple(events.get(stamp_ns, ()))
        while texts and texts[0][0] <= stamp_ns:
            text = texts.popleft()[1]
        fingertips = tuple(_add_pixel(tip, hands) for tip in received.fingertips.get(stamp_ns, ()))
        pose = sheet.update(frame)
        yield frame, FrameResult(stamp_ns, hands, fingertips, (), key_events, text, None, pose)


def _add_pixel(tip: Fingertip, hands: tuple[Hand, ...]) -> Fingertip:
    """A fingertip with the pixel of its landmark, which the message does not carry."""
    landmark = FINGERTIP_LANDMARKS[FINGERS.index(tip.finger)]
    for hand in hands:
        if hand.track == tip.track:
            u, v = hand.landmarks_px[landmark]
            return replace(tip, pixel=(float(u), float(v)))
    return tip
