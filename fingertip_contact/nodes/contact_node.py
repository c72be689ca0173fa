"""contact_node: hands and images in; contacts, keys and text out.

Subscribes color/image, color/camera_info, hands, and what `depth_source` needs: nothing, depth/image,
depth_estimate/image, both of these, or infra1/image, infra2/image and infra2/camera_info.
Publishes key_events, key_details, contact_events, open_presses, typed_text, suggestions, fingertips, markers,
overlay/image, /diagnostics, TF surface and keyboard. Services ~/calibrate_surface, ~/calibrate_fingers, ~/clear_text.
"""

from __future__ import annotations

from typing import Any

from fingertip_contact.datatypes import Frame, Hand
from fingertip_contact.nodes.contact_stage import ContactStageBase
from fingertip_contact.ros import messages
from fingertip_contact.ros.camera_input import CAMERA_INFO_TOPIC, COLOR_TOPIC, HANDS_TOPIC
from fingertip_contact.ros.lifecycle import ManagedNode
from fingertip_contact.ros.parameter_tables import ContactSettings
from fingertip_contact.ros.process import run_node
from fingertip_contact.ros.rotated_frames import require_rotated_frame


class ContactStage(ContactStageBase):
    """Gets hands by topic."""

    topics = (COLOR_TOPIC, CAMERA_INFO_TOPIC, HANDS_TOPIC)

    def find_hands(self, frame: Frame, received: dict[str, Any]) -> tuple[Hand, ...]:
        message = received[HANDS_TOPIC]
        require_rotated_frame(message.header.frame_id, self.rotate_deg, HANDS_TOPIC)
        return messages.parse_hands(message)


def main() -> None:
    """Entry point, by fingertip_contact.start."""
    run_node(lambda shutdown_event: ManagedNode("contact_node", ContactSettings, ContactStage))
