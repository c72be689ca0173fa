"""A virtual keyboard of the Linux kernel, by the library evdev."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from fingertip_contact.resources import advise_install

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

        Raises ValueError where evdev is missing or does not know a code, OSError where /dev/uinput cannot be used.
        """
        if sys.platform != "linux":
            raise ValueError(f"keys go into the desktop through Linux's uinput, which {sys.platform} does not have")
        try:
            import evdev
            from evdev.uinput import UInputError
        except ModuleNotFoundError:
            remedy = f"{advise_install('.[desktop]')}, or apt install python3-evdev"
            raise ValueError(f"the Python module evdev is not installed; {remedy}") from None
        unknown = [code for code in codes if code not in evdev.ecodes.ecodes]
        if unknown:
            raise ValueError(f"Linux has no key code {', '.join(unknown)}; rename the keys (docs/desktop.md)")
        require_uinput()
        self._ecodes = evdev.ecodes
        numbers = sorted({evdev.ecodes.ecodes[code] for code in codes})
        try:
            # EV_REP: the kernel repeats held keys, for text consoles; graphical desktops repeat by themselves.
            self._device = evdev.UInput({evdev.ecodes.EV_KEY: numbers, evdev.ecodes.EV_REP: []}, name=NAME)
        except UInputError as error:
            raise OSError(f"{DEVICE} cannot be used: {error}") from error

    @property
    def path(self) -> str:
        """Of the keyboard's device, e.g. /dev/input/event7; empty where this user may not read it."""
        return os.fsdecode(self._device.device.path) if self._device.device is not None else ""

    def write(self, code: str, is_down: bool) -> None:
        """A key goes down or comes up, at once. Raises OSError where the device is gone."""
        self._device.write(self._ecodes.EV_KEY, self._ecodes.ecodes[code], int(is_down))
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
