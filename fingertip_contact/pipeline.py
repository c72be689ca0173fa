"""The whole way of one frame: hands, surface, fingertips, contact, keys, text."""

from __future__ import annotations

from dataclasses import dataclass

from fingertip_contact.contact.detector import ContactDetector
from fingertip_contact.datatypes import Frame, FrameResult, Hand
from fingertip_contact.hands.tracker import HandTracker
from fingertip_contact.keyboard.key_decoder import KeyDecoder
from fingertip_contact.keyboard.sheet_pose import SheetPoseTracker
from fingertip_contact.surface.camera_placement import CameraPlacement
from fingertip_contact.surface.plane_from_depth import SurfaceTracker


@dataclass
class ContactPipeline:
    """Everything behind the hands: what contact_node does with a frame and the hands found in it."""

    surface: SurfaceTracker
    placement: CameraPlacement
    sheet: SheetPoseTracker
    detector: ContactDetector
    key_decoder: KeyDecoder

    def process(self, frame: Frame, hands: tuple[Hand, ...]) -> FrameResult:
        """Frames in the order of their stamps; one that does not advance resets motion and ends every press."""
        surface = self.surface.update(frame, hands)
        self.placement.update(frame.camera, hands, surface)
        camera_from_sheet = self.sheet.update(frame)
        usable_surface = surface if self.placement.is_usable else None
        fingertips, contact_events = self.detector.process(frame, hands, usable_surface)
        key_events = self.key_decoder.process(contact_events, camera_from_sheet, frame.stamp_ns)
        return FrameResult(
            stamp_ns=frame.stamp_ns,
            hands=hands,
            fingertips=fingertips,
            contact_events=contact_events,
            key_events=key_events,
            text=self.key_decoder.text,
            surface=surface,
            camera_from_sheet=camera_from_sheet,
            hint=self.surface.reason or self.placement.hint,
        )

    def cancel_all(self, stamp_ns: int) -> FrameResult:
        """Cancels every open press because no more frames come: a result without a frame, events and text only."""
        contact_events = self.detector.cancel_all(stamp_ns)
        return FrameResult(
            stamp_ns=stamp_ns,
            hands=(),
            fingertips=(),
            contact_events=contact_events,
            key_events=self.key_decoder.process(contact_events, None),
            text=self.key_decoder.text,
            surface=None,
            camera_from_sheet=None,
        )


@dataclass
class Pipeline:
    """Camera to text in one process."""

    tracker: HandTracker
    contact: ContactPipeline

    def process(self, frame: Frame) -> FrameResult:
        """Frames in the order of their stamps."""
        return self.contact.process(frame, self.tracker.process(frame.color_bgr, frame.stamp_ns))
