"""Watches for markers that are covered, and for the sheet of another layout than the one that is looked for."""

from __future__ import annotations

from collections import Counter
from functools import cache

import cv2
import numpy as np

from fingertip_contact.advice import MARKERS_COVERED, ONE_MARKER, Advice, advise_other_layout
from fingertip_contact.keyboard.layout import built_in_layouts, load_layout
from fingertip_contact.keyboard.markers import MarkerDetector

# Two markers give a sheet.
MIN_MARKERS = 2
# While no sheet is found, nothing else is read; detecting markers takes 5 ms.
SEARCH_PERIOD_NS = 1_000_000_000
# While it is, hands cover markers all the time; COVERED_S tells how long is too long.
CHECK_PERIOD_NS = 5_000_000_000
COVERED_S = 20.0


class MarkerWatch:
    """update() takes every image, and searches some: one in a second while there is no sheet, else one in five seconds.

    The markers are those of the built-in layouts; a sheet with other ones is not judged. layout: the chosen one's name.
    """

    def __init__(self, layout: str) -> None:
        self._layout = layout
        self._searched_ns: int | None = None
        self._seen_ns: int | None = None
        self._is_found = False
        self.advice: Advice | None = None
        # Reading all layouts takes a quarter of a second, in which the first images would be lost.
        _list_built_in_markers()

    def update(self, stamp_ns: int, image_bgr: np.ndarray, is_found: bool) -> None:
        """is_found: whether the pose of a sheet is known."""
        if is_found != self._is_found:
            self._is_found, self._seen_ns, self.advice = is_found, None, None
        period_ns = CHECK_PERIOD_NS if is_found else SEARCH_PERIOD_NS
        if self._searched_ns is not None and stamp_ns - self._searched_ns < period_ns:
            return
        self._searched_ns = stamp_ns
        gray = cv2.cvtColor(image_bgr, cv2.COLOR_BGR2GRAY)
        counts = _count_markers(gray)
        self.advice = self._judge_covered(stamp_ns, counts) if is_found else self._judge_missing(counts)

    def _judge_covered(self, stamp_ns: int, counts: Counter[str]) -> Advice | None:
        if max(counts.values(), default=0) >= MIN_MARKERS:
            self._seen_ns = stamp_ns
        # Of a sheet whose markers were never seen here, such as one of other markers, nothing is known.
        is_covered = self._seen_ns is not None and stamp_ns - self._seen_ns >= COVERED_S * 1e9
        return MARKERS_COVERED if is_covered else None

    def _judge_missing(self, counts: Counter[str]) -> Advice | None:
        """Of the chosen layout, two markers would have given the sheet; if not, its markers are not why."""
        if not counts:
            return None
        (name, count), *_ = counts.most_common(1)
        if count < MIN_MARKERS:
            return ONE_MARKER
        return None if name == self._layout else advise_other_layout(name, self._layout)


def _count_markers(gray: np.ndarray) -> Counter[str]:
    """How many markers of each built-in layout are seen."""
    counts: Counter[str] = Counter()
    for dictionary, names in _list_built_in_markers().items():
        detected = MarkerDetector(dictionary).detect(gray).keys()
        counts.update({name: len(detected & numbers) for name, numbers in names.items() if detected & numbers})
    return counts


@cache
def _list_built_in_markers() -> dict[str, dict[str, frozenset[int]]]:
    """Dictionary -> name of a layout -> numbers of its markers."""
    found: dict[str, dict[str, frozenset[int]]] = {}
    for name in built_in_layouts():
        layout = load_layout(name)
        if layout.markers:
            numbers = frozenset(marker.marker_id for marker in layout.markers)
            found.setdefault(layout.dictionary, {})[name] = numbers
    return found
