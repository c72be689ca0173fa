"""The common part of contact_node and pipeline_node: messages of one stamp to a frame, frame and hands to results."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from rclpy.node import Node

from fingertip_contact.datatypes import Frame, Hand
from fingertip_contact.ros.camera_input import (
    COLOR_TOPIC,
    DEPTH_SOURCE_TOPICS,
    FrameReader,
    PairedInput,
    choose_transports,
)
from fingertip_contact.ros.contact_interface import ContactInterface
from fingertip_contact.ros.diagnostics import Diagnostics
from fingertip_contact.ros.lifecycle import LifecycleStage
from fingertip_contact.ros.parameter_tables import ContactSettings
from fingertip_contact.ros.rotated_frames import RotatedFrameBroadcaster
from fingertip_contact.ros.timeout_clock import choose_timeout_clock
from fingertip_contact.ros.worker import FrameWorker


@dataclass(frozen=True)
class _TrackedFrame:
    """mounted_frame_id: of the camera's images as they come, before they are turned."""

    frame: Frame
    hands: tuple[Hand, ...]
    mounted_frame_id: str


class ContactStageBase(LifecycleStage):
    """A stage without the source of hands. topics: of a frame, except those of `depth_source`. rotate_deg: by how much
    the camera's images are turned."""

    topics: tuple[str, ...]

    def __init__(self, node: Node, settings: ContactSettings, held: ExitStack) -> None:
        """Raises ValueError or OSError as ContactInterface does, and for a turn that the images cannot have."""
        self._node = node
        self.rotate_deg = settings.rotate
        if settings.depth_source == "stereo" and settings.rotate % 180:
            raise ValueError(
                f"turned by {settings.rotate} degrees, imagers lie one above the other: choose another depth_source"
            )
        self._frames = FrameReader(rotate_deg=settings.rotate)
        self._all_topics = (*self.topics, *DEPTH_SOURCE_TOPICS[settings.depth_source])
        self._transports = choose_transports(settings)
        self._camera_timeout_s = settings.camera_timeout_s
        self._diagnostics = Diagnostics(node, held)
        self._rotated_frame = RotatedFrameBroadcaster(node, settings.rotate)
        self._contact = ContactInterface(node, settings, held)
        self.prepare_hands(node, settings, held)
        # Last: from now on the presses of a former stage, or of a node that was killed, are over.
        self._contact.announce()

    def prepare_hands(self, node: Node, settings: Any, held: ExitStack) -> None:
        """Make what find_hands needs. settings: of the node. Raises as the constructor does."""

    def find_hands(self, frame: Frame, received: dict[str, Any]) -> tuple[Hand, ...]:
        """The hands of a frame. received: the frame's messages by topic."""
        raise NotImplementedError

    def start(self, active: ExitStack) -> None:
        self._contact.start(active, self._diagnostics.record_error)
        contact: FrameWorker[_TrackedFrame] = FrameWorker(
            self._process,
            self._diagnostics.record_error,
            on_idle=self._contact.cancel_all,
            idle_s=self._camera_timeout_s,
            now_s=choose_timeout_clock(self._node),
        )
        active.callback(contact.close)
        # A thread of its own: the hands of a frame are found while the frame before is processed, on another core.
        hands: FrameWorker[dict[str, Any]] = FrameWorker(
            lambda received: contact.offer(self._find_hands(received)), self._diagnostics.record_error
        )
        active.callback(hands.close)
        paired = PairedInput(
            self._node,
            self._all_topics,
            hands.offer,
            self._diagnostics.record_error,
            active,
            self._transports,
            # Depth that stops must not let go of keys: colour alone goes on holding them.
            max_wait_s=self._camera_timeout_s / 2,
        )
        self._diagnostics.add_source(
            lambda: paired.count_losses() | {"dropped": hands.dropped + contact.dropped}, active
        )
        self._diagnostics.add_adviser(paired.advise, active)
        self._diagnostics.add_source(self._contact.collect_diagnostics, active)

    def take_over(self, former: ContactStageBase) -> None:
        self._contact.take_over(former._contact)

    def _find_hands(self, received: dict[str, Any]) -> _TrackedFrame:
        frame = self._frames.read(received)
        return _TrackedFrame(frame, self.find_hands(frame, received), received[COLOR_TOPIC].header.frame_id)

    def _process(self, tracked: _TrackedFrame) -> None:
        stamp_ns = tracked.frame.stamp_ns
        self._rotated_frame.announce(stamp_ns, tracked.mounted_frame_id)
        self._diagnostics.advise(self._contact.process(tracked.frame, tracked.hands))
        self._diagnostics.record_frame(stamp_ns)
