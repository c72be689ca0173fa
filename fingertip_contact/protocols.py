"""What an implementation of each extension point has to offer; `registry` finds them by name.

docs/extending.md shows one of each, written outside of this package.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np

from fingertip_contact.datatypes import DepthImage, Frame, FrameResult, Hand, PlacedSheet, Surface

if TYPE_CHECKING:
    from fingertip_contact.contact.decision import ContactDecision
    from fingertip_contact.contact.measurement.history import FingertipHistory


class HandTracker(Protocol):
    """Colour images to hands. Registered is a factory that takes the keywords max_hands, threads and mirrored, all with
    defaults."""

    def process(self, image_bgr: np.ndarray, stamp_ns: int) -> tuple[Hand, ...]:
        """The hands of one image, (H, W, 3) uint8; images come in the order of their stamps."""

    def reset(self) -> None:
        """Forget every hand: the next image is unrelated to the last one."""


class DepthSource(Protocol):
    """Depth of a frame, aligned to its colour image. What it finds replaces the frame's own depth and its imagers'
    images; a source with a true attribute `keeps_stereo` leaves those in the frame."""

    def find_depth(self, frame: Frame) -> DepthImage | None:
        """The depth to use for this frame; None where there is none for it."""


class SurfaceSource(Protocol):
    """Frames to the surface that is typed on. Registered is a factory that takes ContactParameters."""

    reason: str
    """Why the surface is unknown or measured again; empty when it is valid."""

    def update(self, frame: Frame, hands: tuple[Hand, ...], sheet: PlacedSheet | None) -> Surface | None:
        """The surface as known after this frame; None until it is known. sheet: as found in this frame, None until it
        is; its `seen_ns` tells how certain its pose is."""

    def reset(self) -> None:
        """Forget the surface and measure it again from the next frame on."""


class ContactClassifier(Protocol):
    """Which fingertips touched. Registered is a factory that takes ContactParameters."""

    needs_rims: bool
    """Whether it reads rim_height_m, axial_height_m or tip_end_px, which cost time to measure."""
    needs_appearance: bool
    """Whether it reads the history's appearance, for which a network has to run. It may be left out: then it runs."""

    def classify(self, history: FingertipHistory, row: int) -> Sequence[ContactDecision | None]:
        """One decision per column (see FingertipHistory) at this row; None where the finger was not measured. Every row
        comes once, in order."""

    def estimate_contact_heights_m(self) -> np.ndarray:
        """(FINGER_COUNT,) height of each fingertip's visible rim while it touches, as known now, metres."""


class KeyShape(Protocol):
    """The outline of a key. Registered is the class; a key of the layout file names it by `shape`."""

    def edge_distance_m(self, offsets_m: np.ndarray, size_m: tuple[float, float]) -> np.ndarray:
        """Points (P, 2) relative to the key's centre -> (P,) distance to its edge, metres, 0 on the key."""


class Output(Protocol):
    """A consumer of key events in the same process: a file, a gamepad, an injector. Registered is a factory without
    arguments."""

    def process(self, result: FrameResult) -> None:
        """One frame's result, in order; `key_events` are its key events, `text` the text so far."""

    def close(self) -> None:
        """No more results come."""


class KeySink(Protocol):
    """Where a virtual keyboard's keys go. Registered is a factory that takes the names of all key codes to come, as in
    linux/input-event-codes.h: `KEY_A`."""

    def write(self, code: str, is_down: bool) -> None:
        """A key goes down or comes up. Raises OSError where that is no longer possible."""

    def close(self) -> None:
        """No more keys come; all are up."""
