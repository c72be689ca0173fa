"""One frame from camera to text: hands, surface, fingertips, contact, keys."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace

from fingertip_contact.advice import NO_SHEET, NO_SURFACE, Advice
from fingertip_contact.contact.detector import ContactDetector
from fingertip_contact.datatypes import Frame, FrameResult, Hand
from fingertip_contact.frame_watch import FrameWatch
from fingertip_contact.keyboard.key_decoder import KeyDecoder
from fingertip_contact.keyboard.sheet_pose import SheetPoseTracker
from fingertip_contact.protocols import DepthSource, HandTracker, Output, SurfaceSource
from fingertip_contact.surface.camera_placement import CameraPlacement


@dataclass
class ContactPipeline:
    """Everything after hand tracking. outputs: get every result, in order."""

    surface: SurfaceSource
    placement: CameraPlacement
    sheet: SheetPoseTracker
    detector: ContactDetector
    key_decoder: KeyDecoder
    outputs: tuple[Output, ...] = ()
    watch: FrameWatch = field(default_factory=FrameWatch)

    def process(self, frame: Frame, hands: tuple[Hand, ...]) -> FrameResult:
        """Frames in the order of their stamps; a stamp that does not advance resets motion and cancels every press."""
        camera_from_sheet = self.sheet.update(frame)
        surface = self.surface.update(frame, hands, self.sheet.placed_sheet)
        self.placement.update(frame.camera, hands, surface, frame.stamp_ns)
        self.watch.update(frame, hands, camera_from_sheet)
        fingertips, contact_events = self.detector.process(frame, hands, surface)
        key_events = self.key_decoder.process(
            contact_events, camera_from_sheet, frame.stamp_ns, self.detector.tentative
        )
        return self._deliver(
            FrameResult(
                stamp_ns=frame.stamp_ns,
                hands=hands,
                fingertips=fingertips,
                contact_events=contact_events,
                key_events=key_events,
                text=self.key_decoder.text,
                surface=surface,
                camera_from_sheet=camera_from_sheet,
                advice=self._collect_advice(),
            )
        )

    def cancel_all(self, stamp_ns: int) -> FrameResult:
        """Cancels every open press because no more frames come. The result holds events and text only."""
        contact_events = self.detector.cancel_all(stamp_ns)
        key_events = self.key_decoder.process(contact_events, None)
        self.key_decoder.complete_word()
        return self._deliver(
            FrameResult(
                stamp_ns=stamp_ns,
                hands=(),
                fingertips=(),
                contact_events=contact_events,
                key_events=key_events,
                text=self.key_decoder.text,
                surface=None,
                camera_from_sheet=None,
            )
        )

    def recalibrate_surface(self) -> None:
        """Forget the surface and measure it again from the next frame on."""
        self.surface.reset()

    def reset_fingers(self) -> None:
        """Forget every finger's contact height. Call cancel_all() first where presses may be open."""
        self.detector.reset()

    def clear_text(self) -> None:
        """Empty the text; held keys stay held."""
        self.key_decoder.clear()

    def close(self) -> None:
        """Close every output, once: no more frames come."""
        with ExitStack() as stack:
            for output in self.outputs:
                stack.callback(output.close)
            self.outputs = ()

    def _collect_advice(self) -> tuple[Advice, ...]:
        """Of all causes, most important first."""
        surface = getattr(self.surface, "advice", None)
        if surface is None and self.surface.reason:  # A surface source of another package.
            surface = Advice("surface", self.surface.reason)
        # Dark pictures, or the sheet of another layout, are why there is no surface.
        causes = self.watch.picture_advice
        others = (advice for advice in self.watch.advice if advice not in causes)
        found = [self.sheet.advice, *causes, surface, *others, self.placement.advice]
        # Where the surface is unknown for want of a sheet, that says it all.
        return tuple(
            advice for advice in found if advice is not None and not (advice is NO_SHEET and surface is NO_SURFACE)
        )

    def _deliver(self, result: FrameResult) -> FrameResult:
        for output in self.outputs:
            try:
                output.process(result)
            except SystemExit as error:
                raise ValueError(f"output {type(output).__name__} called sys.exit; it has to return") from error
        return result


@dataclass
class Pipeline:
    """Camera to text in one process. depth_source: replaces depth and imagers of every frame; None: they stay."""

    tracker: HandTracker
    contact: ContactPipeline
    depth_source: DepthSource | None = None

    def process(self, frame: Frame) -> FrameResult:
        """Frames in the order of their stamps."""
        if self.depth_source is not None:
            stereo = frame.stereo if getattr(self.depth_source, "keeps_stereo", False) else None
            frame = replace(frame, depth=self.depth_source.find_depth(frame), stereo=stereo)
        return self.contact.process(frame, self.tracker.process(frame.color_bgr, frame.stamp_ns))


def process_frames(frames: Iterable[Frame], pipeline: Pipeline) -> Iterator[tuple[Frame | None, FrameResult]]:
    """Each frame of a recording with its result; then, without a frame, the end of the presses that are still open.

    Closes the pipeline's outputs at the end.
    """
    stamp_ns = None
    try:
        for frame in frames:
            stamp_ns = frame.stamp_ns
            yield frame, pipeline.process(frame)
        if stamp_ns is not None:
            yield None, pipeline.contact.cancel_all(stamp_ns)
    finally:
        pipeline.contact.close()
