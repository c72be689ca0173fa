"""QoS profiles, one for each kind of topic."""

from __future__ import annotations

from rclpy.qos import QoSDurabilityPolicy, QoSHistoryPolicy, QoSProfile, QoSReliabilityPolicy


def make_profile(depth: int, reliable: bool, latched: bool = False) -> QoSProfile:
    """Keeps the last `depth` messages."""
    return QoSProfile(
        history=QoSHistoryPolicy.KEEP_LAST,
        depth=depth,
        reliability=QoSReliabilityPolicy.RELIABLE if reliable else QoSReliabilityPolicy.BEST_EFFORT,
        durability=QoSDurabilityPolicy.TRANSIENT_LOCAL if latched else QoSDurabilityPolicy.VOLATILE,
    )


# RViz requests reliable images; with a depth of two a camera never waits for a slow subscriber.
IMAGE_OUT = make_profile(2, reliable=True)
# Sensor data (REP-2003). With a depth of 1 an image is lost whenever the executor is still busy with its predecessor.
# A deeper queue adds no latency, because callbacks pass images to a worker at once, which drops the oldest. Ten images
# bridge a stall of a third of a second.
IMAGE_IN = make_profile(10, reliable=False)
CAMERA_INFO_IN = make_profile(10, reliable=False)
# A recording needs every frame, and the disk may be slow.
RECORD = make_profile(30, reliable=False)
# Small messages, one per frame: one second.
RESULT = make_profile(30, reliable=True)
EVENT = make_profile(50, reliable=True)
LATCHED = make_profile(1, reliable=True, latched=True)
DIAGNOSTICS = make_profile(10, reliable=True)
CLOCK = make_profile(1, reliable=False)
