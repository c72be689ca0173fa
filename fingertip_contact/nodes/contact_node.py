"""contact_node: hands and depth in; contacts, keys and text out.

Subscribes color/image, color/camera_info, hands, and depth/image, depth_estimate/image or both (`depth_source`).
Publishes key_events, contact_events, typed_text, fingertips, markers, overlay/image, /diagnostics, TF surface and
keyboard. Services ~/calibrate_surface, ~/calibrate_fingers, ~/clear_text.
"""

from __future__ import annotations

from typing import Any

from fingertip_contact.frames import Frame, Hand
from fingertip_contact.nodes.touch_stage import TouchStage
from fingertip_contact.ros import messages
from fingertip_contact.ros.camera_input import CAMERA_INFO, COLOR, HANDS
from fingertip_contact.ros.lifecycle import ManagedNode
from fingertip_contact.ros.process import run


class ContactStage(TouchStage):
    """Hands come by topic."""

    topics = (COLOR, CAMERA_INFO, HANDS)

    def hands_of(self, frame: Frame, received: dict[str, Any]) -> tuple[Hand, ...]:
        return messages.hands_from(received[HANDS])


def main() -> None:
    """Entry point."""
    run(lambda ending: ManagedNode("contact_node", ContactStage))


if __name__ == "__main__":
    main()
