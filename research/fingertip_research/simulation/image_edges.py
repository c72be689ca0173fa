"""Where hands come into the camera's view from, and leave it to."""

from __future__ import annotations

from typing import Literal

import numpy as np

from fingertip_contact.datatypes import Handedness
from fingertip_research.simulation.camera_view import View

# The typist's side of the desk, the hand's own side, and the far side.
Edge = Literal["near", "outer", "far"]
EDGES: tuple[Edge, ...] = ("near", "outer", "far")
# A hand beyond the far side still has its arm in the view: no recording begins with it.
_ENTRY_RATIOS, _EXIT_RATIOS = (0.55, 0.45, 0.0), (0.4, 0.35, 0.25)
# From the hand's place over the sheet to a place outside the view: to the hand's own side, forward, up. A camera that
# faces the typist stands beyond the sheet: hands pass under it. Over the typist's side a camera sees far along the
# desk: hands come in from above its view.
_OFFSETS_M: dict[Edge, tuple[float, float, float]] = {
    "near": (0.10, -0.60, 0.08),
    "outer": (0.48, 0.0, 0.10),
    "far": (0.06, 0.42, 0.12),
}
_OWN_SIDE_FAR_M = (0.06, 0.45, 0.34)


def sample_entry_edge(random: np.random.Generator) -> Edge:
    """Where a hand comes from that was not in view at all."""
    return EDGES[random.choice(len(EDGES), p=_ENTRY_RATIOS)]


def sample_exit_edge(random: np.random.Generator) -> Edge:
    """Where a hand leaves to at the end."""
    return EDGES[random.choice(len(EDGES), p=_EXIT_RATIOS)]


def find_edge_offset_m(edge: Edge, hand: Handedness, view: View) -> np.ndarray:
    """(3,) displacement of a hand from over the sheet to beyond an edge of the image, sheet frame."""
    sideways_m, forward_m, up_m = _OWN_SIDE_FAR_M if (edge, view) == ("far", "own_side") else _OFFSETS_M[edge]
    return np.array([sideways_m if hand == "right" else -sideways_m, forward_m, up_m])
