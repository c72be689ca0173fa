"""Age of the depth that the network provides for a stream of images."""

from __future__ import annotations

import threading
import time

import numpy as np


class InferenceStatistics:
    """Counts inferences between two reports, and the age of the published depth.

    Two threads count, a third one reports.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._since_s = time.monotonic()
        self._durations_s: list[float] = []
        self._ages_s: list[float] = []
        self._full_images = 0

    def on_inference(self, duration_s: float, is_full_image: bool) -> None:
        """Count an inference on a full image or on a region."""
        with self._lock:
            self._durations_s.append(duration_s)
            self._full_images += is_full_image

    def on_publish(self, age_s: float) -> None:
        """Count a published depth image of this age."""
        with self._lock:
            self._ages_s.append(age_s)

    def report(self) -> dict[str, object]:
        """Values since the last report, for diagnostics: rate and duration of inferences, number of full images, age of
        the published depth."""
        with self._lock:
            durations_s, self._durations_s = self._durations_s, []
            ages_s, self._ages_s = self._ages_s, []
            full_images, self._full_images = self._full_images, 0
            now_s = time.monotonic()
            elapsed_s, self._since_s = now_s - self._since_s, now_s
        report: dict[str, object] = {
            "network_hz": round(len(durations_s) / elapsed_s, 1),
            "network_full_images": full_images,
        }
        if durations_s:
            report["network_ms"] = round(float(np.median(durations_s)) * 1e3, 1)
        if ages_s:
            median_s, max_s = float(np.median(ages_s)), max(ages_s)
            report |= {"network_age_ms": round(median_s * 1e3, 1), "network_age_max_ms": round(max_s * 1e3, 1)}
        return report
