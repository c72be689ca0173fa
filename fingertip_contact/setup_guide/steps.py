"""All steps, in their order."""

from __future__ import annotations

from collections.abc import Callable, Collection

from fingertip_contact.keyboard.layout import Layout
from fingertip_contact.live.source import FrameSource
from fingertip_contact.setup_guide.finger_step import FingerStep
from fingertip_contact.setup_guide.guide import SetupGuide
from fingertip_contact.setup_guide.placement_step import PlacementStep
from fingertip_contact.setup_guide.save_step import SaveStep
from fingertip_contact.setup_guide.seeing_steps import CameraStep, SheetStep, SurfaceStep
from fingertip_contact.setup_guide.typing_step import TypingStep

STEP_NAMES = ("camera", "sheet", "placement", "surface", "fingers", "typing", "profile")


def make_guide(
    source: FrameSource,
    layout: Layout,
    user_side: str,
    typing: TypingStep,
    save: Callable[[], str],
    skipped: Collection[str],
    timeout_s: float,
) -> SetupGuide:
    """source: of the frames. user_side: see PlacementStep. save: see SaveStep.

    Raises ValueError for a side that there is not, or a step to skip.
    """
    return SetupGuide(
        (
            CameraStep(source.description),
            SheetStep(layout.name, source.sheet_hold_s),
            PlacementStep(layout, user_side),
            SurfaceStep(),
            FingerStep(),
            typing,
            SaveStep(save),
        ),
        skipped,
        timeout_s,
    )
