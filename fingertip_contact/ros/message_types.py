"""Message classes by their names in bags and in the ROS graph."""

from __future__ import annotations

from importlib import import_module
from typing import Any


def load_message_class(type_name: str) -> Any:
    """`sensor_msgs/msg/Image` -> its class. Raises ValueError where the package is not installed here."""
    try:
        package, _, name = type_name.split("/")
        return getattr(import_module(f"{package}.msg"), name)
    except (ValueError, ImportError, AttributeError) as error:
        raise ValueError(f"message type {type_name} is not installed here") from error
