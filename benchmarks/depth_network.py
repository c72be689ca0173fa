"""The results of docs/depth.md on propagation and fusion, on rendered typing with exact depth:

    python benchmarks/depth_network.py

The network is the simulated one of test/support/depth_world.py. Duration: about two minutes.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from statistics import median

import numpy as np

from fingertip_contact.depth.alignment import align
from fingertip_contact.depth.fusion import STRIDE, fuse_with_sigma
from fingertip_contact.depth.propagation import Keyframe, Propagator, to_flow_image

# The simulated network is shared with the tests.
sys.path.append(str(Path(__file__).resolve().parents[1] / "test" / "support"))
from depth_world import RenderedView, SimulatedDepthNetwork, mean_error_mm, render_views

SCENES = {"60 degrees, quick": (3, 60.0, "normal"), "45 degrees, calm": (5, 45.0, "calm")}
FRAMES = range(90, 138)
AGES_FRAMES = (2, 4, 7)
FRAME_STRIDE = 4


def measure_propagation(scene: list[RenderedView]) -> None:
    """Errors of an old frame's depth in a later frame: unchanged, and propagated by optical flow."""
    propagator = Propagator()
    for age in AGES_FRAMES:
        errors_mm = []
        for keyframe, current in zip(scene[::FRAME_STRIDE], scene[age::FRAME_STRIDE], strict=False):
            propagated_m = propagator.propagate(
                Keyframe(0, to_flow_image(keyframe.color_bgr), keyframe.ground_truth_m),
                to_flow_image(current.color_bgr),
            )
            near = current.near_hands | keyframe.near_hands
            errors_mm.append(
                [mean_error_mm(depth_m, current, near) for depth_m in (keyframe.ground_truth_m, propagated_m)]
            )
        unchanged_mm, propagated_mm = np.mean(errors_mm, axis=0)
        print(
            f"  depth {age} frames old, near the hands: "
            f"unchanged {unchanged_mm:.2f} mm, propagated {propagated_mm:.2f} mm"
        )


def measure_fusion(scene: list[RenderedView]) -> None:
    """Mean error of each source by region, and the coverage of the predicted standard deviation."""
    network = SimulatedDepthNetwork()
    rows: dict[str, list[list[float]]] = {}
    within, durations_s = [], []
    for view in scene[::FRAME_STRIDE]:
        predicted_m, sensor_m = network.predict(view.ground_truth_m), view.sensor.to_metres()
        alignment = align(predicted_m[::STRIDE, ::STRIDE], sensor_m[::STRIDE, ::STRIDE])
        ratio = np.nanmedian((sensor_m / predicted_m)[::STRIDE, ::STRIDE])
        start_s = time.perf_counter()
        fused = fuse_with_sigma(view.sensor, predicted_m, view.focal_px)
        durations_s.append(time.perf_counter() - start_s)
        is_measured, is_predicted = np.isfinite(sensor_m), np.isfinite(predicted_m)
        regions = (is_measured, is_measured & view.near_hands, ~is_measured, ~is_measured & view.near_hands)
        sources = {
            "sensor": sensor_m,
            "network": predicted_m,
            "network, scale": predicted_m * ratio,
            "network, scale and shift": alignment.apply(predicted_m),
            "fused": fused.depth.values,
        }
        for name, depth_m in sources.items():
            rows.setdefault(name, []).append(
                [mean_error_mm(depth_m, view, region & is_predicted) for region in regions]
            )
        sigmas = (np.abs(fused.depth.values - view.ground_truth_m) / fused.sigma_m)[is_measured & is_predicted]
        within.append([np.mean(sigmas < 1), np.mean(sigmas < 2)])
    print("  mean error, mm            known  near hands  holes  near hands")
    for name, errors_mm in rows.items():
        print(f"  {name:25}", *(f"{cell:8.2f}" for cell in np.mean(errors_mm, axis=0)))
    within_1_sigma, within_2_sigma = np.mean(within, axis=0)
    print(
        f"  within one and two standard deviations: {within_1_sigma:.0%}, {within_2_sigma:.0%}; "
        f"{1e3 * median(durations_s):.1f} ms per frame"
    )


def main() -> None:
    for name, (seed, angle_deg, level) in SCENES.items():
        scene = list(render_views("the quick brown", seed, angle_deg, level, FRAMES))
        print(f"{name}: {len(scene)} frames")
        measure_propagation(scene)
        measure_fusion(scene)


if __name__ == "__main__":
    main()
