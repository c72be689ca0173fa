"""Quality of service from publishers to bags and back, by the rules of `ros2 bag`."""

from __future__ import annotations

from collections.abc import Sequence

from rclpy.duration import Duration
from rclpy.qos import QoSDurabilityPolicy, QoSProfile, QoSReliabilityPolicy
from rosbags.interfaces import Qos, QosDurability, QosHistory, QosLiveliness, QosReliability, QosTime

from fingertip_contact.ros import qos

# Of latched messages by several publishers, e.g. /tf_static, a player's only publisher has to keep all.
MAX_LATCHED = 1000


def adapt_request(offers: Sequence[QoSProfile], depth: int) -> QoSProfile:
    """What a recorder asks for: reliable messages if every publisher offers that, latched ones likewise."""
    return qos.make_profile(
        depth,
        reliable=all(offer.reliability == QoSReliabilityPolicy.RELIABLE for offer in offers),
        latched=all(offer.durability == QoSDurabilityPolicy.TRANSIENT_LOCAL for offer in offers),
    )


def adapt_offer(topic: str, recorded: Sequence[Qos], message_count: int) -> QoSProfile:
    """What a player offers: latched messages if every publisher offered them, best effort only if none was reliable.

    recorded: of the topic's publishers; where a bag does not say it, messages are reliable, on tf_static latched.
    """
    if not recorded:
        return qos.LATCHED if topic.endswith("/tf_static") else qos.RESULT
    is_reliable = any(offer.reliability != QosReliability.BEST_EFFORT for offer in recorded)
    if any(offer.durability != QosDurability.TRANSIENT_LOCAL for offer in recorded):
        return qos.make_profile(qos.RESULT.depth, is_reliable)
    depth = max(message_count if len(recorded) > 1 else recorded[0].depth, 1)
    return qos.make_profile(min(depth, MAX_LATCHED), is_reliable, latched=True)


def store_profile(profile: QoSProfile) -> Qos:
    """A publisher's profile as a bag stores it."""
    return Qos(
        QosHistory(profile.history.value),
        profile.depth,
        QosReliability(profile.reliability.value),
        QosDurability(profile.durability.value),
        _store_time(profile.deadline),
        _store_time(profile.lifespan),
        QosLiveliness(profile.liveliness.value),
        _store_time(profile.liveliness_lease_duration),
        profile.avoid_ros_namespace_conventions,
    )


def _store_time(duration: Duration) -> QosTime:
    return QosTime(*divmod(duration.nanoseconds, 10**9))
