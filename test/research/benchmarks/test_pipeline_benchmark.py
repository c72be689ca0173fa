"""Rules of the summary that `bench pipeline` computes from received messages."""

import os

import pytest

pytest.importorskip("rclpy")

from fingertip_research.benchmarks.pipeline import ProcessorTimeMonitor, summarise
from fingertip_research.ros.topic_recorder import ReceivedMessages

SECOND_NS = 1_000_000_000
START_NS = 1_700_000_000 * SECOND_NS
FRAMES = 300


def stamp_ns(frame):
    return START_NS + frame * SECOND_NS // 30


@pytest.fixture
def messages():
    """Ten seconds of a camera at 30 Hz: depth from the second second on, hands for every other image."""
    messages = ReceivedMessages(frame_stamps_ns={stamp_ns(frame) for frame in range(FRAMES)})
    messages.hands = {stamp_ns(frame): () for frame in range(0, FRAMES, 2)}
    messages.fingertips = {stamp_ns(frame): () for frame in range(FRAMES)}
    messages.depth_stamps_ns = {stamp_ns(frame) for frame in range(30, FRAMES)}
    for second in range(10):
        values = {"network_hz": "9.5", "network_ms": "80.0", "network_age_ms": "120.0", "full_image_rejected": "none"}
        values["latency_median_ms"] = str(20.0 + second)
        messages.diagnostics.append((START_NS + second * SECOND_NS, "depth_estimation_node", values))
    return messages


def test_rates_exclude_the_start_up(messages):
    """They count from one second after the first depth; the time before has no effect."""
    result = summarise(messages, ProcessorTimeMonitor())
    rates = (result.camera_hz, result.hands_hz, result.contact_hz, result.depth_hz)
    assert rates == pytest.approx((30.0, 15.0, 30.0, 30.0), abs=0.1)
    assert (result.network_hz, result.network_ms, result.network_age_ms) == (9.5, 80.0, 120.0)


def test_growing_latency_is_reported(messages):
    """The last third of the run compared with the first: here it grows by a millisecond per second."""
    assert summarise(messages, ProcessorTimeMonitor()).latency_growth_ms == pytest.approx(4.0)


def test_short_run_is_rejected(messages):
    """A run has to be long enough for a result."""
    messages.frame_stamps_ns = {stamp for stamp in messages.frame_stamps_ns if stamp < stamp_ns(120)}
    with pytest.raises(ValueError, match="10 s or more"):
        summarise(messages, ProcessorTimeMonitor())


def test_missing_depth_output_is_an_error(messages):
    """A run without depth is an error, not a table of zeros."""
    messages.depth_stamps_ns = set()
    with pytest.raises(ValueError, match="its log states the reason"):
        summarise(messages, ProcessorTimeMonitor())


def test_starved_network_is_an_error(messages):
    """A network without diagnostics is an error."""
    for _, _, values in messages.diagnostics:
        del values["network_ms"]
    with pytest.raises(ValueError, match="no time for it"):
        summarise(messages, ProcessorTimeMonitor())


def test_processor_time_is_reported_per_process(messages):
    """This process is busy between two samples; its time and that of other processes are separate."""
    meter = ProcessorTimeMonitor(period_s=0.0)
    meter.sample()
    used_s = os.times().user
    while os.times().user < used_s + 0.2:
        pass
    meter.sample()
    cores = meter.measure_cores(0, 2 * START_NS)
    assert set(cores) == {"bench", "others"}
    assert 0 < cores["bench"] <= 1.5
