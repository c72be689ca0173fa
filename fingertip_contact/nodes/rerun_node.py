"""rerun_node: what Rerun's viewer shows, live: docs/rerun.md.

Subscribes key_events, contact_events, typed_text, fingertips, markers, color/camera_info and /diagnostics, and
overlay/image while a viewer is there or a file is written. Publishes nothing. mode `spawn` starts a viewer and ends it
with the node, `connect` sends to one that runs, `save` writes a file. Where the viewer that it started is closed, the
node ends.
"""

from __future__ import annotations

from pathlib import Path

from rclpy.clock import Clock, ClockType
from rclpy.node import Node

from fingertip_contact.cameras.rotation import require_rotation
from fingertip_contact.keyboard.layout import load_layout
from fingertip_contact.resources import PACKAGE
from fingertip_contact.ros.parameter_tables import RerunSettings
from fingertip_contact.ros.parameters import NodeParameters
from fingertip_contact.ros.process import EXIT_USAGE, ShutdownEvent, run_node
from fingertip_contact.ros.rerun_topics import RerunTopics
from fingertip_contact.visualization.rerun_import import import_rerun
from fingertip_contact.visualization.rerun_target import (
    FileTarget,
    OwnViewerTarget,
    RerunTarget,
    ViewerClosedError,
    ViewerTarget,
)

# How soon a viewer is found, and one that is gone is noticed.
FOLLOW_PERIOD_S = 0.5


class RerunNode(Node):
    def __init__(self, shutdown_event: ShutdownEvent) -> None:
        """Raises ValueError or OSError where rerun-sdk is missing, the layout cannot be read or the file written."""
        self._target: RerunTarget | None = None
        self._shutdown_event = shutdown_event
        super().__init__("rerun_node", namespace=PACKAGE)
        settings = NodeParameters(self, RerunSettings).snapshot()
        import_rerun()
        require_rotation(settings.rotate)
        self._topics = RerunTopics(self, load_layout(settings.layout), settings.rotate, settings.image_rate_hz)
        self._target = open_target(settings)
        self._was_shown: bool | None = None
        self._follow()
        # While simulated time stands still, too.
        self.create_timer(FOLLOW_PERIOD_S, self._follow, clock=Clock(clock_type=ClockType.STEADY_TIME))

    def destroy_node(self) -> None:
        """Complete the file, or end the viewer."""
        if self._target is not None:
            self._topics.show(None)
            try:
                self._target.close()
            except OSError as error:
                self._fail(error)
        super().destroy_node()

    def _follow(self) -> None:
        assert self._target is not None
        try:
            recording = self._target.follow()
        except ViewerClosedError:
            self.get_logger().info("the viewer was closed")
            self._shutdown_event.set()
            return
        except OSError as error:
            self._fail(error)
            self._shutdown_event.set()
            return
        self._topics.show(recording)
        is_shown = recording is not None
        if is_shown != self._was_shown:
            self._was_shown = is_shown
            self.get_logger().info("shown from now on" if is_shown else "waits for a viewer that answers")

    def _fail(self, error: OSError) -> None:
        if not self._shutdown_event.exit_code:
            self.get_logger().error(f"nothing is shown: {error}")
        self._shutdown_event.exit_code = EXIT_USAGE


def open_target(settings: RerunSettings) -> RerunTarget:
    """Raises ValueError or OSError where it cannot be opened."""
    if settings.mode == "connect":
        return ViewerTarget(settings.url)
    if settings.mode == "spawn":
        return OwnViewerTarget(settings.memory_limit)
    if not settings.file:
        raise ValueError("mode save needs a file: set the parameter `file` to a name that ends in .rrd")
    return FileTarget(Path(settings.file).expanduser())


def main() -> None:
    """Entry point, by fingertip_contact.start."""
    run_node(RerunNode)
