"""The kill key of a real keyboard, with keyboards of the test's in place of evdev's."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

pytest.importorskip("evdev")

import evdev

from fingertip_contact.desktop import uinput_sink
from fingertip_contact.desktop.physical_key import PhysicalKey

ESCAPE, A = evdev.ecodes.KEY_ESC, evdev.ecodes.KEY_A


class FakeDevice:
    """A device with these keys; `queue` is what it has sent, an error when it is unplugged."""

    def __init__(self, name: str, *keys: int) -> None:
        self.name, self.keys = name, keys
        self.queue: list[object] = []
        self.is_closed = False

    def capabilities(self) -> dict[int, tuple[int, ...]]:
        return {evdev.ecodes.EV_KEY: self.keys} if self.keys else {}

    def send(self, *events: tuple[int, int], type: int = evdev.ecodes.EV_KEY) -> None:
        self.queue += [SimpleNamespace(type=type, code=code, value=value) for code, value in events]

    def read_one(self) -> object:
        event = self.queue.pop(0) if self.queue else None
        if isinstance(event, OSError):
            raise event
        return event

    def close(self) -> None:
        self.is_closed = True


@pytest.fixture
def plug_in(monkeypatch):
    def plug_in(*devices: FakeDevice) -> None:
        monkeypatch.setattr(evdev, "list_devices", lambda: list(range(len(devices))))
        monkeypatch.setattr(evdev, "InputDevice", devices.__getitem__)

    return plug_in


def test_a_press_of_the_key_is_seen_once(plug_in):
    """On any keyboard that has it, however many other keys come before; its release, its repetition and events of other
    types with the same number are none."""
    first, second = FakeDevice("a", ESCAPE, A), FakeDevice("b", ESCAPE)
    plug_in(first, second)
    key = PhysicalKey("KEY_ESC")
    assert not key.was_pressed()
    second.send((A, 1), (A, 0), (ESCAPE, 1), (ESCAPE, 0))
    assert key.was_pressed()
    assert not key.was_pressed()
    first.send((A, 1), (ESCAPE, 0), (ESCAPE, 2))
    first.send((ESCAPE, 1), type=evdev.ecodes.EV_MSC)
    assert not key.was_pressed()
    key.close()
    assert first.is_closed
    assert second.is_closed


def test_other_devices_are_left_alone(plug_in):
    """Mice, keyboards without the key and our own virtual one are closed; without any other the remedy is told."""
    devices = FakeDevice("mouse"), FakeDevice("pad", A), FakeDevice(uinput_sink.NAME, ESCAPE)
    plug_in(*devices)
    with pytest.raises(OSError, match="usermod -aG input"):
        PhysicalKey("KEY_ESC")
    assert all(device.is_closed for device in devices)


def test_the_last_keyboard_that_is_unplugged_is_an_error(plug_in):
    """One of two may go."""
    first, second = FakeDevice("a", ESCAPE), FakeDevice("b", ESCAPE)
    plug_in(first, second)
    key = PhysicalKey("KEY_ESC")
    first.queue.append(OSError("No such device"))
    assert not key.was_pressed()
    second.queue.append(OSError("No such device"))
    with pytest.raises(OSError, match="unplugged"):
        key.was_pressed()
