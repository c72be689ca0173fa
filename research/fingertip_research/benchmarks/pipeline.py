"""How the nodes hold a camera's rate together: hand tracking, contact and depth estimation on one machine."""

from __future__ import annotations

import os
import statistics
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fingertip_research.demo.nodes import NodeParameters
from fingertip_research.demo.run import play
from fingertip_research.ros.topic_recorder import ReceivedMessages

# After the first depth; the network and the queues have settled then.
SETTLE_NS = 1_000_000_000
# Nodes report once a second; with fewer reports there is nothing to take a median of.
MIN_DURATION_S = 5.0
TOTAL = "total"
START_MODULE = b"fingertip_contact.start"


@dataclass(frozen=True)
class PipelineBenchmark:
    """One run. Rates are outputs for each second of the camera's stamps, after the start has settled.

    duration_s: what was measured. camera_hz: frames that were sent. hands_hz, contact_hz, depth_hz: what came of them.
    network_hz: images that the network saw. network_ms: one of them, median. network_age_ms: how much older the
    network's image was than the one its depth was published for, median. latency_ms: from an image's stamp to the
    node's answer, by node, median. latency_growth_ms: of the depth node's latency, last third of the run over the
    first. cores: that each node kept busy, and what else ran on the machine; empty where the system does not report it.
    """

    duration_s: float
    camera_hz: float
    hands_hz: float
    contact_hz: float
    depth_hz: float
    network_hz: float
    network_ms: float
    network_age_ms: float
    latency_ms: dict[str, float]
    latency_growth_ms: float
    cores: dict[str, float]


class ProcessorTimeMonitor:
    """Looks on while the nodes run, and notes the processor time that each has used; once in period_s at most, for it
    takes some time itself."""

    def __init__(self, period_s: float = 1.0) -> None:
        self._period_ns = round(period_s * 1e9)
        self._samples: list[tuple[int, dict[str, float]]] = []

    def sample(self) -> None:
        """Called now and then."""
        now_ns = time.time_ns()
        due = not self._samples or now_ns - self._samples[-1][0] > self._period_ns
        if due and Path("/proc/stat").is_file():
            self._samples.append((now_ns, _read_processor_times_s()))

    def measure_cores(self, start_ns: int, end_ns: int) -> dict[str, float]:
        """Kept busy between the two on average, by node; "others" is the rest of the machine."""
        inside = [sample for sample in self._samples if start_ns <= sample[0] <= end_ns]
        if len(inside) < 2:
            return {}
        (first_ns, first), (last_ns, last) = inside[0], inside[-1]
        seconds = (last_ns - first_ns) * 1e-9
        cores = {name: (last[name] - first[name]) / seconds for name in sorted(first) if name in last}
        total = cores.pop(TOTAL)
        return cores | {"others": total - sum(cores.values())}


def measure(
    recording: Path, processing_nodes: NodeParameters, log_folder: Path, show: Callable[[ReceivedMessages], None]
) -> PipelineBenchmark:
    """Plays a recording once to the readers, with depth_estimation_node among them.

    Raises RunError where a node fails, ValueError where the recording is too short to measure anything.
    """
    monitor = ProcessorTimeMonitor()

    def on_update(received: ReceivedMessages) -> None:
        monitor.sample()
        show(received)

    return summarise(play(recording, log_folder, on_update, processing_nodes), monitor)


def summarise(received: ReceivedMessages, monitor: ProcessorTimeMonitor) -> PipelineBenchmark:
    if not received.depth_stamps_ns:
        raise ValueError("depth_estimation_node published no depth; its log states the reason")
    start_ns, end_ns = min(received.depth_stamps_ns) + SETTLE_NS, max(received.frame_stamps_ns)
    duration_s = (end_ns - start_ns) * 1e-9
    if duration_s < MIN_DURATION_S:
        raise ValueError(
            f"{max(duration_s, 0.0):.1f} s of the recording are left after the first depth; use a recording of 10 s or "
            "more, on a machine with less to do"
        )

    def rate_hz(stamps: set[int]) -> float:
        return sum(start_ns < stamp <= end_ns for stamp in stamps) / duration_s

    diagnostics = _collect_diagnostics(received, start_ns, end_ns)
    depth = diagnostics["depth_estimation_node"]
    if "network_ms" not in depth:
        raise ValueError("the depth network has looked at nothing: the machine has no time for it")
    latency = depth["latency_median_ms"]
    third = max(len(latency) // 3, 1)
    return PipelineBenchmark(
        duration_s=duration_s,
        camera_hz=rate_hz(received.frame_stamps_ns),
        hands_hz=rate_hz(set(received.hands)),
        contact_hz=rate_hz(set(received.fingertips)),
        depth_hz=rate_hz(received.depth_stamps_ns),
        network_hz=statistics.mean(depth["network_hz"]),
        network_ms=statistics.median(depth["network_ms"]),
        network_age_ms=statistics.median(depth["network_age_ms"]),
        latency_ms={
            node: statistics.median(values["latency_median_ms"]) for node, values in sorted(diagnostics.items())
        },
        latency_growth_ms=statistics.median(latency[-third:]) - statistics.median(latency[:third]),
        cores=monitor.measure_cores(start_ns, end_ns),
    )


def _collect_diagnostics(received: ReceivedMessages, start_ns: int, end_ns: int) -> dict[str, dict[str, list[float]]]:
    """The numbers in the diagnostics of each node, of the seconds that lie wholly between the two."""
    diagnostics: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for arrival_ns, node, values in received.diagnostics:
        if not start_ns + SETTLE_NS < arrival_ns < end_ns or "latency_median_ms" not in values:
            continue
        for key, value in values.items():
            if value.replace(".", "", 1).lstrip("-").isdigit():
                diagnostics[node][key].append(float(value))
    return diagnostics


def _read_processor_times_s() -> dict[str, float]:
    """Processor time used since the start, seconds: by each node that this process has started, by this process, and by
    the whole machine (proc(5))."""
    ticks = os.sysconf("SC_CLK_TCK")
    user, nice, system, _, _, irq, softirq, *_ = map(int, Path("/proc/stat").read_text().splitlines()[0].split()[1:])
    times_s = {TOTAL: (user + nice + system + irq + softirq) / ticks}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            command = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:  # It has ended meanwhile.
            continue
        is_self, is_child = int(folder.name) == os.getpid(), int(fields[1]) == os.getpid()
        is_node = is_child and START_MODULE in command
        if is_self or is_node:
            name = "bench" if is_self else command[command.index(START_MODULE) + 1].decode()
            times_s[name] = (int(fields[11]) + int(fields[12])) / ticks
    return times_s
