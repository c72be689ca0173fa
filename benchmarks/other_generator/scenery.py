"""What stays the same in all frames of a recording, drawn from its seed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from other_generator.desk_surface import DeskSurface
from other_generator.light import Lighting, sample_lighting
from other_generator.sheet import Sheet
from other_generator.skin import Skin
from other_generator.view import Side, View, sample_view

_STREAM = 9000


@dataclass(frozen=True)
class Scenery:
    """view: the camera, its lens without distortion."""

    view: View
    lighting: Lighting
    desk_surface: DeskSurface
    skin: Skin


def sample_scenery(seed: int, angle_deg: float, side: Side, sheet: Sheet, paper_grain: float) -> Scenery:
    """angle_deg: elevation of the camera above the desk. paper_grain: as in DeskSurface."""
    random = np.random.default_rng(_STREAM + seed)
    # The arguments are evaluated, and so drawn, in this order.
    return Scenery(
        view=sample_view(seed, angle_deg, side, random),
        lighting=sample_lighting(side, random),
        desk_surface=DeskSurface(sheet, paper_grain, random),
        skin=Skin(random),
    )
