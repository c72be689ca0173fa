"""Keys of a layout to Linux key codes, by the names of linux/input-event-codes.h.

A key code is a position on a keyboard, named after what the US layout writes there: which character comes of it is up
to the desktop's keyboard layout.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterable

from fingertip_contact.datatypes import Modifier
from fingertip_contact.keyboard.layout import Key

# Names of layouts that are not those of Linux.
_OTHER_NAMES = {
    "alt_left": "LEFTALT",
    "altgr": "RIGHTALT",
    "alt_right": "RIGHTALT",
    "apostrophe": "APOSTROPHE",
    # The main block of the US layout has these two only with Shift.
    "asterisk": "KPASTERISK",
    "plus": "KPPLUS",
    "backslash": "BACKSLASH",
    "backspace": "BACKSPACE",
    "bracket_left": "LEFTBRACE",
    "bracket_right": "RIGHTBRACE",
    "caps_lock": "CAPSLOCK",
    "comma": "COMMA",
    "ctrl_left": "LEFTCTRL",
    "ctrl_right": "RIGHTCTRL",
    "delete": "DELETE",
    "down": "DOWN",
    "end": "END",
    "enter": "ENTER",
    "equal": "EQUAL",
    "escape": "ESC",
    "grave": "GRAVE",
    "home": "HOME",
    "hyphen": "MINUS",
    "insert": "INSERT",
    "left": "LEFT",
    "menu": "COMPOSE",
    "meta_left": "LEFTMETA",
    "meta_right": "RIGHTMETA",
    "page_down": "PAGEDOWN",
    "page_up": "PAGEUP",
    "period": "DOT",
    "return": "ENTER",
    "right": "RIGHT",
    "semicolon": "SEMICOLON",
    "shift_left": "LEFTSHIFT",
    "shift_right": "RIGHTSHIFT",
    "slash": "SLASH",
    "space": "SPACE",
    "tab": "TAB",
    "up": "UP",
}
_CODES = {
    **{name: f"KEY_{code}" for name, code in _OTHER_NAMES.items()},
    **{name: f"KEY_{name.upper()}" for name in (*string.ascii_lowercase, *string.digits)},
    **{f"f{number}": f"KEY_F{number}" for number in range(1, 25)},
}
# A modifier's key whose name says no more than its modifier; caps_lock is a key of its own that toggles.
_MODIFIER_CODES: dict[Modifier, str] = {
    "shift": "KEY_LEFTSHIFT",
    "ctrl": "KEY_LEFTCTRL",
    "alt": "KEY_LEFTALT",
    "meta": "KEY_LEFTMETA",
    "caps_lock": "KEY_CAPSLOCK",
    "altgr": "KEY_RIGHTALT",
}
_LINUX_NAME = re.compile("key_[a-z0-9_]+")


def find_key_code(key: Key) -> str:
    """The code of a key, e.g. KEY_A; empty where none is known. It is what the layout says, else that of its name; a
    key named like a code, e.g. key_volumeup, has it."""
    if key.code:
        return key.code
    name = key.name.lower()
    if _LINUX_NAME.fullmatch(name):
        return name.upper()
    return _CODES.get(name, "") or (_MODIFIER_CODES[key.modifier] if key.modifier else "")


def find_key_codes(keys: Iterable[Key]) -> dict[str, str]:
    """The code of each key that has one, by the key's name."""
    return {key.name: code for key in keys if (code := find_key_code(key))}
