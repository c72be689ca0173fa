"""The base of nodes that play a bag: one thread reads ahead, another sends, the executor stays free."""

from __future__ import annotations

import threading
from pathlib import Path

from rclpy.node import Node

from fingertip_contact.resources import PACKAGE
from fingertip_contact.ros.bag_reader import ReadAhead
from fingertip_contact.ros.parameter_tables import TABLES
from fingertip_contact.ros.parameters import NodeParameters
from fingertip_contact.ros.process import WRONG_USE, Ending

READ_AHEAD_S = 2.0
# Readers take the last messages before their writer goes.
LINGER_S = 1.0


class PlayerNode(Node):
    """Plays `recording` from its start to its end, again and again where `loop` is set, then ends the process.

    The parameters are the table of the node's name. A bag that breaks off ends the process with exit code 2, a fault in
    the program with 1.
    """

    def __init__(self, name: str, ending: Ending) -> None:
        """Raises ValueError where no recording is named."""
        super().__init__(name, namespace=PACKAGE)
        self._ending = ending
        self._thread = threading.Thread(target=self._play, name="player", daemon=True)
        self._settings = NodeParameters(self, TABLES[name]).snapshot()
        self._path = Path(self._settings.recording)
        if not self._settings.recording:
            raise ValueError("nothing to play: set the parameter `recording` to an MCAP file or a rosbag2 folder")

    def topics(self) -> list[str]:
        """What to read."""
        raise NotImplementedError

    def send(self, messages: ReadAhead) -> None:
        """Sends the messages of one pass, each in its time; returns early where `self._ending` is set."""
        raise NotImplementedError

    def start(self) -> None:
        """Begins to play."""
        self._thread.start()

    def destroy_node(self) -> None:
        self._ending.set()
        if self._thread.is_alive():
            self._thread.join()
        super().destroy_node()

    def _play(self) -> None:
        self._ending.exit_code = 1
        try:
            self._play_once()
            while self._settings.loop and not self._ending.is_set():
                self._play_once()
            self._ending.wait(LINGER_S)
            self._ending.exit_code = 0
        except (ValueError, OSError) as error:
            self.get_logger().error(str(error))
            self._ending.exit_code = WRONG_USE
        finally:
            self._ending.set()

    def _play_once(self) -> None:
        messages = ReadAhead(self._path, self.topics(), READ_AHEAD_S)
        try:
            messages.wait_until_full()
            self.send(messages)
        finally:
            messages.close()
