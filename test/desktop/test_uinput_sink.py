"""The kernel's virtual keyboard: what is injected is what other programs read; what is missing is named."""

from __future__ import annotations

import os
import select
import sys
import time

import pytest

from fingertip_contact.desktop import uinput_sink
from fingertip_contact.desktop.injector import KeyInjector
from fingertip_contact.desktop.uinput_sink import DEVICE, UinputSink, require_uinput
from key_sinks import describe_keys

DEADLINE_S = 10.0


def test_what_is_injected_is_read_back():
    """By evdev, as any desktop reads it: Shift, a letter, up again, from a keyboard with these keys alone; it is gone
    afterwards."""
    evdev = pytest.importorskip("evdev")
    if not os.access(DEVICE, os.W_OK):
        pytest.skip(f"{DEVICE} is missing or may not be written here: no key can be injected")
    sink = UinputSink(["KEY_A", "KEY_LEFTSHIFT"])
    path = sink.path
    if not path:
        pytest.skip(f"{DEVICE} works, but the new keyboard under /dev/input may not be read here")
    with evdev.InputDevice(path) as reader:
        assert set(reader.capabilities()[evdev.ecodes.EV_KEY]) == {evdev.ecodes.KEY_A, evdev.ecodes.KEY_LEFTSHIFT}
        reader.grab()  # The desktop that runs this test is not to get them.
        injector = KeyInjector(sink, {"a": "KEY_A", "shift": "KEY_LEFTSHIFT"}, {"KEY_LEFTSHIFT": "shift"})
        injector.press("thumb", "shift", 100, 40)
        injector.press("index", "a", 200, 140)
        injector.release_all()
        written: list[tuple[str, bool]] = []
        expires_s = time.monotonic() + DEADLINE_S
        while len(written) < 4 and time.monotonic() < expires_s:
            if select.select([reader], [], [], 0.1)[0]:
                written += [
                    (evdev.ecodes.KEY[event.code], bool(event.value))
                    for event in reader.read()
                    if event.type == evdev.ecodes.EV_KEY and event.value < 2
                ]
        assert describe_keys(written) == "+LEFTSHIFT +A -A -LEFTSHIFT"
    sink.close()
    assert path not in evdev.list_devices()


class FakeKeyboard:
    """In place of the kernel's: what evdev would have been told."""

    device = None

    def __init__(self, events: dict[int, list[int]], name: str) -> None:
        self.events, self.name = events, name
        self.calls: list[object] = []

    def write(self, *event: int) -> None:
        self.calls.append(event)

    def syn(self) -> None:
        self.calls.append("syn")

    def close(self) -> None:
        self.calls.append("close")


def test_a_keyboard_is_asked_for_as_evdev_documents_it(monkeypatch):
    """Without a kernel that has one: these keys alone and repetition; a report after each key, so that none waits for
    the next one."""
    evdev = pytest.importorskip("evdev")
    monkeypatch.setattr(evdev, "UInput", FakeKeyboard)
    monkeypatch.setattr(uinput_sink, "require_uinput", lambda: None)
    sink = UinputSink(["KEY_LEFTSHIFT", "KEY_A"])
    keyboard = sink._device
    assert (keyboard.events, sink.path) == ({evdev.ecodes.EV_KEY: [30, 42], evdev.ecodes.EV_REP: []}, "")
    sink.write("KEY_A", True)
    sink.write("KEY_A", False)
    sink.close()
    assert keyboard.calls == [(1, 30, 1), "syn", (1, 30, 0), "syn", "close"]


def test_a_missing_device_is_named(tmp_path):
    """With the module to load, and what a container needs."""
    with pytest.raises(FileNotFoundError, match=r"modprobe uinput.*--device"):
        require_uinput(str(tmp_path / "uinput"))


def test_a_forbidden_device_is_named(tmp_path, monkeypatch):
    """With the udev rule that permits it, ready to copy."""
    (tmp_path / "uinput").touch()
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(PermissionError, match=r'KERNEL=="uinput".*TAG\+="uaccess".*udevadm'):
        require_uinput(str(tmp_path / "uinput"))


def test_a_missing_library_is_named(monkeypatch):
    """With both ways to install it."""
    monkeypatch.setitem(sys.modules, "evdev", None)
    with pytest.raises(ValueError, match=r"\[desktop\].*python3-evdev"):
        UinputSink(["KEY_A"])


def test_another_system_is_refused(monkeypatch):
    """uinput is Linux's."""
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(ValueError, match="uinput, which darwin"):
        UinputSink(["KEY_A"])


def test_a_code_that_linux_lacks_is_refused():
    """Of a key of one's own whose name looks like a code."""
    pytest.importorskip("evdev")
    with pytest.raises(ValueError, match="KEY_NONSENSE; docs/desktop"):
        UinputSink(["KEY_A", "KEY_NONSENSE"])
