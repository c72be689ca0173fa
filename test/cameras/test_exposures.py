"""Images of several streams, put together by exposure."""

from __future__ import annotations

import pytest

from fingertip_contact.cameras.exposures import ExposureAssembler

RATE_HZ, PERIOD_NS = 90, 11_111_111


@pytest.fixture
def assembler():
    return ExposureAssembler("color", ("depth", "left"), RATE_HZ)


def add(assembler, *images):
    """images: stream and number of the frame, or (number, stamp_ns). Returns the numbers of each exposure."""
    complete = []
    for name, number in images:
        stamp_ns = number * PERIOD_NS if isinstance(number, int) else number[1]
        complete += assembler.add(name, stamp_ns, number if isinstance(number, int) else number[0])
    return [exposure.images for exposure in complete]


@pytest.mark.parametrize("lag_ns", [0, 500_000, -5_000_000])
def test_an_exposure_is_complete_with_its_last_image(assembler, lag_ns):
    """At once, in whatever order they come, though stamps of one exposure differ."""
    assert add(assembler, ("depth", (1, PERIOD_NS + lag_ns)), ("color", 1)) == []
    assert add(assembler, ("left", (1, PERIOD_NS - lag_ns))) == [{"color": 1, "depth": 1, "left": 1}]
    assert add(assembler, ("color", 2), ("left", 2), ("depth", 2)) == [{"color": 2, "depth": 2, "left": 2}]
    assert assembler.incomplete_count == 0


def test_a_lost_image_holds_nothing_up(assembler):
    """Its exposure is given without it as soon as a later image of its stream comes, and counted."""
    assert add(assembler, ("color", 1), ("left", 1)) == []
    assert add(assembler, ("depth", 2)) == [{"color": 1, "left": 1}]
    assert add(assembler, ("color", 2), ("left", 2)) == [{"color": 2, "depth": 2, "left": 2}]
    assert assembler.incomplete_count == 1


def test_a_stream_that_falls_silent(assembler):
    """Colour waits for it for two images."""
    images = [(name, number) for number in (1, 2, 3, 4) for name in ("color", "left")]
    assert add(assembler, *images) == [{"color": 1, "left": 1}, {"color": 2, "left": 2}]


def test_colour_that_is_lost_is_no_exposure(assembler):
    """The images of the others are never those of another exposure."""
    assert add(assembler, ("depth", 1), ("left", 1), ("depth", 2), ("left", 2), ("color", 2)) == [
        {"color": 2, "depth": 2, "left": 2}
    ]


def test_a_clock_that_begins_anew(assembler):
    """Nothing of before is waited for, or used."""
    assert add(assembler, ("color", 1000), ("left", 1000)) == []
    assert add(assembler, ("color", 1), ("left", 1), ("depth", 1)) == [{"color": 1, "depth": 1, "left": 1}]
