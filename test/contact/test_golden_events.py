"""The whole contact room, measured samples in and events out, against golden events: one file per profile."""

from __future__ import annotations

import csv
from dataclasses import fields

import numpy as np
import pytest

from fingertip_contact.contact.detector import ContactDetector
from fingertip_contact.contact.measurement.fingertip_samples import FingertipSamples
from fingertip_contact.contact.parameters import load_profile
from fingertip_contact.datatypes import FINGERS, HANDS, ContactEvent, Hand
from repository import DATA

FOLDER = DATA / "contact_room"


@pytest.fixture(scope="module")
def samples() -> dict[str, np.ndarray]:
    """24 seconds of a simulated participant who types "normal"ly: outliers, dropouts, track losses, dropped frames."""
    with np.load(FOLDER / "samples.npz") as stored:
        return {name: stored[name] for name in stored.files}


def detect(profile: str, samples: dict[str, np.ndarray]) -> list[ContactEvent]:
    if profile == "paper":  # It takes heights that need no thickness correction.
        samples = {**samples, "axial_height_m": samples["axial_height_over_thickness_m"]}
    detector, events = ContactDetector(load_profile(profile)), []
    landmarks_px = np.full((21, 2), np.nan, np.float32)
    for row, stamp_ns in enumerate(samples["stamps_ns"]):
        tracks = samples["tracks"][row]
        hands = tuple(
            Hand(int(track), side, 1.0, 1.0, landmarks_px)
            for side, track in zip(HANDS, tracks, strict=True)
            if track >= 0
        )
        present = np.repeat(tracks >= 0, len(FINGERS))
        measured = FingertipSamples(
            **{entry.name: samples[entry.name][row, present].astype(np.float64) for entry in fields(FingertipSamples)}
        )
        events += detector.update(int(stamp_ns), hands, measured if hands else None)[1]
    return events + list(detector.cancel_all(int(samples["stamps_ns"][-1]) + 10**9))


@pytest.mark.parametrize("profile", ["default", "evidence", "paper", "depth_only", "velocity_only"])
def test_events_equal_the_golden_events(profile: str, samples: dict[str, np.ndarray]) -> None:
    """Every event of a profile: its type, finger and stamps exactly, its place to 0.001 mm, its confidence to 1e-5."""
    golden = list(csv.DictReader((FOLDER / f"{profile}.csv").read_text().splitlines()))
    events = detect(profile, samples)
    assert len(events) == len(golden)
    for number, (event, row) in enumerate(zip(events, golden, strict=True)):
        found = (event.type, event.press, event.hand, event.finger, event.stamp_ns, event.contact_ns)
        stamps_ns = int(row["stamp_ns"]), int(row["contact_ns"])
        expected = (row["type"], int(row["press"]), row["hand"], row["finger"], *stamps_ns)
        assert found == expected, f"{profile}, event {number}"
        point_mm = [float(row[name]) for name in ("x_mm", "y_mm", "z_mm")]
        np.testing.assert_allclose(1e3 * event.point_m, point_mm, atol=1e-3, err_msg=f"{profile}, event {number}")
        assert event.confidence == pytest.approx(float(row["confidence"]), abs=1e-5), f"{profile}, event {number}"
