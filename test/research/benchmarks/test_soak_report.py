"""Rules of what `bench soak` makes of a run: each frame is accounted for, memory has a slope, passes are compared."""

from dataclasses import replace

import pytest

pytest.importorskip("rclpy")

from fingertip_research.benchmarks.process_memory import measure_growth
from fingertip_research.benchmarks.soak import read_passes
from fingertip_research.benchmarks.soak_report import (
    SoakReport,
    find_faults,
    report_latency,
    report_passes,
    report_stages,
)
from fingertip_research.ros.soak_recorder import FINGERTIPS, HANDS, SENT, SoakRecord

START_NS = 1_700_000_000_000_000_000
PERIOD_NS = 33_333_333
FRAMES = 90
PAUSE_NS = 20 * PERIOD_NS


def make_record(lost=(), counted=0):
    """Two passes with a pause between them; `lost` frames never come out of contact_node, which counts `counted`."""
    record = SoakRecord()
    stamps = [START_NS + index * PERIOD_NS + (index >= FRAMES) * PAUSE_NS for index in range(2 * FRAMES)]
    for name in (SENT, HANDS, FINGERTIPS):
        for index, stamp_ns in enumerate(stamps):
            if name != FINGERTIPS or index not in lost:
                record.topics[name].stamps_ns.append(stamp_ns)
                record.topics[name].arrivals_ns.append(stamp_ns + 40_000_000)
    values = {"lost_before": "20", "dropped": str(counted), "without_depth": "1"}
    record.diagnostics.append((stamps[-1], "contact_node", values))
    return record, stamps


def test_lost_frames_are_explained_by_their_counters():
    """The pause between passes is no loss; what a node dropped and said so is explained, and the run in a row told."""
    record, stamps = make_record(lost=(10, 11, 12, 50), counted=4)
    stage = report_stages(record, ["contact_node"], len(stamps))["contact_node"]
    assert (stage.sent, stage.out, stage.lost["dropped"], stage.lost["lost_before"]) == (180, 176, 4, 0)
    assert (stage.unexplained, stage.longest_gap, stage.halves) == (0, 3, {"without_depth": 1})


def test_a_frame_that_vanishes_is_a_fault():
    """Frames that are neither out nor counted are named; a rise of memory and other keys of a pass are, too."""
    record, stamps = make_record(lost=range(10, 20))
    stages = report_stages(record, ["contact_node"], len(stamps))
    report = SoakReport("separate", 5.0, 1.0, stages, report_latency(record), {}, {}, {}, [])
    assert [fault for fault in find_faults(report) if "10 frames are neither out" in fault]
    growing = measure_growth([(second, 200.0 + second / 20) for second in range(300)], warm_up_s=60.0)
    assert growing.slope_mb_per_h == pytest.approx(180.0, rel=0.01)
    assert any("180 MB/h" in fault for fault in find_faults(replace(report, memory={"contact_node": growing})))


def test_a_step_of_memory_is_told_from_a_slope():
    """Memory that rose once has its step in the report; too short a run has no slope."""
    samples = [(second, 200.0 + 8.0 * (second >= 200)) for second in range(300)]
    growth = measure_growth(samples, warm_up_s=60.0)
    assert (growth.start_mb, growth.end_mb, growth.largest_step_mb) == (200.0, 208.0, 8.0)
    assert measure_growth(samples[:100], warm_up_s=60.0) is None


def test_passes_are_compared_key_by_key():
    """The same keys: the shift of their touch-downs, milliseconds, from the pass's first frame; other keys: none."""
    record, stamps = make_record()
    record.presses = [(stamps[30], "h"), (stamps[FRAMES + 30] + 4_000_000, "h")]
    ends_ns = [stamps[FRAMES - 1] + 1, stamps[-1] + 1]
    first, second = report_passes(record, ends_ns)
    assert (first.keys, second.keys, first.touch_shift_ms) == (("h",), ("h",), 0.0)
    assert second.touch_shift_ms == pytest.approx(4.0)
    record.presses.append((stamps[FRAMES + 40], "i"))
    assert report_passes(record, ends_ns)[1].touch_shift_ms is None


def test_latency_is_of_each_minute():
    """One entry for each minute of stamps."""
    (entry,) = report_latency(make_record()[0])
    assert (entry.p50_ms, entry.p99_ms, entry.frames) == (pytest.approx(40.0), pytest.approx(40.0), 2 * FRAMES)


def test_passes_are_read_from_the_cameras_log(tmp_path):
    """Each complete pass: its end, its frames and its largest delay."""
    log = tmp_path / "camera.log"
    line = (
        "[INFO] [1700000003.000000005] [fingertip_contact.simulated_camera_node]: played 90 frames, at most 3.2 ms late"
    )
    log.write_text(f"something else\n{line}\n")
    assert read_passes(log) == [(1_700_000_003_000_000_005, 90, 3.2)]
    assert read_passes(tmp_path / "missing.log") == []
