"""Fingertip contact detection: any flat surface becomes a keyboard.

The public names are imported at their first use, so that importing the package stays quick.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fingertip_contact.datatypes import (
        ContactEvent,
        DepthImage,
        Fingertip,
        Frame,
        FrameResult,
        Hand,
        KeyEvent,
        Surface,
    )
    from fingertip_contact.factory import KeyboardOptions, build_pipeline
    from fingertip_contact.geometry import Camera
    from fingertip_contact.keyboard.layout import Layout, load_layout
    from fingertip_contact.live.source import open_camera
    from fingertip_contact.pipeline import Pipeline, process_frames
    from fingertip_contact.recordings.open import open_recording

__version__ = "0.2.0"

__all__ = [
    "Camera",
    "ContactEvent",
    "DepthImage",
    "Fingertip",
    "Frame",
    "FrameResult",
    "Hand",
    "KeyEvent",
    "KeyboardOptions",
    "Layout",
    "Pipeline",
    "Surface",
    "build_pipeline",
    "load_layout",
    "open_camera",
    "open_recording",
    "process_frames",
]

_MODULES = {
    **dict.fromkeys(
        (
            "ContactEvent",
            "DepthImage",
            "Fingertip",
            "Frame",
            "FrameResult",
            "Hand",
            "KeyEvent",
            "Surface",
        ),
        "datatypes",
    ),
    **dict.fromkeys(("KeyboardOptions", "build_pipeline"), "factory"),
    **dict.fromkeys(("Layout", "load_layout"), "keyboard.layout"),
    "Camera": "geometry",
    **dict.fromkeys(("Pipeline", "process_frames"), "pipeline"),
    "open_camera": "live.source",
    "open_recording": "recordings.open",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
