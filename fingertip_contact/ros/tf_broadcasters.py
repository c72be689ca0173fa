"""The broadcasters of tf2_ros; None where it is missing, as from the ROS wheels: only TF is missing then."""

from __future__ import annotations

try:
    from tf2_ros import StaticTransformBroadcaster, TransformBroadcaster
except ImportError:
    StaticTransformBroadcaster = TransformBroadcaster = None

__all__ = ["StaticTransformBroadcaster", "TransformBroadcaster"]
