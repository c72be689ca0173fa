"""Runs camera and nodes for minutes to hours, and watches what they give and what they take."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path

from fingertip_contact.recordings.bag_recording import open_bag_recording
from fingertip_contact.recordings.camera_topics import camera_info_topic
from fingertip_research.benchmarks.busy_core import keep_busy
from fingertip_research.benchmarks.pipeline import ProcessorTimeMonitor
from fingertip_research.benchmarks.process_memory import MemoryMonitor, measure_growth
from fingertip_research.benchmarks.soak_report import (
    SoakReport,
    count_frames,
    report_latency,
    report_passes,
    report_stages,
)
from fingertip_research.demo.nodes import NodeParameters, make_remaps, run_nodes, stop_node
from fingertip_research.demo.run import START_TIMEOUT_S, RunError, isolate_processes
from fingertip_research.ros.soak_recorder import record_soak

FORMS = {"separate": ("hand_tracking_node", "contact_node"), "composed": ("pipeline_node",)}
CAMERA = "simulated_camera_node"
# Networks, caches and the one second of history are filled within this; at most a fifth of the run.
WARM_UP_S = 60.0
WARM_UP_SHARE = 0.2
# The nodes' last report comes within a second, on a loaded machine within two.
DRAIN_S = 2.5
POLL_S = 0.2
# The camera's line at the end of a pass: [INFO] [seconds] [node]: played N frames, at most D ms late.
_PASS = re.compile(r"\[(\d+)\.(\d{9})\] \[[\w.]+\]: played (\d+) frames, at most ([\d.]+) ms late")


def soak(
    recording: Path,
    form: str,
    minutes: float,
    log_folder: Path,
    *,
    busy: float = 0.0,
    depth_source: str = "sensor",
    show: Callable[[float], None] = lambda elapsed_s: None,
) -> tuple[SoakReport, dict[str, list[tuple[float, float]]]]:
    """Plays whole passes of the recording at its own rate for at least `minutes`.

    form: of FORMS. busy: share of one core that another process takes. show: gets the elapsed seconds now and then.
    Returns the report, and the samples of resident memory by process: (s, MB). Raises RunError where a node ends or
    nothing is played.
    """
    isolate_processes()
    with open_bag_recording(recording) as source:
        color_topic, remaps = source.color_topic, make_remaps(source)
        timeout_s = minutes * 60.0 + 2.0 * source.duration_s + START_TIMEOUT_S
    nodes: NodeParameters = {
        name: {} if name == "hand_tracking_node" else {"depth_source": depth_source} for name in FORMS[form]
    }
    log = log_folder / f"{CAMERA}.log"
    with (
        record_soak(camera_info_topic(color_topic)) as record,
        run_nodes(recording, remaps, log_folder, nodes, loop=True) as processes,
        keep_busy(busy),
    ):
        monitor = MemoryMonitor({name: process.pid for name, process in processes.items()})
        processor_time = ProcessorTimeMonitor()
        started_s = time.monotonic()
        while True:
            monitor.sample()
            processor_time.sample()
            show(time.monotonic() - started_s)
            ended = [name for name, process in processes.items() if process.poll() is not None]
            if ended:
                raise RunError(f"{' and '.join(ended)} ended early; see {log_folder}")
            passes = read_passes(log)
            sent_ns = record.topics["sent"].stamps_ns
            if passes and passes[-1][0] - sent_ns[0] >= minutes * 60e9:
                break
            if time.monotonic() - started_s > timeout_s:
                raise RunError(f"no pass of {minutes:g} minutes ended within {timeout_s:.0f} s; see {log_folder}")
            time.sleep(POLL_S)
        stop_node(processes[CAMERA])
        time.sleep(DRAIN_S)
    ends_ns = [end_ns for end_ns, _, _ in passes]
    camera_frames = sum(frames for _, frames, _ in passes) + count_frames(record, ends_ns[-1])
    measured_s = (ends_ns[-1] - min(record.topics["sent"].stamps_ns)) * 1e-9
    warm_up_s = min(WARM_UP_S, WARM_UP_SHARE * measured_s)
    growth = {name: measure_growth(samples, warm_up_s) for name, samples in monitor.samples.items()}
    report = SoakReport(
        form=form,
        minutes=measured_s / 60.0,
        camera_late_ms=max(late_ms for _, _, late_ms in passes),
        stages=report_stages(record, list(FORMS[form]), camera_frames),
        latency=report_latency(record),
        cores=processor_time.measure_cores(min(record.topics["sent"].stamps_ns), ends_ns[-1]),
        resident_mb={name: max(megabytes for _, megabytes in samples) for name, samples in monitor.samples.items()},
        memory={name: entry for name, entry in growth.items() if entry is not None},
        passes=report_passes(record, ends_ns),
    )
    return report, monitor.samples


def read_passes(log: Path) -> list[tuple[int, int, float]]:
    """Of each complete pass in the camera's log: its end in nanoseconds, its frames, its largest delay in ms."""
    text = log.read_text(encoding="utf-8", errors="replace") if log.is_file() else ""
    return [
        (int(seconds) * 10**9 + int(nanoseconds), int(frames), float(late_ms))
        for seconds, nanoseconds, frames, late_ms in _PASS.findall(text)
    ]
