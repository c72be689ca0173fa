"""Diagnostics say where frames are lost."""

from __future__ import annotations

import numpy as np
import pytest

from fingertip_contact.ros.frame_losses import INTERVALS, StampGaps, describe_losses

START_NS, PERIOD_NS = 1_700_000_000_000_000_000, 33_333_333


def count_missing(stamps_ns):
    gaps = StampGaps()
    for stamp_ns in stamps_ns:
        gaps.add(int(stamp_ns))
    return gaps.missing_count


@pytest.mark.parametrize("lost", [(), (40,), (40, 41), (30, 50, 70), tuple(range(20, 200, 3))])
def test_missing_frames_are_counted(lost):
    """Also under jitter of a tenth of a period, and where every third frame is lost."""
    jitter_ns = np.random.default_rng(0).uniform(-0.05, 0.05, 200) * PERIOD_NS
    stamps_ns = START_NS + np.arange(200) * PERIOD_NS + jitter_ns.astype(np.int64)
    assert count_missing(np.delete(stamps_ns, lost)) == len([index for index in lost if index < 199])


def test_a_pause_is_no_loss():
    """The camera stopped for two seconds, or a recording began anew."""
    stamps_ns = np.arange(2 * INTERVALS) * PERIOD_NS
    assert count_missing([*stamps_ns, *(stamps_ns + 2 * 10**9), *stamps_ns]) == 0


def test_losses_of_one_second_are_named():
    """Each stage of which more were lost than a second ago, in the order of the frames' way."""
    before = {"lost_before": 3, "unpaired": 0, "dropped": 7}
    assert describe_losses(before, before) == ""
    text = describe_losses(before, {"rate_hz": 20.0, "lost_before": 5, "unpaired": 0, "dropped": 8})
    assert text == "frames lost: 2 before this node, by camera or DDS; 1 here, this node is too slow"
    assert describe_losses({}, {"unpaired": 1}) == "frames lost: 1 for want of the other messages of their stamp"


def test_repeated_and_late_frames_hide_no_loss():
    """Each image twice, or pairs swapped: what is missing beside is counted all the same."""
    indices = [index for index in range(60) if index != 40]
    swapped = [*indices[:20], 21, 20, *indices[22:]]
    assert count_missing([index * PERIOD_NS for index in indices for _ in range(2)]) == 1
    assert count_missing([index * PERIOD_NS for index in swapped]) == 2
