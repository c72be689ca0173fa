"""A key of a real keyboard, for when the one on the sheet cannot be trusted."""

from __future__ import annotations

from typing import Any

from fingertip_contact.desktop.evdev_import import find_numbers, import_evdev
from fingertip_contact.desktop.uinput_sink import NAME

KEY_DOWN = 1


class PhysicalKey:
    """A key of all keyboards that are there at the start. What they send is read, and nothing of it is kept."""

    def __init__(self, code: str) -> None:
        """code: as in linux/input-event-codes.h, `KEY_PAUSE`.

        Raises ValueError where evdev is missing or has no such code, OSError where no keyboard with it may be read.
        """
        self._number = find_numbers([code])[code]
        self._key_type = import_evdev().ecodes.EV_KEY
        self._keyboards = _open_keyboards(self._number)
        if not self._keyboards:
            remedy = "plug one in, or run `sudo usermod -aG input $USER` and log in again"
            raise OSError(f"no keyboard with {code} may be read: {remedy}")

    def was_pressed(self) -> bool:
        """Since the last call, on any of the keyboards. Raises OSError where the last one has been unplugged."""
        is_pressed = False
        for keyboard in list(self._keyboards):
            try:
                while (event := keyboard.read_one()) is not None:
                    is_pressed |= (event.type, event.code, event.value) == (self._key_type, self._number, KEY_DOWN)
            except OSError:
                keyboard.close()
                self._keyboards.remove(keyboard)
        if not self._keyboards:
            raise OSError("the last keyboard with the kill key was unplugged")
        return is_pressed

    def close(self) -> None:
        """Nothing is read any more."""
        for keyboard in self._keyboards:
            keyboard.close()


def _open_keyboards(number: int) -> list[Any]:
    """Those that this user may read and that have the key, without our own."""
    evdev = import_evdev()
    keyboards = []
    for path in evdev.list_devices():
        try:
            device = evdev.InputDevice(path)
        except OSError:  # Unplugged meanwhile.
            continue
        if device.name != NAME and number in device.capabilities().get(evdev.ecodes.EV_KEY, ()):
            keyboards.append(device)
        else:
            device.close()
    return keyboards
