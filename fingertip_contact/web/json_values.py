"""This package's records as values of JSON, which has no NaN: unknown numbers are null. See page/schema.json.

Points are metres in the camera's optical frame, times microseconds: nanoseconds since 1970 do not fit the 53 bits of a
number in JavaScript.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from fingertip_contact.datatypes import ContactEvent, Fingertip
from fingertip_contact.keyboard.layout import Layout

MICROSECOND_NS = 1000
# A tenth of a millimetre is finer than any measurement here.
POINT_DIGITS = 4


def make_number(value: float, digits: int) -> float | None:
    """Rounded; None where it is not finite."""
    return round(float(value), digits) if math.isfinite(value) else None


def make_point(point_m: Iterable[float]) -> list[float] | None:
    """x, y, z; None where one of them is not finite."""
    values = [float(value) for value in point_m]
    return [round(value, POINT_DIGITS) for value in values] if all(map(math.isfinite, values)) else None


def make_event(topic: str, event: ContactEvent, key: str) -> dict[str, Any]:
    """An event of key_events or contact_events. key: empty on no key."""
    return {
        "topic": topic,
        "type": event.type,
        "finger": f"{event.hand}_{event.finger}",
        "key": key,
        "stamp_us": event.stamp_ns // MICROSECOND_NS,
        "contact_us": event.contact_ns // MICROSECOND_NS,
        "point_m": None if event.type == "cancel" else make_point(event.point_m),
    }


def make_fingertip(tip: Fingertip) -> dict[str, Any]:
    """A fingertip of the newest image."""
    return {
        "finger": f"{tip.hand}_{tip.finger}",
        "state": tip.state,
        "height_mm": make_number(tip.height_m * 1e3, 1),
        "speed_mps": make_number(tip.speed_mps, 3),
        "point_m": make_point(tip.point_m),
    }


def make_layout(layout: Layout) -> dict[str, Any]:
    """The keyboard: millimetres in the sheet frame, origin at the sheet's centre, x to the typist's right, y away."""
    return {
        "name": layout.name,
        "sheet_mm": _to_mm(layout.sheet_size_m),
        "keys": [
            {
                "name": key.name,
                "label": key.label or key.text.strip() or key.name.replace("_", " "),
                "center_mm": _to_mm(key.center_m),
                "size_mm": _to_mm(key.size_m),
                "raised": key.raised,
            }
            for key in layout.keys
        ],
    }


def _to_mm(values_m: Iterable[float]) -> list[float]:
    return [round(float(value) * 1e3, 2) for value in values_m]
