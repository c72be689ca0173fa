"""QoS profiles, one for each kind of topic, and topics whose policies users can set."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from functools import partial
from typing import Any

from rcl_interfaces.msg import SetParametersResult
from rclpy.event_handler import PublisherEventCallbacks, SubscriptionEventCallbacks
from rclpy.exceptions import ParameterException
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos import QoSDurabilityPolicy, QoSHistoryPolicy, QoSPolicyKind, QoSProfile, QoSReliabilityPolicy
from rclpy.qos_overriding_options import InvalidQosOverridesError, QoSOverridingOptions
from rclpy.subscription import Subscription


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

# Their policies are a promise: each press ends at every subscriber, also at one that comes later.
_PROMISES = (EVENT, LATCHED)
_WORDS = ("reliability", "durability", "history")
_KINDS = (QoSPolicyKind.RELIABILITY, QoSPolicyKind.DURABILITY, QoSPolicyKind.HISTORY, QoSPolicyKind.DEPTH)


def create_publisher(node: Node, message_type: type, topic: str, profile: QoSProfile) -> Publisher:
    """A publisher of this profile, or with what the parameters `qos_overrides.TOPIC.publisher.POLICY` say.

    Raises ValueError if they say what the topic must not have (find_broken_promise), or what is no policy.
    """
    with _explain_overrides(node, topic):
        return node.create_publisher(
            message_type,
            topic,
            copy(profile),
            # rclpy's own are looked at whenever any message comes: of a dozen publishers that is a twentieth of a
            # node's time at 60 Hz. Of a subscriber that asks for other policies they would log what it logs itself.
            event_callbacks=PublisherEventCallbacks(use_default_callbacks=False),
            qos_overriding_options=_make_options(profile),
        )


def create_subscription(
    node: Node, message_type: type, topic: str, receive: Callable[[Any], None], profile: QoSProfile, **options: Any
) -> Subscription:
    """As create_publisher, with `qos_overrides.TOPIC.subscription.POLICY`. options: of rclpy's create_subscription."""
    # Best effort and volatile is what every publisher offers: there is nothing to log.
    if profile.reliability == QoSReliabilityPolicy.BEST_EFFORT and not _is_overridden(node, topic):
        options["event_callbacks"] = SubscriptionEventCallbacks(use_default_callbacks=False)
    with _explain_overrides(node, topic):
        return node.create_subscription(
            message_type, topic, receive, copy(profile), qos_overriding_options=_make_options(profile), **options
        )


def find_broken_promise(default: QoSProfile, chosen: QoSProfile) -> str:
    """What a topic must not have instead of its default profile, and what to choose; empty if it may."""
    if chosen.history == QoSHistoryPolicy.KEEP_LAST and chosen.depth < 1:
        return f"depth is {chosen.depth}; choose 1 or more"
    for policy in _WORDS:
        if getattr(chosen, policy).name == "UNKNOWN":
            return f"{policy} is unknown; choose another"
    if default not in _PROMISES:
        return ""
    for policy in _WORDS:
        promised = getattr(default, policy)
        if getattr(chosen, policy) != promised:
            return f"{policy} has to be {promised.name.lower()}, so that each press ends at every subscriber"
    if chosen.depth < default.depth:
        return f"depth is {chosen.depth}; choose {default.depth} or more, so that each press ends at every subscriber"
    return ""


def _is_overridden(node: Node, topic: str) -> bool:
    # No public way leads to them without declaring them all.
    given = getattr(node, "_parameter_overrides", {})
    return any(name.startswith(f"qos_overrides.{node.resolve_topic_name(topic)}.subscription.") for name in given)


def _make_options(default: QoSProfile) -> QoSOverridingOptions:
    return QoSOverridingOptions(_KINDS, callback=partial(_check, default))


def _check(default: QoSProfile, chosen: QoSProfile) -> SetParametersResult:
    reason = find_broken_promise(default, chosen)
    return SetParametersResult(successful=not reason, reason=reason)


@contextmanager
def _explain_overrides(node: Node, topic: str) -> Iterator[None]:
    try:
        yield
    # rclpy raises RuntimeError for a word that is no policy, and where the middleware does not have it.
    except (InvalidQosOverridesError, ParameterException, RuntimeError) as error:
        name = f"qos_overrides.{node.resolve_topic_name(topic)}"
        raise ValueError(f"{name}: {error}; correct it and start the node again") from error
