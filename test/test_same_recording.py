"""The same recording again gives the same: what docs/guarantees.md promises of it."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from pathlib import Path

import pytest

from fingertip_contact.datatypes import Frame, FrameResult
from fingertip_contact.factory import build_pipeline
from fingertip_contact.keyboard.layout import load_layout
from fingertip_contact.pipeline import Pipeline, process_frames
from fingertip_contact.recordings.open import open_recording

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("hand_weights")]

# What it takes to find sheet and hands, and both taps of the recording; or the first alone.
FIRST_FRAME, END_FRAME, END_OF_FIRST_TAP = 78, 118, 100
MAX_TOUCH_SHIFT_NS, MAX_LIFT_SHIFT_NS = 8_000_000, 33_400_000


def read_frames(recording: Path, depth_source: str, end_frame: int) -> list[Frame]:
    with open_recording(recording, depth_source=depth_source) as opened:
        return list(islice(opened.frames(), FIRST_FRAME, end_frame))


def start_pipeline() -> Pipeline:
    return build_pipeline(load_layout("qwerty"), calibration_seconds=0.1)


def play(frames: list[Frame], pipeline: Pipeline) -> list[FrameResult]:
    """One pass. From the second on stamps run backwards at its start, as in a bag that is played again."""
    return [result for _, result in process_frames(frames, pipeline)]


def describe(results: Iterable[FrameResult]) -> list[tuple[object, ...]]:
    """All that is published of each event: kind, finger, key, both times in nanoseconds, place and confidence."""
    contacts = [event for result in results for event in result.contact_events]
    described: list[tuple[object, ...]] = [
        (event.type, event.hand, event.finger, event.contact_ns, event.stamp_ns, tuple(event.point_m), event.confidence)
        for event in contacts
    ]
    return described + find_keys(results)


def find_keys(results: Iterable[FrameResult]) -> list[tuple[object, ...]]:
    return [(event.contact.type, event.key) for result in results for event in result.key_events]


def find_times_ns(results: Iterable[FrameResult], kind: str) -> list[int]:
    return [event.contact_ns for result in results for event in result.contact_events if event.type == kind]


def measure_shift_ns(results: list[FrameResult], others: list[FrameResult], kind: str) -> int:
    times = zip(find_times_ns(results, kind), find_times_ns(others, kind), strict=True)
    return max(abs(time_ns - other_ns) for time_ns, other_ns in times)


def test_three_passes_give_the_same_keys(typed_recording: Path) -> None:
    """Of a camera with both imagers, from which contact heights are learnt: the keys are the same in each pass,
    touch-downs of these first taps up to 8 ms off, lift-offs up to a frame. Fingers forgotten, touch-downs are those of
    the first pass. Started anew, everything is the same to the last bit."""
    frames = read_frames(typed_recording, "stereo", END_FRAME)
    pipeline = start_pipeline()
    first, *later = [play(frames, pipeline) for _ in range(3)]
    assert [name for kind, name in find_keys(first) if kind == "press"] == ["h", "i"]
    for results in later:
        assert find_keys(results) == find_keys(first)
        assert measure_shift_ns(results, first, "press") <= MAX_TOUCH_SHIFT_NS
        assert measure_shift_ns(results, first, "release") <= MAX_LIFT_SHIFT_NS
    assert later[-1][-1].text == "hi" * 3
    pipeline.contact.reset_fingers()
    assert find_times_ns(play(frames, pipeline), "press") == find_times_ns(first, "press")
    assert describe(play(frames, start_pipeline())) == describe(first)


def test_passes_of_colour_alone_are_equal(typed_recording: Path) -> None:
    """Nothing is learnt from colour alone: a later pass has the events of the first at the same nanosecond."""
    frames = read_frames(typed_recording, "none", END_OF_FIRST_TAP)
    pipeline = start_pipeline()
    first, second = play(frames, pipeline), play(frames, pipeline)
    assert find_keys(first) == [("press", "h"), ("release", "h")]
    assert find_keys(second) == find_keys(first)
    for kind in ("press", "release"):
        assert find_times_ns(second, kind) == find_times_ns(first, kind)
