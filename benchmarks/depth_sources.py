"""The results of docs/depth.md on typing with each depth source, on a rendered text:

    python benchmarks/depth_sources.py

The network is the simulated one of test/support/depth_world.py: it processes every third image, with a delay of two
images. Duration: one to two minutes.
"""

from __future__ import annotations

import sys
from pathlib import Path

from fingertip_contact.datatypes import DepthImage, Frame, KeyEvent
from fingertip_contact.depth.fusion import fuse
from fingertip_contact.depth.propagation import Keyframe, Propagator, to_flow_image
from fingertip_contact.factory import build_pipeline
from fingertip_contact.keyboard.layout import load_layout
from fingertip_research.simulation.rendered_typing import simulate_typing
from fingertip_research.simulation.scene import make_scene

# The simulated network is shared with the tests.
sys.path.append(str(Path(__file__).resolve().parents[1] / "test" / "support"))
from depth_world import RenderedView, SimulatedDepthNetwork, render_views

TEXT, SEED, ANGLE_DEG, LEVEL = "the fox", 7, 60.0, "calm"
PERIOD_FRAMES, DELAY_FRAMES = 3, 2
TOLERANCE_NS = 150_000_000


class DelayedNetwork:
    """Depth of each image, propagated from the network's result on an earlier one."""

    def __init__(self) -> None:
        self._predict = SimulatedDepthNetwork(1).predict
        self._propagator = Propagator()
        self._keyframes: list[Keyframe] = []

    def depth_m(self, frame_index: int, view: RenderedView):
        gray = to_flow_image(view.color_bgr)
        if frame_index % PERIOD_FRAMES == 0:
            self._keyframes.append(Keyframe(view.stamp_ns, gray, self._predict(view.ground_truth_m)))
        keyframe_index = (frame_index - DELAY_FRAMES) // PERIOD_FRAMES
        return self._propagator.propagate(self._keyframes[max(keyframe_index, 0)], gray)


def main() -> None:
    layout, scene = load_layout("qwerty"), make_scene(SEED, ANGLE_DEG, LEVEL)
    trajectory = simulate_typing(TEXT, layout, scene.seed, scene.difficulty)
    network = DelayedNetwork()
    pipelines = {source: build_pipeline(layout) for source in ("sensor", "fused", "model")}
    presses: dict[str, list[KeyEvent]] = {source: [] for source in pipelines}
    for frame_index, view in enumerate(render_views(TEXT, SEED, ANGLE_DEG, LEVEL, range(len(trajectory.poses)))):
        predicted_m = network.depth_m(frame_index, view)
        depths = {
            "sensor": view.sensor,
            "fused": fuse(view.sensor, predicted_m, view.focal_px),
            "model": DepthImage(predicted_m, unit_m=1.0),
        }
        for source, pipeline in pipelines.items():
            frame = Frame(view.stamp_ns, "camera", scene.color_camera, view.color_bgr, depths[source])
            events = pipeline.process(frame).key_events
            presses[source] += [event for event in events if event.contact.type == "press"]
    for source, events in presses.items():
        hit_count = sum(any(matches(event, tap) for event in events) for tap in trajectory.taps)
        text = pipelines[source].contact.key_decoder.text
        print(
            f"{source}: {hit_count} of {len(trajectory.taps)} taps on their keys, {len(events)} presses, text {text!r}"
        )


def matches(event: KeyEvent, tap) -> bool:
    """Whether the event is a press by the tap's finger, on its key, within TOLERANCE_NS."""
    contact = event.contact
    is_near = abs(contact.contact_ns - tap.press_ns) < TOLERANCE_NS
    return is_near and (contact.hand, contact.finger, event.key) == (tap.hand, tap.finger, tap.key)


if __name__ == "__main__":
    main()
