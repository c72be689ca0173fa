"""The base of nodes that play a bag: one thread reads ahead, another sends, the executor stays free."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Generic, TypeVar

from rclpy.node import Node

from fingertip_contact.recordings.bag import RawMessage
from fingertip_contact.resources import PACKAGE
from fingertip_contact.ros.bag_reader import BagPrefetcher
from fingertip_contact.ros.parameter_tables import PlayerSettings
from fingertip_contact.ros.parameters import NodeParameters
from fingertip_contact.ros.process import EXIT_USAGE, ShutdownEvent

PREFETCH_S = 2.0
# Subscribers receive the last messages before their publisher disappears.
SHUTDOWN_DELAY_S = 1.0


Settings = TypeVar("Settings", bound=PlayerSettings)


class PlayerNode(Node, Generic[Settings]):
    """Plays `recording` once, or repeatedly if `loop` is set, then ends the process.

    A truncated bag ends the process with exit code 2, a program error with 1.
    """

    def __init__(self, name: str, settings_class: type[Settings], shutdown_event: ShutdownEvent) -> None:
        """Raises ValueError if `recording` is empty."""
        super().__init__(name, namespace=PACKAGE)
        self._shutdown_event = shutdown_event
        self._thread = threading.Thread(target=self._play, name="player", daemon=True)
        self._settings = NodeParameters(self, settings_class).snapshot()
        self._path = Path(self._settings.recording)
        if not self._settings.recording:
            raise ValueError("nothing to play: set the parameter `recording` to an MCAP file or a rosbag2 folder")

    def topics(self) -> list[str]:
        """The topics to read."""
        raise NotImplementedError

    def convert(self, message: RawMessage) -> RawMessage:
        """What to send for a message of the bag."""
        return message

    def send(self, messages: BagPrefetcher) -> None:
        """Publish the messages of one pass, each when it is due; returns early when `self._shutdown_event` is set."""
        raise NotImplementedError

    def start(self) -> None:
        """Begin to play."""
        self._thread.start()

    def destroy_node(self) -> None:
        self._shutdown_event.set()
        if self._thread.is_alive():
            self._thread.join()
        super().destroy_node()

    def _play(self) -> None:
        self._shutdown_event.exit_code = 1
        try:
            self._play_once()
            while self._settings.loop and not self._shutdown_event.is_set():
                self._play_once()
            self._shutdown_event.wait(SHUTDOWN_DELAY_S)
            self._shutdown_event.exit_code = 0
        except (ValueError, OSError) as error:
            self.get_logger().error(str(error))
            self._shutdown_event.exit_code = EXIT_USAGE
        finally:
            self._shutdown_event.set()

    def _play_once(self) -> None:
        messages = BagPrefetcher(self._path, self.topics(), PREFETCH_S, self.convert)
        try:
            messages.wait_until_full()
            self.send(messages)
        finally:
            messages.close()
