"""Runs the pipeline over a recording, frame by frame, as the nodes do with a camera's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from fingertip_contact.datatypes import Frame, FrameResult
from fingertip_contact.pipeline import Pipeline


def process_frames(frames: Iterable[Frame], pipeline: Pipeline) -> Iterator[tuple[Frame | None, FrameResult]]:
    """Each frame with what it led to; then, without a frame, the end of the presses that are still open."""
    stamp_ns = None
    for frame in frames:
        stamp_ns = frame.stamp_ns
        yield frame, pipeline.process(frame)
    if stamp_ns is not None:
        yield None, pipeline.contact.cancel_all(stamp_ns)
