"""A virtual keyboard of the Linux kernel, by the library evdev."""

from __future__ import annotations

import os
from collections.abc import Sequence

from fingertip_contact.desktop.evdev_import import find_numbers, import_evdev

DEVICE = "/dev/uinput"
NAME = "fingertip_contact keyboard"
# systemd gives the user who sits at the machine access to devices with this tag, in its 73-seat-late.rules: the rule
# has to be in a file that comes before.
UDEV_RULE = 'KERNEL=="uinput", TAG+="uaccess", OPTIONS+="static_node=uinput"'
UDEV_REMEDY = (
    f"write the line {UDEV_RULE} to /etc/udev/rules.d/60-fingertip-contact.rules, then run "
    "`sudo udevadm control --reload && sudo udevadm trigger /dev/uinput`"
)


class UinputSink:
    """Has only the keys that it is made with. The kernel lifts what is down when the process ends, however it ends, and
    repeats a key that is held as it does for every keyboard."""

    def __init__(self, codes: Sequence[str]) -> None:
        """codes: names of key codes, as in linux/input-event-codes.h.

        Raises ValueError where evdev is missing or has no such code, OSError where /dev/uinput cannot be used.
        """
        self._numbers = find_numbers(codes)
        require_uinput()
        evdev = import_evdev()
        self._key_type = evdev.ecodes.EV_KEY
        numbers = sorted(set(self._numbers.values()))
        try:
            # EV_REP: the kernel repeats held keys, for text consoles; graphical desktops repeat by themselves.
            self._device = evdev.UInput({evdev.ecodes.EV_KEY: numbers, evdev.ecodes.EV_REP: []}, name=NAME)
        except evdev.uinput.UInputError as error:
            raise OSError(f"{DEVICE} cannot be used: {error}") from error

    @property
    def path(self) -> str:
        """Of the keyboard's device, e.g. /dev/input/event7; empty where this user may not read it."""
        return os.fsdecode(self._device.device.path) if self._device.device is not None else ""

    def write(self, code: str, is_down: bool) -> None:
        """A key goes down or comes up, at once. Raises OSError where the device is gone."""
        self._device.write(self._key_type, self._numbers[code], int(is_down))
        self._device.syn()

    def close(self) -> None:
        """The keyboard is unplugged."""
        self._device.close()


def require_uinput(device: str = DEVICE) -> None:
    """Raises OSError with the remedy where the kernel has no uinput, or this user may not write to it."""
    if not os.path.exists(device):
        raise FileNotFoundError(
            f"{device} is missing: run `sudo modprobe uinput`; in a container, pass --device {device} to it"
        )
    if not os.access(device, os.W_OK):
        raise PermissionError(f"{device} may not be written by this user: {UDEV_REMEDY}")
