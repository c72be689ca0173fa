"""What is said where pyrealsense2 is missing, or does not load."""

from __future__ import annotations

import sys

import pytest

from fingertip_contact.cameras.realsense_device import import_pyrealsense2


class Loader:
    """Finds pyrealsense2 and raises this error instead."""

    def __init__(self, error: ImportError) -> None:
        self._error = error

    def find_spec(self, name, path=None, target=None):
        if name == "pyrealsense2":
            raise self._error


@pytest.mark.parametrize(
    ("error", "kind", "message"),
    [
        (
            ModuleNotFoundError(name="pyrealsense2"),
            ModuleNotFoundError,
            r"not installed: pip install '.*\[realsense\]'",
        ),
        (ImportError("libusb-1.0.so.0: no such file"), ValueError, r"libusb-1.0.so.0.*apt install libusb-1.0-0"),
    ],
)
def test_the_remedy_is_named(monkeypatch, error, kind, message):
    monkeypatch.delitem(sys.modules, "pyrealsense2", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Loader(error), *sys.meta_path])
    with pytest.raises(kind, match=message):
        import_pyrealsense2()
