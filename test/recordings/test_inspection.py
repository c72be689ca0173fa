"""Gaps and stamps of a bag's topics."""

from __future__ import annotations

import pytest

from fingertip_contact.recordings.bag import open_bag
from fingertip_contact.recordings.bag_writer import BagWriter
from fingertip_contact.recordings.inspection import inspect_bag
from small_bags import COLOR, DEPTH, FRAME_ID, image, make_depth, stamp_ns


def test_gaps_repeats_and_pairs(tmp_path):
    """Frames 4 to 8 are missing, frame 9 comes twice, every second one has depth."""
    numbers = [0, 1, 2, 3, 9, 9, 10, 11]
    with BagWriter(tmp_path / "bag.mcap") as bag:
        for number in numbers:
            bag.write_image(COLOR, stamp_ns(number), FRAME_ID, image(0), "bgr8")
        for number in (0, 2, 9, 11):
            bag.write_image(DEPTH, stamp_ns(number), FRAME_ID, make_depth(0), "16UC1")
    with open_bag(tmp_path / "bag.mcap") as bag:
        inspection = inspect_bag(bag)
    color = next(topic for topic in inspection.topics if topic.name == COLOR)
    assert (color.count, color.gaps, color.repeated_stamps) == (8, 1, 1)
    assert color.longest_gap_s == pytest.approx(0.2, abs=1e-3)
    assert color.rate_hz == pytest.approx(30, abs=0.1)
    # Frames 0, 2, 9 twice and 11.
    assert inspection.paired_share(COLOR, DEPTH) == pytest.approx(5 / 8)
