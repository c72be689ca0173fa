"""Leads the frames of a source through the pipeline and the steps."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from fingertip_contact.datatypes import Frame, FrameResult
from fingertip_contact.pipeline import Pipeline
from fingertip_contact.setup_guide.guide import SetupGuide


def run_guide(
    frames: Iterable[Frame], pipeline: Pipeline, guide: SetupGuide, show: Callable[[Frame, FrameResult], None]
) -> None:
    """Until all steps are over or no more frames come. show: called after each frame. Closes the pipeline's outputs."""
    try:
        for frame in frames:
            result = pipeline.process(frame)
            guide.update(frame, result)
            show(frame, result)
            if guide.is_over:
                return
        guide.end()
    finally:
        pipeline.contact.close()
