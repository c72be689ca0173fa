"""Puts the images of a camera's streams together: those of one exposure have stamps of less than half a frame apart."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection
from dataclasses import dataclass
from typing import Generic, TypeVar

from fingertip_contact.stamps import MAX_LATENESS_NS

Image = TypeVar("Image")

# An image that is missing while so many newer ones of colour come is not waited for.
MAX_WAITING = 2
# Of a stream whose colour images do not come.
CAPACITY = 8


@dataclass(frozen=True)
class Exposure(Generic[Image]):
    """stamp_ns: of the first stream's image. images: by stream; those that did not come are missing."""

    stamp_ns: int
    images: dict[str, Image]


class ExposureAssembler(Generic[Image]):
    """Each image of the stream `first` with those of the others, as soon as they are there.

    librealsense's own syncer pairs no streams of a software device whose clock did not begin with its first frame
    (2.59.1), and gives single images then; nor does it say which were to come. pairing.FrameAssembler, for messages,
    waits for a later one where stamps are not equal.
    """

    def __init__(self, first: str, others: Collection[str], rate_hz: float) -> None:
        self._first = first
        self._waiting: deque[tuple[int, Image]] = deque()
        self._others: dict[str, deque[tuple[int, Image]]] = {name: deque(maxlen=CAPACITY) for name in others}
        self._tolerance_ns = round(0.5e9 / rate_hz)
        self._newest_ns = 0
        # Exposures without an image of another stream.
        self.incomplete_count = 0

    def add(self, name: str, stamp_ns: int, image: Image) -> list[Exposure[Image]]:
        """The exposures that this image completes, in order."""
        if name != self._first:
            self._others[name].append((stamp_ns, image))
        else:
            if stamp_ns < self._newest_ns:
                self._begin_anew(stamp_ns)
            self._newest_ns = stamp_ns
            self._waiting.append((stamp_ns, image))
        complete = []
        while self._waiting:
            exposure = self._assemble(*self._waiting[0])
            is_late = len(self._waiting) > MAX_WAITING
            if len(exposure.images) <= len(self._others) and not is_late and self._may_come(exposure):
                break
            self._waiting.popleft()
            self.incomplete_count += len(exposure.images) <= len(self._others)
            complete.append(exposure)
        return complete

    def _begin_anew(self, stamp_ns: int) -> None:
        """The camera's clock began anew: images of before look like later ones."""
        self._waiting.clear()
        for others in self._others.values():
            kept = [other for other in others if other[0] < stamp_ns + MAX_LATENESS_NS]
            others.clear()
            others.extend(kept)

    def _assemble(self, stamp_ns: int, image: Image) -> Exposure[Image]:
        images = {self._first: image}
        for name, others in self._others.items():
            near = [(abs(other_ns - stamp_ns), index) for index, (other_ns, _) in enumerate(others)]
            distance_ns, index = min(near, default=(self._tolerance_ns, 0))
            if distance_ns < self._tolerance_ns:
                images[name] = others[index][1]
        return Exposure(stamp_ns, images)

    def _may_come(self, exposure: Exposure[Image]) -> bool:
        """Whether every missing image may still come: a stream delivers in order."""
        last_ns = exposure.stamp_ns + self._tolerance_ns
        missing = self._others.keys() - exposure.images.keys()
        return not any(last_ns <= other_ns for name in missing for other_ns, _ in self._others[name])
