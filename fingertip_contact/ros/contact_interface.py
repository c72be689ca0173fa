"""The contact pipeline with its topics and services."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import fields, replace

from rclpy.node import Node
from std_srvs.srv import Trigger

from fingertip_contact.advice import Advice
from fingertip_contact.contact.parameters import load_profile
from fingertip_contact.datatypes import Frame, FrameResult, Hand, Surface
from fingertip_contact.factory import KeyboardOptions, build_contact_pipeline, open_outputs
from fingertip_contact.keyboard.layout import load_layout
from fingertip_contact.registry import OUTPUTS
from fingertip_contact.ros.guarded_output import GuardedOutput
from fingertip_contact.ros.parameter_tables import ContactSettings
from fingertip_contact.ros.results import ResultPublisher

_READING = {"words", "repeat_delay_s"}
# Neither what is measured nor how it is read depends on them.
_OUTSIDE_PIPELINE = {
    "autostart",
    "image_transport",
    "depth_image_transport",
    "infra_image_transport",
    "outputs",
    "camera_timeout_s",
    "marker_rate_hz",
    "tf_prefix",
    "overlay_rotate",
}


class ContactInterface:
    """Processes frames and hands, publishes results. Frames come from one thread, service calls from another."""

    def __init__(self, node: Node, settings: ContactSettings, held: ExitStack) -> None:
        """Topics and services end when `held` is closed. Raises ValueError or OSError where an output is unknown, or
        profile, layout, the sheet's pose or the word list cannot be read."""
        self._settings = settings
        layout = load_layout(settings.layout)
        keyboard = KeyboardOptions(settings.sheet_pose, settings.words, settings.repeat_delay_s, settings.rotate)
        self._pipeline = build_contact_pipeline(layout, load_profile(settings.profile), keyboard)
        self._output_names = [name for name in settings.outputs if name]
        for name in self._output_names:
            OUTPUTS.get(name)  # Raises for an unknown one now, not at activation.
        self._results = ResultPublisher(
            node, layout, settings.marker_rate_hz, held, settings.tf_prefix, settings.overlay_rotate
        )
        self._camera_timeout_ns = round(settings.camera_timeout_s * 1e9)
        self._lock = threading.Lock()
        self._last_result: FrameResult | None = None
        for name, callback in (
            ("~/calibrate_surface", self._calibrate_surface),
            ("~/calibrate_fingers", self._calibrate_fingers),
            ("~/clear_text", self._clear_text),
        ):
            held.callback(node.destroy_service, node.create_service(Trigger, name, callback))

    def announce(self) -> None:
        """Publish that no press is down."""
        self._results.announce()

    def start(self, active: ExitStack, on_output_error: Callable[[Exception], None]) -> None:
        """Open the outputs, which get every result until `active` is closed, and then cancel held keys.

        on_output_error: gets the failures of an output; its frame is published all the same.
        """
        active.callback(self._close_outputs)
        outputs = open_outputs(self._output_names)
        self._pipeline.outputs = tuple(GuardedOutput(output, on_output_error) for output in outputs)
        active.callback(self.cancel_all)

    def take_over(self, former: ContactInterface) -> None:
        """Keep the text, and what was measured and learnt as far as the settings that differ do not concern it. All
        presses of the former one have ended."""
        names = (entry.name for entry in fields(self._settings))
        changed = {name for name in names if getattr(self._settings, name) != getattr(former._settings, name)}
        decoder = self._pipeline.key_decoder
        decoder.continue_text(former._pipeline.key_decoder.text)
        if changed <= _OUTSIDE_PIPELINE | _READING:
            self._last_result = former._last_result
            self._pipeline = replace(former._pipeline)
            if changed & _READING:
                self._pipeline.key_decoder = decoder

    def process(self, frame: Frame, hands: tuple[Hand, ...]) -> tuple[Advice, ...]:
        """Process and publish one frame. Returns advice on how to correct the set-up; empty when it is good."""
        with self._lock:
            self._cancel_before_gap(frame.stamp_ns)
            try:
                self._last_result = self._pipeline.process(frame, hands)
            except Exception:
                # Among the events of this frame, which are lost, may have been the end of a press.
                self._cancel()
                raise
            self._results.publish(frame, self._last_result)
            self._publish_suggestions(frame.stamp_ns)
            return self._last_result.advice

    def cancel_all(self) -> None:
        """Cancel held keys: the camera has stopped, or the node is deactivated."""
        with self._lock:
            self._cancel()

    def collect_diagnostics(self) -> dict[str, object]:
        """Values of the last frame, for diagnostics."""
        last = self._last_result
        if last is None:
            return {}
        values: dict[str, object] = {"hands": len(last.hands), "sheet": last.camera_from_sheet is not None}
        if last.surface is not None:
            values["surface_from"] = _describe_surface(last.surface)
            if last.surface.depth_plane is not None:
                values["surface_residual_mm"] = round(last.surface.residual_m * 1e3, 2)
                values["surface_inlier_ratio"] = round(last.surface.inlier_ratio, 2)
            values["surface_age_s"] = round((last.stamp_ns - last.surface.stamp_ns) * 1e-9, 1)
        return values

    def _close_outputs(self) -> None:
        with self._lock:
            self._pipeline.close()

    def _cancel_before_gap(self, stamp_ns: int) -> None:
        """A camera that was silent for longer than the timeout by its own stamps had stopped, however fast the frames
        come: nothing is decided across a gap. Stamps that run backwards are the detector's business."""
        last = self._last_result
        if last is not None and stamp_ns - last.stamp_ns > self._camera_timeout_ns:
            self._cancel()

    def _cancel(self) -> None:
        if self._last_result is not None:
            self._results.publish_events(self._pipeline.cancel_all(self._last_result.stamp_ns))
            self._results.cancel_open_presses(self._last_result)
            self._publish_suggestions(self._last_result.stamp_ns)

    def _publish_suggestions(self, stamp_ns: int) -> None:
        decoder = self._pipeline.key_decoder
        self._results.publish_suggestions(stamp_ns, decoder.word_in_progress, decoder.suggestions())

    def _calibrate_surface(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        with self._lock:
            self._pipeline.recalibrate_surface()
        response.success = True
        response.message = "the surface is being fitted again: keep hands off the desk for one second"
        return response

    def _calibrate_fingers(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        with self._lock:
            self._cancel()
            self._pipeline.reset_fingers()
        response.success = True
        response.message = "contact heights are being estimated again: tap a few times with each finger"
        return response

    def _clear_text(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        with self._lock:
            self._pipeline.clear_text()
            self._results.publish_text("")
            self._publish_suggestions(self._last_result.stamp_ns if self._last_result else 0)
        response.success = True
        return response


def _describe_surface(surface: Surface) -> str:
    """What the surface was found by; the two planes are one where depth alone is known."""
    if surface.depth_plane is None:
        return "sheet"
    return "depth" if surface.depth_plane is surface.plane else "sheet and depth"
