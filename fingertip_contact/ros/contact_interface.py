"""Everything behind the hands, with its topics and services."""

from __future__ import annotations

import threading
from contextlib import ExitStack

from rclpy.node import Node
from std_srvs.srv import Trigger

from fingertip_contact.contact.parameters import load_profile
from fingertip_contact.datatypes import Frame, FrameResult, Hand
from fingertip_contact.factory import KeyboardOptions, build_contact_pipeline
from fingertip_contact.keyboard.layout import load_layout
from fingertip_contact.ros.parameters import NodeSettings
from fingertip_contact.ros.results import ResultPublisher


class ContactInterface:
    """Takes frames and hands, publishes results. Frames come from one thread, service calls from another."""

    def __init__(self, node: Node, parameters: NodeSettings, held: ExitStack) -> None:
        """Topics and services end when `held` is closed. Raises ValueError or OSError where the profile, layout, the
        sheet's pose or the word list cannot be read."""
        layout = load_layout(parameters.layout)
        keyboard = KeyboardOptions(parameters.sheet_pose, parameters.words, parameters.repeat_delay_s)
        outputs = list(filter(None, parameters.outputs))
        self._pipeline = build_contact_pipeline(layout, load_profile(parameters.profile), keyboard, outputs)
        held.callback(self._pipeline.close)
        self._results = ResultPublisher(node, layout, parameters.marker_rate_hz, held)
        self._lock = threading.Lock()
        self._last_result: FrameResult | None = None
        for name, callback in (
            ("~/calibrate_surface", self._calibrate_surface),
            ("~/calibrate_fingers", self._calibrate_fingers),
            ("~/clear_text", self._clear_text),
        ):
            held.callback(node.destroy_service, node.create_service(Trigger, name, callback))

    def process(self, frame: Frame, hands: tuple[Hand, ...]) -> str:
        """One frame all the way to its topics. Returns what to tell who set this up; empty when all is well."""
        with self._lock:
            self._last_result = self._pipeline.process(frame, hands)
            self._results.publish(frame, self._last_result)
            return self._last_result.hint

    def cancel_all(self) -> None:
        """Cancels what is held down: the camera has stopped, or the node stops listening."""
        with self._lock:
            self._cancel()

    def collect_diagnostics(self) -> dict[str, object]:
        """Of the last frame, for diagnostics."""
        last = self._last_result
        if last is None:
            return {}
        values: dict[str, object] = {"hands": len(last.hands), "sheet": last.camera_from_sheet is not None}
        if last.surface is not None:
            values["surface_residual_mm"] = round(last.surface.residual_m * 1e3, 2)
            values["surface_inlier_ratio"] = round(last.surface.inlier_ratio, 2)
            values["surface_age_s"] = round((last.stamp_ns - last.surface.stamp_ns) * 1e-9, 1)
        return values

    def _cancel(self) -> None:
        if self._last_result is not None:
            self._results.publish_events(self._pipeline.cancel_all(self._last_result.stamp_ns))

    def _calibrate_surface(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        with self._lock:
            self._pipeline.recalibrate_surface()
        response.success, response.message = True, "the surface is fitted again: keep hands off the desk for a moment"
        return response

    def _calibrate_fingers(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        with self._lock:
            self._cancel()
            self._pipeline.reset_fingers()
        response.success, response.message = True, "finger thickness is learnt again: tap a few times with each finger"
        return response

    def _clear_text(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        with self._lock:
            self._pipeline.clear_text()
            self._results.publish_text("")
        response.success = True
        return response
