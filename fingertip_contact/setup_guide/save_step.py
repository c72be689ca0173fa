"""The last step: what was found is saved."""

from __future__ import annotations

from collections.abc import Callable

from fingertip_contact.datatypes import Frame, FrameResult
from fingertip_contact.setup_guide.step import Verdict


class SaveStep:
    """save: writes the profile and returns where, in words. Its errors pass."""

    name, instruction = "profile", "nothing to do: the profile is saved"
    is_required = False

    def __init__(self, save: Callable[[], str]) -> None:
        self._save = save

    def begin(self) -> None:
        """See Step."""

    def update(self, frame: Frame, result: FrameResult) -> Verdict:
        """See Step."""
        return self.finish()

    def finish(self) -> Verdict:
        """See Step."""
        return Verdict("done", self._save())
