"""Qualities of service, one for each kind of topic."""

from __future__ import annotations

from rclpy.qos import QoSDurabilityPolicy, QoSHistoryPolicy, QoSProfile, QoSReliabilityPolicy


def _profile(depth: int, reliable: bool, latched: bool = False) -> QoSProfile:
    return QoSProfile(
        history=QoSHistoryPolicy.KEEP_LAST,
        depth=depth,
        reliability=QoSReliabilityPolicy.RELIABLE if reliable else QoSReliabilityPolicy.BEST_EFFORT,
        durability=QoSDurabilityPolicy.TRANSIENT_LOCAL if latched else QoSDurabilityPolicy.VOLATILE,
    )


# RViz asks for reliable images, so they are offered; a camera must never wait for a slow reader, so two are kept.
IMAGE_OUT = _profile(2, reliable=True)
# Sensor data (REP-2003). With a depth of 1 an image is lost whenever the executor is still busy with the one before.
# Images are taken out at once and the newest wins in the worker behind, so a deeper queue adds no latency; ten are
# what a machine may stall for, a third of a second.
IMAGE_IN = _profile(10, reliable=False)
CAMERA_INFO_IN = _profile(10, reliable=False)
# A recording wants every frame, and has a disk to wait for.
RECORD = _profile(30, reliable=False)
# Small messages that belong to frames: a second of them.
RESULT = _profile(30, reliable=True)
EVENT = _profile(50, reliable=True)
LATCHED = _profile(1, reliable=True, latched=True)
DIAGNOSTICS = _profile(10, reliable=True)
CLOCK = _profile(1, reliable=False)
