"""Rules of labelling sessions."""

from __future__ import annotations

import numpy as np
import pytest

import dataset_world as world
from cli_harness import run
from fingertip_contact.datatypes import FINGERS, DepthImage, Fingertip, FrameResult, Hand
from fingertip_research.datasets.annotations import read_annotation, read_label
from fingertip_research.datasets.contact_intervals import (
    LabelledContact,
    estimate_clock_offset_ns,
    find_contact_onsets_ns,
    labels_from_contacts,
    read_labelled_contacts,
)
from fingertip_research.datasets.dataset import open_session
from fingertip_research.datasets.label import LabelledFrame, label_from_result, save_labels

SECOND_NS = 1_000_000_000


@pytest.fixture
def session(tmp_path):
    return world.write_session(tmp_path, count=6)


@pytest.fixture
def unlabelled(tmp_path):
    return world.write_session(tmp_path / "bare", count=6, labelled=False)


def fingers_in_contact(session) -> dict[int, set[str]]:
    """Frame -> fingers in contact."""
    fingers_by_frame = {}
    for frame in session.frames():
        label = read_label(frame.label_path)
        fingers_by_frame[frame.number] = {
            finger for hand in label.hands for finger, tip in hand.fingertips.items() if tip.contact
        }
    return fingers_by_frame


def write_csv(path, header: str, *lines: str):
    path.write_text("\n".join([header, *lines, ""]))
    return path


@pytest.mark.parametrize(("unit", "per_second"), [("s", 1), ("ms", 1e3), ("us", 1e6), ("ns", 1e9)])
def test_touch_device_times_accept_any_unit(tmp_path, unit, per_second):
    """Nanoseconds are kept exactly; fingers may have the dataset's names."""
    down, up = (f"{int(seconds * per_second)}" for seconds in (2, 3))
    file = write_csv(tmp_path / "t.csv", f"down_{unit}, up_{unit}, hand, finger", f"{down}, {up}, Right, Pinky")
    assert read_labelled_contacts(file) == [LabelledContact(2 * SECOND_NS, 3 * SECOND_NS, "right", "little")]


def test_nanoseconds_stay_exact(tmp_path):
    file = write_csv(tmp_path / "t.csv", "down_ns,up_ns", "1700000000123456789,1700000000223456789")
    (contact,) = read_labelled_contacts(file, "left", "index")
    assert (contact.touch_down_ns, contact.hand, contact.finger) == (1700000000123456789, "left", "index")


@pytest.mark.parametrize(
    ("header", "line", "message"),
    [
        ("down_s,up_s,hand,finger", "2,1,left,index", "line 2: up_s is earlier"),
        ("down_s,up_s,hand,finger", "1,2,left,toe", "line 2: finger is 'toe'"),
        ("down_s,up_s,hand,finger", "nan,2,left,index", "line 2: 'nan' is not a time"),
        ("down_s,up_s", "1,2", "line 2: field 'hand' is missing"),
        ("begin,end", "1,2", "it names begin, end"),
        ("down_s,up_s,hand,finger", "", "has no contacts"),
    ],
)
def test_a_bad_csv_is_named(tmp_path, header, line, message):
    file = write_csv(tmp_path / "t.csv", header, line)
    with pytest.raises(ValueError, match=message) as error:
        read_labelled_contacts(file)
    assert "t.csv" in str(error.value)


def test_finger_is_labelled_in_contact_during_its_interval(session):
    """By the camera's clock; every other finger of the hands in view hovers."""
    labelled_contacts = [
        LabelledContact(world.stamp_ns(1) - 5, world.stamp_ns(3) + 5, "right", "index"),
        LabelledContact(world.stamp_ns(3), world.stamp_ns(3), "left", "thumb"),
    ]
    labelled = {item.frame_number: item.label for item in labels_from_contacts(session, labelled_contacts)}
    assert [label.contact_count for label in labelled.values()] == [0, 1, 1, 2, 0, 0]
    assert {label.source for label in labelled.values()} == {"touch_device"}
    assert [hand.handedness for hand in labelled[3].hands] == ["left", "right"]
    assert set(labelled[0].hands[0].fingertips) == set(FINGERS)


def test_contacts_outside_the_session_are_rejected(session):
    """Unaligned clocks must not produce a session without contacts."""
    with pytest.raises(ValueError, match="none of 1 contacts overlaps the session"):
        labels_from_contacts(session, [LabelledContact(0, SECOND_NS, "left", "index")])


@pytest.mark.parametrize("offset", [1_234_567_890, -4_000_000_000, 1_700_000_000_000_000_000])
def test_clock_offset_is_estimated(offset):
    """From an uneven rhythm, despite missed and false contacts and errors of some milliseconds."""
    random = np.random.default_rng(1)
    downs = np.cumsum(random.uniform(0.2, 0.9, 30) * 1e9).astype(int)
    seen = downs[random.random(30) > 0.3] + offset
    seen = seen + random.normal(0, 15e6, len(seen))
    invented = random.uniform(0, downs[-1], 5) + offset
    onsets = [int(onset) for onset in np.concatenate([seen, invented])]
    labelled_contacts = [LabelledContact(int(down), int(down) + 80_000_000, "right", "index") for down in downs]
    fingers_by_frame = estimate_clock_offset_ns(labelled_contacts, onsets, 5 * SECOND_NS)
    assert abs(fingers_by_frame - offset) < 15_000_000


@pytest.mark.parametrize("onsets", [[], [0, 1 * SECOND_NS, 2 * SECOND_NS, 3 * SECOND_NS, 4 * SECOND_NS]])
def test_ambiguous_clock_offset_is_rejected(onsets):
    """No onset, or an even rhythm that fits at two offsets."""
    labelled_contacts = [
        LabelledContact(number * SECOND_NS, number * SECOND_NS + 1, "left", "index") for number in (0, 1, 2)
    ]
    with pytest.raises(ValueError, match="ambiguous"):
        estimate_clock_offset_ns(labelled_contacts, onsets, 5 * SECOND_NS)


def test_onsets_are_where_contact_begins(tmp_path):
    """The first frame of a contact, not every frame of it."""
    session = world.write_session(tmp_path, count=4, labelled=False)
    labels = [
        world.make_label(),
        world.make_label("index"),
        world.make_label("index", "thumb"),
        world.make_label("thumb"),
    ]
    save_labels(session, [LabelledFrame(number, label) for number, label in enumerate(labels)])
    assert find_contact_onsets_ns(session) == [world.stamp_ns(1), world.stamp_ns(2)]


def test_detector_labels_never_replace_ground_truth(session, unlabelled):
    """Not even with `overwrite`, with which ground truth does replace estimates."""
    detected, ground_truth = (
        world.make_label("thumb", source="detector"),
        world.make_label("ring", source="touch_device"),
    )
    for force in (False, True):
        with pytest.raises(FileExistsError, match="detector's estimates never replace"):
            save_labels(session, [LabelledFrame(0, detected)], overwrite=force)
    assert fingers_in_contact(session)[0] == set()
    save_labels(unlabelled, [LabelledFrame(0, detected)])
    with pytest.raises(FileExistsError, match="--force"):
        save_labels(unlabelled, [LabelledFrame(0, ground_truth)])
    save_labels(unlabelled, [LabelledFrame(0, ground_truth)], overwrite=True)
    assert read_label(unlabelled.path / "labels" / "000000.json") == ground_truth


def test_detector_labels_are_marked_as_such(unlabelled):
    """Contact is labelled as contact, approach is not; heights and hands are written as well."""
    landmarks = world.make_hands()[0].landmarks_px.astype(np.float32)
    hand = Hand(7, "left", 0.9, 0.9, landmarks)
    tips = tuple(
        Fingertip(7, "left", finger, (1.0, 1.0), np.array([0, 0, 0.34]), 0.012, 0.0, 1.0, state)
        for finger, state in zip(FINGERS, ("hover", "approach", "contact", "retract", "lost"), strict=True)
    )
    result = FrameResult(world.stamp_ns(0), (hand,), tips, (), (), "", None, None)
    depth = DepthImage(world.make_depth_mm(0), 0.001)
    save_labels(unlabelled, [label_from_result(0, result, depth, annotate_hands=True)])
    label = read_label(unlabelled.path / "labels" / "000000.json")
    assert label.source == "detector"
    assert {finger for finger, tip in label.hands[0].fingertips.items() if tip.contact} == {"middle"}
    assert label.hands[0].fingertips["index"].distance_m == 0.012
    (annotated,) = read_annotation(unlabelled.path / "annotations" / "000000.json")
    np.testing.assert_allclose(annotated.landmarks_px, landmarks, atol=0.01)
    assert annotated.fingertip_depth_m["index"] == pytest.approx(0.35, abs=0.002)


def test_label_command_uses_a_touch_device(unlabelled, tmp_path, capsys):
    """With a given offset; a second time only with --force."""
    seconds = [world.stamp_ns(number) / 1e9 - 100 for number in (2, 4)]
    file = write_csv(tmp_path / "t.csv", "down_s,up_s", f"{seconds[0] - 0.01:.6f},{seconds[1] + 0.01:.6f}")
    arguments = ["dataset", "label", unlabelled.path, "--touches", file, "--hand", "right", "--finger", "index"]
    assert run(*arguments, "--offset-s", "100") == 0
    contacts = {
        number for number, fingers in fingers_in_contact(open_session(unlabelled.path)).items() if fingers == {"index"}
    }
    assert contacts == {2, 3, 4}
    assert run(*arguments, "--offset-s", "100") == 2
    assert "--force" in capsys.readouterr().err
    assert run(*arguments, "--offset-s", "100", "--force") == 0


def test_label_command_estimates_the_clock_offset(tmp_path, capsys):
    """From existing labels; the epoch of the device's clock is its start."""
    session = world.write_session(tmp_path, count=30, labelled=False)
    begins, device_ns = (3, 8, 17, 20), world.stamp_ns(0) - 7 * SECOND_NS
    detected = [
        LabelledFrame(number, world.make_label(*["index"] * (number in begins), source="detector"))
        for number in range(30)
    ]
    save_labels(session, detected)
    lines = [
        f"{world.stamp_ns(begin) - device_ns},{world.stamp_ns(begin + 1) - device_ns},right,middle" for begin in begins
    ]
    file = write_csv(tmp_path / "t.csv", "down_ns,up_ns,hand,finger", *lines)
    assert run("dataset", "label", session.path, "--touches", file, "--force") == 0
    assert f"clock offset: {device_ns / 1e9:+.3f} s" in capsys.readouterr().err
    fingers_by_frame = fingers_in_contact(open_session(session.path))
    expected = {begin + more for begin in begins for more in (0, 1)}
    assert {number for number, fingers in fingers_by_frame.items() if fingers == {"middle"}} == expected


def test_label_command_runs_the_detector(unlabelled, hand_weights, capsys):
    """In noise there are no hands: the detector labels every frame, without contact."""
    assert run("dataset", "label", unlabelled.path) == 0
    assert "6 frames labelled by detector, 0 with contact" in capsys.readouterr().err
    assert read_annotation(unlabelled.path / "annotations" / "000005.json") == ()
