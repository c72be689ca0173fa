"""One DiagnosticStatus per node and second: rate, latency, drops, counters."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import ExitStack

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.clock import Clock, ClockType
from rclpy.node import Node

from fingertip_contact.advice import NO_CLOCK, Advice
from fingertip_contact.ros import qos
from fingertip_contact.ros.frame_losses import describe_losses
from fingertip_contact.safe_text import to_one_line

PERIOD_S = 1.0
WARNING_PERIOD_S = 5.0


class Diagnostics:
    """Counts frames and errors, and publishes the counts on /diagnostics once a second until `held` is closed.

    A steady clock measures the second: when simulated time stands still, a stalled node must still be reported.
    """

    def __init__(self, node: Node, held: ExitStack) -> None:
        self._node = node
        self._sources: list[Callable[[], dict[str, object]]] = []
        self._advisers: list[Callable[[], Iterable[Advice]]] = []
        # By code: the advice of this second, and when each was logged last.
        self._advised: dict[str, Advice] = {}
        self._logged_s: dict[str, float] = {}
        self._counters: Counter[str] = Counter()
        self._latencies_s: list[float] = []
        self._warning = ""
        self._last_values: dict[str, object] = {}
        self._last_tick_s = time.monotonic()
        self._publisher = qos.create_publisher(node, DiagnosticArray, "/diagnostics", qos.DIAGNOSTICS)
        held.callback(node.destroy_publisher, self._publisher)
        timer = node.create_timer(PERIOD_S, self._tick, clock=Clock(clock_type=ClockType.STEADY_TIME))
        held.callback(node.destroy_timer, timer)

    def add_source(self, values: Callable[[], dict[str, object]], active: ExitStack) -> None:
        """Report more values each second until `active` is closed, e.g. drops or the residual of the surface."""
        self._sources.append(values)
        active.callback(self._sources.remove, values)

    def add_adviser(self, advise: Callable[[], Iterable[Advice]], active: ExitStack) -> None:
        """Ask for advice each second until `active` is closed."""
        self._advisers.append(advise)
        active.callback(self._advisers.remove, advise)

    def advise(self, advice: Iterable[Advice]) -> None:
        """Set the level WARN for this second, name the causes, and log each, throttled."""
        for item in advice:
            self._advised[item.code] = item
            now_s = time.monotonic()
            if now_s - self._logged_s.get(item.code, -math.inf) >= WARNING_PERIOD_S:
                self._logged_s[item.code] = now_s
                self._node.get_logger().warning(item.message)

    def record_frame(self, stamp_ns: int) -> None:
        """Count a processed frame; its latency is the node's time minus the frame's stamp."""
        self._counters["frames"] += 1
        self._latencies_s.append((self._node.get_clock().now().nanoseconds - stamp_ns) * 1e-9)

    def record_error(self, error: Exception) -> None:
        """Count and report a rejected frame or message."""
        self._counters["errors"] += 1
        self.warn(str(error) if isinstance(error, ValueError) else repr(error))

    def warn(self, warning: str) -> None:
        """Set the level WARN for this second, and log the warning, throttled."""
        self._warning = to_one_line(warning)  # It may quote a message of any length.
        self._node.get_logger().warning(self._warning, throttle_duration_sec=WARNING_PERIOD_S)

    def _tick(self) -> None:
        latencies_s, self._latencies_s = self._latencies_s, []
        # Zero only where the node follows a /clock that has not come yet.
        if self._node.get_clock().now().nanoseconds == 0:
            self.advise([NO_CLOCK])
        for adviser in self._advisers:
            self.advise(adviser())
        warning, self._warning = self._warning, ""
        advised, self._advised = self._advised, {}
        now_s = time.monotonic()
        rate_hz = len(latencies_s) / (now_s - self._last_tick_s)
        self._last_tick_s = now_s
        values: dict[str, object] = {"rate_hz": round(rate_hz, 1), **self._counters}
        if latencies_s:
            median_s, p99_s = np.percentile(latencies_s, [50, 99])
            values |= {"latency_median_ms": round(median_s * 1e3, 1), "latency_p99_ms": round(p99_s * 1e3, 1)}
        for source in self._sources:
            values |= source()
        if advised:
            values["advice"] = ", ".join(advised)
            for code, item in advised.items():
                values |= {f"advice/{code}": item.text, f"remedy/{code}": item.remedy}
        losses, self._last_values = describe_losses(self._last_values, values), values
        rate = f"{rate_hz:.1f} frames/s" if latencies_s else "no frames"
        healthy = bool(latencies_s) and not warning and not advised
        status = DiagnosticStatus(
            level=DiagnosticStatus.OK if healthy else DiagnosticStatus.WARN,
            name=self._node.get_fully_qualified_name().lstrip("/"),
            message="; ".join(filter(None, (warning, *(item.message for item in advised.values()))))
            or "; ".join(filter(None, (rate, losses))),
            hardware_id="fingertip_contact",
            values=[KeyValue(key=key, value=str(value)) for key, value in values.items()],
        )
        array = DiagnosticArray(status=[status])
        array.header.stamp = self._node.get_clock().now().to_msg()
        self._publisher.publish(array)
