"""What the hands of a recording do: they type a text, or do not type for a time."""

from __future__ import annotations

from fingertip_contact.keyboard.layout import Layout
from fingertip_research.simulation.hands_only import simulate_hands_only
from fingertip_research.simulation.rendered_typing import SampledTypingTrajectory, simulate_typing
from fingertip_research.simulation.scene import Scene


def simulate_trajectory(
    scene: Scene, layout: Layout, text: str | None, seconds: float | None = None
) -> SampledTypingTrajectory:
    """The trajectory of a scene's participant. text: to type; None for hands that do not type, but do other things for
    `seconds`.

    Raises ValueError if not exactly one of both is given, or one is impossible.
    """
    if text is None and seconds is not None:
        return simulate_hands_only(seconds, scene.seed, scene.difficulty, scene.view, scene.frame_rate_hz)
    if text is None or seconds is not None:
        raise ValueError("give either a text to type, or the seconds for which hands do not type")
    return simulate_typing(
        text,
        layout,
        scene.seed,
        scene.difficulty,
        posture=scene.posture,
        view=scene.view,
        frame_rate_hz=scene.frame_rate_hz,
    )
