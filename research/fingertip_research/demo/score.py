"""Scores a run: text, events, frames and latency."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fingertip_contact.datatypes import ContactEvent
from fingertip_contact.recordings.events import EventRecord
from fingertip_contact.recordings.open import open_recording
from fingertip_contact.text_metrics import character_error_rate
from fingertip_research.evaluation.events import EventMatching, match_taps
from fingertip_research.ground_truth.recording import GroundTruth
from fingertip_research.ros.topic_recorder import ReceivedMessages

MILLISECOND_NS = 1e6


@dataclass(frozen=True)
class RunScore:
    """frames_in: images that the camera sent. frames_out: images with published fingertips. frames_per_second: of
    frames out, over the run. latency: from an image's stamp to the arrival of a key event that it decided; NaN without
    key events."""

    text_typed: str
    text_read: str
    cer: float
    matching: EventMatching
    frames_recorded: int
    frames_in: int
    frames_out: int
    frames_per_second: float
    latency_median_ms: float
    latency_p99_ms: float


def score_run(recording: Path, ground_truth: GroundTruth, received: ReceivedMessages) -> RunScore:
    """Compares the received messages with the ground truth of the recording."""
    with open_recording(recording, depth_source="none") as source:
        frames_recorded = source.frame_count
        first_recorded_ns = next(source.frames()).stamp_ns
    offset_ns = first_recorded_ns - min(received.frame_stamps_ns)
    latency_ms = (
        np.array(received.key_latencies_ns, dtype=np.float64) / MILLISECOND_NS
        if received.key_latencies_ns
        else np.array([np.nan])
    )
    out = received.fingertips.keys()
    seconds = (max(out) - min(out)) * 1e-9 if len(out) > 1 else float("nan")
    return RunScore(
        text_typed=ground_truth.header.text,
        text_read=received.text,
        cer=character_error_rate(ground_truth.header.text, received.text),
        matching=match_taps(_records(received, offset_ns), ground_truth.taps),
        frames_recorded=frames_recorded,
        frames_in=len(received.frame_stamps_ns),
        frames_out=len(out),
        frames_per_second=(len(out) - 1) / seconds,
        latency_median_ms=float(np.median(latency_ms)),
        latency_p99_ms=float(np.percentile(latency_ms, 99)),
    )


def _records(received: ReceivedMessages, offset_ns: int) -> list[EventRecord]:
    """The received presses, at the recording's times."""
    keys = {_event_key(event.contact): event.key for event in received.key_events}
    return [
        EventRecord(
            stamp_ns=event.contact_ns + offset_ns,
            decided_ns=event.stamp_ns + offset_ns,
            type=event.type,
            hand=event.hand,
            finger=event.finger,
            key=keys.get(_event_key(event)),
            text="",
            x_m=None,
            y_m=None,
            z_m=None,
            confidence=event.confidence,
            press=press_id,
        )
        for press_id, event in enumerate(received.contact_events)
        if event.type == "press"
    ]


def _event_key(event: ContactEvent) -> tuple[int, str, str, str]:
    return event.stamp_ns, event.hand, event.finger, event.type
