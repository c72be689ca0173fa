"""What a soak run has shown: frames in and out, latency by minute, memory, the same presses in every pass."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from fingertip_contact.ros.frame_losses import LOSS_COUNTERS, StampGaps
from fingertip_research.benchmarks.process_memory import MemoryGrowth
from fingertip_research.ros.soak_recorder import FINGERTIPS, HANDS, SENT, SoakRecord

MINUTE_NS = 60_000_000_000
# The topic that comes out of each node, one message for each frame.
OUTPUTS = {"hand_tracking_node": HANDS, "contact_node": FINGERTIPS, "pipeline_node": FINGERTIPS}
# Counters of frames that were processed in spite of what they lacked.
HALF_COUNTERS = ("without_depth", "without_imagers")
# 240 MB in a day, half of what a node takes.
MAX_SLOPE_MB_PER_H = 10.0
# Below this rise a line through the samples says nothing: allocators keep and give back some megabytes.
MIN_RISE_MB = 5.0
# Of all frames: what is under way when the run ends, and before the gaps between stamps are known (StampGaps).
MAX_UNEXPLAINED_SHARE = 0.001
MAX_UNEXPLAINED = 3


@dataclass(frozen=True)
class StageReport:
    """One node. sent: frames of the camera. out: frames of which its result came. repeated_out: results that came
    twice. lost: by place, as /diagnostics counts them. unexplained: frames that are neither out nor counted; 0 is
    right. longest_gap: the most frames lost in a row. halves: frames without their depth or imagers, by counter."""

    sent: int
    out: int
    repeated_out: int
    lost: dict[str, int]
    unexplained: int
    longest_gap: int
    halves: dict[str, int]


@dataclass(frozen=True)
class MinuteLatency:
    """From an image's stamp, when it was due, to the arrival of its fingertips, milliseconds. A camera that is late
    itself (SoakReport.camera_late_ms) adds to it."""

    p50_ms: float
    p99_ms: float
    frames: int


@dataclass(frozen=True)
class PassReport:
    """One pass of the recording. keys: in order of their touch-down. touch_shift_ms: the largest difference of a
    touch-down's time, from the pass's first frame, to the first pass; to_second_ms: to the second pass. None where the
    keys differ from that pass's."""

    keys: tuple[str, ...]
    touch_shift_ms: float | None
    to_second_ms: float | None


@dataclass(frozen=True)
class SoakReport:
    """One run. form: separate or composed. camera_late_ms: the largest delay of the camera itself. cores: that each
    process kept busy, and the rest of the machine; empty where the system does not say. resident_mb: the largest
    resident memory of each process."""

    form: str
    minutes: float
    camera_late_ms: float
    stages: dict[str, StageReport]
    latency: list[MinuteLatency]
    cores: dict[str, float]
    resident_mb: dict[str, float]
    memory: dict[str, MemoryGrowth]
    passes: list[PassReport]

    @property
    def has_same_keys(self) -> bool:
        """Whether each pass gave the keys of the first."""
        return len({report.keys for report in self.passes}) <= 1


def report_stages(record: SoakRecord, nodes: list[str], camera_frames: int) -> dict[str, StageReport]:
    """camera_frames: what the camera says it has sent."""
    seen = sorted(set().union(*(topic.stamps_ns for topic in record.topics.values())))
    # The camera pauses between two passes, which a node cannot tell from frames that were lost.
    pauses = _count_gaps(seen)
    last_values = {node: values for _, node, values in record.diagnostics}
    stages = {}
    for node in nodes:
        stamps = record.topics[OUTPUTS[node]].stamps_ns
        out = set(stamps)
        values = last_values.get(node, {})
        lost = {name: int(values.get(name, 0)) for name in (*LOSS_COUNTERS, "errors")}
        lost["lost_before"] = max(lost["lost_before"] - pauses, 0)
        stages[node] = StageReport(
            sent=camera_frames,
            out=len(out),
            repeated_out=len(stamps) - len(out),
            lost=lost,
            unexplained=camera_frames - len(out) - sum(lost.values()),
            longest_gap=_find_longest_gap(seen, out),
            halves={name: int(values[name]) for name in HALF_COUNTERS if name in values},
        )
    return stages


def report_latency(record: SoakRecord) -> list[MinuteLatency]:
    """One entry for each minute of stamps in which a frame came out."""
    topic = record.topics[FINGERTIPS]
    stamps_ns, arrivals_ns = np.array(topic.stamps_ns, dtype=np.int64), np.array(topic.arrivals_ns, dtype=np.int64)
    if not len(stamps_ns):
        return []
    minutes, latency_ms = (stamps_ns - stamps_ns.min()) // MINUTE_NS, (arrivals_ns - stamps_ns) * 1e-6
    entries = []
    for minute in np.unique(minutes):
        of_minute = latency_ms[minutes == minute]
        p50_ms, p99_ms = np.percentile(of_minute, [50, 99])
        entries.append(MinuteLatency(float(p50_ms), float(p99_ms), len(of_minute)))
    return entries


def report_passes(record: SoakRecord, ends_ns: list[int]) -> list[PassReport]:
    """ends_ns: when each complete pass ended, by the camera's clock."""
    stamps = sorted(set().union(*(topic.stamps_ns for topic in record.topics.values())))
    presses = sorted(record.presses)
    touches: list[list[tuple[float, str]]] = []
    for start_ns, end_ns in pairwise([0, *ends_ns]):
        first_ns = next((stamp for stamp in stamps if start_ns < stamp <= end_ns), end_ns)
        touches.append([((time_ns - first_ns) * 1e-6, key) for time_ns, key in presses if first_ns < time_ns <= end_ns])
    return [
        PassReport(
            tuple(key for _, key in taps),
            _measure_shift_ms(taps, touches[0]),
            _measure_shift_ms(taps, touches[1]) if len(touches) > 1 else None,
        )
        for taps in touches
    ]


def find_faults(report: SoakReport) -> list[str]:
    """What a robot's owner should not see, in words. Lost frames are none: a machine may be too slow, if it says so."""
    faults = []
    for node, stage in report.stages.items():
        if abs(stage.unexplained) > max(MAX_UNEXPLAINED, MAX_UNEXPLAINED_SHARE * stage.sent):
            faults.append(f"{node}: {stage.unexplained} frames are neither out nor counted as lost")
        if stage.repeated_out:
            faults.append(f"{node}: {stage.repeated_out} results came twice")
    for name, memory in report.memory.items():
        if memory.slope_mb_per_h > MAX_SLOPE_MB_PER_H and memory.end_mb - memory.start_mb > MIN_RISE_MB:
            faults.append(f"{name}: resident memory grows by {memory.slope_mb_per_h:.0f} MB/h")
    is_complete = all(stage.out == stage.sent for stage in report.stages.values())
    if is_complete and not report.has_same_keys:
        faults.append("all frames came through, and passes differ in their keys")
    return faults


def count_frames(record: SoakRecord, after_ns: int) -> int:
    """The frames that the camera has sent after this time."""
    return sum(stamp > after_ns for stamp in set(record.topics[SENT].stamps_ns))


def _measure_shift_ms(taps: list[tuple[float, str]], others: list[tuple[float, str]]) -> float | None:
    if [key for _, key in taps] != [key for _, key in others]:
        return None
    return max((abs(time - other) for (time, _), (other, _) in zip(taps, others, strict=True)), default=0.0)


def _count_gaps(stamps_ns: list[int]) -> int:
    gaps = StampGaps()
    for stamp_ns in stamps_ns:
        gaps.add(stamp_ns)
    return gaps.missing_count


def _find_longest_gap(sent: list[int], out: set[int]) -> int:
    longest = current = 0
    for stamp_ns in sent:
        current = 0 if stamp_ns in out else current + 1
        longest = max(longest, current)
    return longest
