"""The text that key presses write."""

from __future__ import annotations

# The name of the key that deletes, in every layout.
BACKSPACE = "backspace"


class TextBuffer:
    """Applies presses in the order in which they were decided. Only the last press can be cancelled: once another key
    is pressed, the text of the ones before stays."""

    def __init__(self) -> None:
        self.text = ""
        self._last_press: int | None = None
        self._text_before_last_press = ""

    def press(self, press: int, key: str, text: str) -> None:
        """Write the text of a new press. press: its number. key: name of the key."""
        self._last_press, self._text_before_last_press = press, self.text
        self.repeat(key, text)

    def repeat(self, key: str, text: str) -> None:
        """Write once more for a key that is held down; cancelling its press removes this text too."""
        self.text = self.text[:-1] if key == BACKSPACE else self.text + text

    def cancel(self, press: int) -> str | None:
        """Restore the text before a press; returns the text that was removed, None if the press is not the last one."""
        if press != self._last_press:
            return None
        cancelled, self.text = self.text, self._text_before_last_press
        self._last_press = None
        return cancelled[len(self.text) :]

    def clear(self) -> None:
        """Empty the text; the presses before can no longer be cancelled."""
        self.continue_text("")

    def continue_text(self, text: str) -> None:
        """Start after this text; the presses before can no longer be cancelled."""
        self.text = text
        self._last_press = None
