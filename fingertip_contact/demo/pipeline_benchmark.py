"""How the nodes hold a camera's rate together: hand tracking, contact and depth estimation on one machine."""

from __future__ import annotations

import os
import statistics
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fingertip_contact.demo.nodes import Nodes
from fingertip_contact.demo.run import play
from fingertip_contact.ros.listener import ReceivedMessages

# After the first depth; the network and the queues have settled then.
SETTLE_NS = 1_000_000_000
# Nodes report once a second; with fewer reports there is nothing to take a median of.
LEAST_S = 5.0
EVERYTHING = "everything"
NODES = b"fingertip_contact.nodes."


@dataclass(frozen=True)
class PipelineBenchmark:
    """One run. Rates are outputs for each second of the camera's stamps, after the start has settled.

    seconds: what was measured. camera_hz: pictures that were sent. hands_hz, contact_hz, depth_hz: what came of them.
    network_hz: pictures that the network saw. network_ms: one of them, median. network_age_ms: how much older the
    network's picture was than the one its depth was published for, median. latency_ms: from a picture's stamp to the
    node's answer, by node, median. latency_growth_ms: of the depth node's latency, last third of the run over the
    first. cores: that each node kept busy, and what else ran on the machine; empty where the system does not say.
    """

    seconds: float
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


class Meter:
    """Looks on while the nodes run, and notes the processor time that each has used; once in period_s at most, for it
    takes some time itself."""

    def __init__(self, period_s: float = 1.0) -> None:
        self._period_ns = round(period_s * 1e9)
        self._samples: list[tuple[int, dict[str, float]]] = []

    def look(self) -> None:
        """Called now and then."""
        now_ns = time.time_ns()
        due = not self._samples or now_ns - self._samples[-1][0] > self._period_ns
        if due and Path("/proc/stat").is_file():
            self._samples.append((now_ns, _used_s()))

    def cores(self, start_ns: int, end_ns: int) -> dict[str, float]:
        """Kept busy between the two on average, by node; "others" is the rest of the machine."""
        inside = [sample for sample in self._samples if start_ns <= sample[0] <= end_ns]
        if len(inside) < 2:
            return {}
        (first_ns, first), (last_ns, last) = inside[0], inside[-1]
        seconds = (last_ns - first_ns) * 1e-9
        cores = {name: (last[name] - first[name]) / seconds for name in sorted(first) if name in last}
        everything = cores.pop(EVERYTHING)
        return cores | {"others": everything - sum(cores.values())}


def measure(
    recording: Path, readers: Nodes, log_folder: Path, show: Callable[[ReceivedMessages], None]
) -> PipelineBenchmark:
    """Plays a recording once to the readers, with depth_estimation_node among them.

    Raises RunError where a node fails, ValueError where the recording is too short to measure anything.
    """
    meter = Meter()

    def look(heard: ReceivedMessages) -> None:
        meter.look()
        show(heard)

    return summary(play(recording, log_folder, look, readers), meter)


def summary(heard: ReceivedMessages, meter: Meter) -> PipelineBenchmark:
    if not heard.depth_stamps_ns:
        raise ValueError("depth_estimation_node gave no depth; its log says why")
    start_ns, end_ns = min(heard.depth_stamps_ns) + SETTLE_NS, max(heard.frame_stamps_ns)
    seconds = (end_ns - start_ns) * 1e-9
    if seconds < LEAST_S:
        raise ValueError(
            f"{max(seconds, 0.0):.1f} s of the recording are left after the first depth; take a recording of 10 s or "
            "more, on a machine with less to do"
        )

    def rate_hz(stamps: set[int]) -> float:
        return sum(start_ns < stamp <= end_ns for stamp in stamps) / seconds

    said = _said(heard, start_ns, end_ns)
    depth = said["depth_estimation_node"]
    if "network_ms" not in depth:
        raise ValueError("the depth network has looked at nothing: the machine has no time for it")
    latency = depth["latency_median_ms"]
    third = max(len(latency) // 3, 1)
    return PipelineBenchmark(
        seconds=seconds,
        camera_hz=rate_hz(heard.frame_stamps_ns),
        hands_hz=rate_hz(set(heard.hands)),
        contact_hz=rate_hz(set(heard.fingertips)),
        depth_hz=rate_hz(heard.depth_stamps_ns),
        network_hz=statistics.mean(depth["network_hz"]),
        network_ms=statistics.median(depth["network_ms"]),
        network_age_ms=statistics.median(depth["network_age_ms"]),
        latency_ms={node: statistics.median(values["latency_median_ms"]) for node, values in sorted(said.items())},
        latency_growth_ms=statistics.median(latency[-third:]) - statistics.median(latency[:third]),
        cores=meter.cores(start_ns, end_ns),
    )


def _said(heard: ReceivedMessages, start_ns: int, end_ns: int) -> dict[str, dict[str, list[float]]]:
    """The numbers in the diagnostics of each node, of the seconds that lie wholly between the two."""
    said: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for arrival_ns, node, values in heard.diagnostics:
        if not start_ns + SETTLE_NS < arrival_ns < end_ns or "latency_median_ms" not in values:
            continue
        for key, value in values.items():
            if value.replace(".", "", 1).lstrip("-").isdigit():
                said[node][key].append(float(value))
    return said


def _used_s() -> dict[str, float]:
    """Processor time used so far, seconds: by each node that this process has started, by itself, and by everything
    on the machine (proc(5))."""
    ticks = os.sysconf("SC_CLK_TCK")
    user, nice, system, _, _, irq, softirq, *_ = map(int, Path("/proc/stat").read_text().splitlines()[0].split()[1:])
    used_s = {EVERYTHING: (user + nice + system + irq + softirq) / ticks}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            command = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:  # It has ended meanwhile.
            continue
        is_me, is_mine = int(folder.name) == os.getpid(), int(fields[1]) == os.getpid()
        module = next((part.decode() for part in command if part.startswith(NODES)), "")
        if is_me or (is_mine and module):
            name = "bench" if is_me else module.rpartition(".")[2]
            used_s[name] = (int(fields[11]) + int(fields[12])) / ticks
    return used_s
