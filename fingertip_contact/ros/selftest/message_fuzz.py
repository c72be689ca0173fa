"""Mutated messages to real nodes: none dies, hangs, leaves a press open or publishes what is not a number."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from sensor_msgs.msg import PointCloud2

from fingertip_contact.datatypes import FINGER_STATES
from fingertip_contact.ros import messages
from fingertip_contact.ros.selftest.camera import FRAME_ID, change
from fingertip_contact.ros.selftest.message_mutations import Mutation, mutate_message
from fingertip_contact.ros.selftest.station import FORMS, Station, isolate_ros, open_station
from fingertip_contact.safe_text import describe, to_one_line
from fingertip_contact.selftest.finding import FindingError, require
from fingertip_contact.selftest.fuzz_case import FuzzCase
from fingertip_contact.selftest.stand_ins import HOVER, TOUCH, make_hand

# Cases between two proofs that typing is read, and between two messages.
CASES_PER_CHECK = 50
PERIOD_S = 1 / 150
LOST = FINGER_STATES.index("lost")


@dataclass(frozen=True)
class _Sent:
    index: int
    mutation: Mutation


def fuzz_messages(count: int, seed: int, forms: tuple[str, ...] = tuple(FORMS)) -> Iterator[FuzzCase]:
    """So many cases, shared among the forms, the same ones for the same seed. Many go to the same processes: what does
    not hold is a finding of the last case of CASES_PER_CHECK; the nodes are started again then."""
    with isolate_ros():
        for part, form in enumerate(forms):
            indices = range(part * count // len(forms), (part + 1) * count // len(forms))
            if indices:
                with open_station(form) as station:
                    yield from _fuzz_station(station, indices, seed)


def _fuzz_station(station: Station, indices: range, seed: int) -> Iterator[FuzzCase]:
    station.press()
    for first in range(indices.start, indices.stop, CASES_PER_CHECK):
        sent = [
            _Sent(index, mutate_message(random.Random(f"{seed} {index}"), station.form == "processes"))
            for index in range(first, min(first + CASES_PER_CHECK, indices.stop))
        ]
        finding = ""
        try:
            for case in sent:
                _send(station, case)
            station.recover()
            station.check()
            check_fingertips(station.listener.fingertips)
            check_events(station)
        except FindingError as error:
            finding = to_one_line(str(error))
            station.restart()
        station.listener.fingertips.clear()
        for case in sent:
            content = describe(case.mutation.fields)
            is_last = case is sent[-1]
            yield FuzzCase(
                case.index, f"{station.form} {case.mutation.subject}", content, "sent", finding if is_last else ""
            )


def _send(station: Station, case: _Sent) -> None:
    """A mutated message among the good ones of its frame; every other frame hovers, so that keys go up and down."""
    camera, fields, subject = station.camera, case.mutation.fields, case.mutation.subject
    code = TOUCH if case.index % 4 < 2 else HOVER
    stamp_ns = camera.find_next_ns()
    if subject == "hands":
        message = messages.make_hands(messages.make_header(stamp_ns, FRAME_ID), [make_hand(is_touching=True)])
        station.hands.publish(change(message, fields))
        camera.send(code, stamp_ns)
    else:
        changed: dict[str, Any] = {subject: fields}
        camera.send(code, stamp_ns, **changed)
    station.listener.spin(PERIOD_S)


def check_fingertips(clouds: list[PointCloud2]) -> None:
    """Raises FindingError where a finger that is not lost has a value that is not a number."""
    for cloud in clouds:
        points = np.frombuffer(cloud.data, messages.FINGERTIPS_DTYPE)
        seen = points[points["state"] != LOST]
        for name in ("x", "y", "z", "height", "speed", "score"):
            require(bool(np.isfinite(seen[name]).all()), f"{name} of a finger that is not lost is not finite")


def check_events(station: Station) -> None:
    """Raises FindingError where an event's point is not finite."""
    for event in station.listener.keys:
        point = event.mouse_point
        require(bool(np.isfinite([point.x, point.y, point.z]).all()), f"{event.control_name}: a point is not finite")
