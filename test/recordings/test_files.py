"""Rules of the ground-truth file, the events file, and of files that appear whole or not at all."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fingertip_contact import file_locks, files
from fingertip_contact.datatypes import FINGERS, HANDS, ContactEvent, FrameResult, KeyEvent
from fingertip_contact.file_locks import BeingWrittenError, hold_folder, scratch_folder
from fingertip_contact.files import atomic_write, fill_cache, library_writes, require_distinct, write_once
from fingertip_contact.geometry import RigidTransform
from fingertip_contact.keyboard.key_decoder import KeyDecoder
from fingertip_contact.keyboard.layout import load_layout
from fingertip_contact.recordings.events import (
    EVENT_TYPES,
    EventRecord,
    decode_text,
    event_writer,
    make_event_records,
    read_events,
)
from fingertip_research.ground_truth.recording import ground_truth_path, read_ground_truth, read_ground_truth_frames

POSE = {"rotation": [[1.0, 0.0, 0.0], [0.0, -1.0, 0.0], [0.0, 0.0, -1.0]], "translation_m": [0.0, 0.0, 0.36]}
HEADER = {
    "kind": "header",
    "version": 1,
    "text": "hi",
    "seed": 7,
    "angle_deg": 60,
    "difficulty": "calm",
    "words_per_minute": 25.0,
    "layout": "qwerty",
    "participant": {"scale": 1.0},
    "calibration_seconds": 1.0,
    "camera_from_sheet": POSE,
}
TAP = {
    "kind": "tap",
    "press_ns": 2_000_000_000,
    "release_ns": 2_080_000_000,
    "hand": "right",
    "finger": "index",
    "key": "h",
    "text": "h",
    "x_m": 0.01,
    "y_m": 0.02,
}
REST = {"kind": "rest", "start_ns": 0, "end_ns": 5_000_000_000, "hand": "left", "finger": "thumb"}
FINGER = {
    "pad_m": [0.01, 0.02, 0.0],
    "clearance_m": 0.0,
    "contact": True,
    "key": "h",
    "tip_px": [320.5, 200.25],
    "visible": True,
}
FRAME = {
    "kind": "frame",
    "stamp_ns": 2_000_000_000,
    "hands": [{"hand": "right", "joints_m": {"wrist": [0.0, -0.1, 0.05]}, "fingers": {"index": FINGER}}],
}


def ground_truth_file(folder: Path, *lines: dict) -> Path:
    path = folder / "fox.truth.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def test_ground_truth_is_read(tmp_path):
    """Header, taps in order of time, rests and frames are read with their types."""
    earlier = TAP | {"press_ns": 1_000_000_000, "key": "i", "text": "i"}
    path = ground_truth_file(tmp_path, HEADER, TAP, FRAME, REST, earlier, FRAME | {"stamp_ns": 2_033_000_000})
    ground_truth = read_ground_truth(path)
    assert (ground_truth.header.text, ground_truth.header.seed, ground_truth.header.calibration_seconds) == (
        "hi",
        7,
        1.0,
    )
    assert [tap.key for tap in ground_truth.taps] == ["i", "h"]
    assert (ground_truth.rests[0].hand, ground_truth.rests[0].finger) == ("left", "thumb")
    np.testing.assert_allclose(
        ground_truth.header.camera_from_sheet.apply(np.array([0.1, 0.1, 0.0])), [0.1, -0.1, 0.36]
    )
    frames = list(read_ground_truth_frames(path))
    assert [frame.stamp_ns for frame in frames] == [2_000_000_000, 2_033_000_000]
    index = frames[0].hands[0].fingers["index"]
    assert (index.contact, index.key, index.tip_px, index.visible) == (True, "h", (320.5, 200.25), True)
    np.testing.assert_array_equal(frames[0].hands[0].joints_m["wrist"], [0.0, -0.1, 0.05])


def test_ground_truth_header_may_be_minimal(tmp_path):
    """A header needs only version and text: its other fields describe how the recording was made."""
    ground_truth = read_ground_truth(ground_truth_file(tmp_path, {"kind": "header", "version": 1, "text": "hi"}, TAP))
    assert ground_truth.header.camera_from_sheet is None
    assert ground_truth.header.calibration_seconds is None


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([], "no line of kind 'header'"),
        ([TAP], "no line of kind 'header'"),
        ([HEADER | {"version": 2}], "line 1: version is 2; this program reads version 1"),
        ([HEADER, {"kind": "tapp"}], "line 2: kind is 'tapp'; it has to be one of header, tap, rest, frame"),
        ([HEADER, {"press_ns": 1}], "line 2: field 'kind' is missing"),
        ([HEADER, {key: TAP[key] for key in TAP if key != "finger"}], "line 2: field 'finger' is missing"),
        ([HEADER, TAP | {"finger": "pinky"}], "line 2: finger is 'pinky'; it has to be one of thumb, index"),
        ([HEADER, TAP | {"press_ns": None}], "line 2: "),
        ([HEADER, TAP | {"release_ns": 5}], "line 2: release_ns 5 is earlier than press_ns"),
        ([HEADER | {"camera_from_sheet": {"rotation": [[1, 0], [0, 1]], "translation_m": [0, 0, 0]}}], "line 1: "),
        ([HEADER, [1, 2]], "line 2: expected a JSON object, found list"),
    ],
)
def test_invalid_ground_truth_error_names_the_line(tmp_path, lines, message):
    """Every malformed line is an error with the file, the line and the field."""
    with pytest.raises(ValueError, match=rf"fox.truth.jsonl.*{message}"):
        read_ground_truth(ground_truth_file(tmp_path, *lines))


def test_truncated_ground_truth_is_rejected(tmp_path):
    """A file that is cut inside a line is an error, not a shorter ground truth."""
    path = ground_truth_file(tmp_path, HEADER, TAP)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(ValueError, match="line 2: "):
        read_ground_truth(path)


def test_invalid_frame_error_names_the_line(tmp_path):
    hands = [{"hand": "right", "joints_m": {}, "fingers": {"index": FINGER | {"pad_m": [1, 2]}}}]
    with pytest.raises(ValueError, match=r"line 2: .* not a point of three coordinates"):
        list(read_ground_truth_frames(ground_truth_file(tmp_path, HEADER, FRAME | {"hands": hands})))


@pytest.mark.parametrize("name", ["fox.mcap", "fox.db3", "fox.bag", "fox"])
def test_ground_truth_path_is_derived_from_the_bag(name):
    """For every form of recording the ground truth has the recording's name."""
    assert ground_truth_path(Path("out") / name) == Path("out/fox.truth.jsonl")


def test_dot_in_a_folder_name_is_not_a_suffix():
    assert ground_truth_path(Path("out/v1.2")) == Path("out/v1.2.truth.jsonl")


numbers = st.one_of(st.none(), st.floats(-10, 10))
records = st.builds(
    EventRecord,
    stamp_ns=st.integers(0, 2**63 - 1),
    decided_ns=st.integers(0, 2**63 - 1),
    type=st.sampled_from(EVENT_TYPES),
    hand=st.sampled_from(HANDS),
    finger=st.sampled_from(FINGERS),
    key=st.one_of(st.none(), st.text()),
    text=st.text(),
    x_m=numbers,
    y_m=numbers,
    z_m=numbers,
    confidence=st.floats(0, 1),
    press=st.integers(0, 10**6),
)


@settings(deadline=None)
@given(written=st.lists(records, max_size=4))
def test_events_round_trip_is_exact(tmp_path_factory, written):
    """Stamps to the nanosecond, any text, unknown positions."""
    path = tmp_path_factory.mktemp("events") / "events.jsonl"
    with event_writer(path) as write:
        for record in written:
            write(record)
    assert read_events(path) == written


def make_contact(press: int, event_type: str, point_m: tuple[float, float, float]) -> ContactEvent:
    return ContactEvent(1_060, 1_000, event_type, press, 4, "right", "index", np.array(point_m), np.float32(0.5))


def test_event_records_name_their_keys():
    """A press on a key names the key, a press off all keys has none; an unknown point is null, as NaN is not JSON."""
    on_key, off_key = make_contact(1, "press", (0.1, 0.2, 0.3)), make_contact(2, "press", (0.4, 0.5, 0.6))
    unknown = make_contact(3, "cancel", (np.nan, np.nan, np.nan))
    result = FrameResult(
        1_060, (), (), (on_key, off_key, unknown), (KeyEvent(on_key, "qwerty", "space", " "),), " ", None, None
    )
    first, second, third = make_event_records(result)
    assert (first.key, first.text, first.stamp_ns, first.decided_ns) == ("space", " ", 1_000, 1_060)
    assert (first.x_m, first.y_m, first.z_m, first.confidence) == (0.1, 0.2, 0.3, 0.5)
    assert (second.key, second.text) == (None, "")
    assert (third.type, third.x_m, third.y_m, third.z_m) == ("cancel", None, None, None)


EVENT = asdict(EventRecord(1, 2, "press", "right", "index", "a", "a", 0.0, 0.0, 0.3, 1.0, 1))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ({key: EVENT[key] for key in EVENT if key != "decided_ns"}, "field 'decided_ns' is missing"),
        (EVENT | {"type": "tap"}, "type is 'tap'; it has to be one of press, move, release, cancel"),
        (EVENT | {"x_m": "left"}, "a coordinate is 'left'"),
        (EVENT | {"stamp_ns": "soon"}, "invalid literal"),
    ],
)
def test_invalid_events_error_names_the_line(tmp_path, line, message):
    """Every malformed line is an error with the file, the line and the field."""
    path = tmp_path / "events.jsonl"
    path.write_text(json.dumps(EVENT) + "\n\n" + json.dumps(line))
    with pytest.raises(ValueError, match=rf"events.jsonl, line 3: .*{message}"):
        read_events(path)


presses_and_ends = st.lists(
    st.tuples(st.sampled_from(["press", "release", "cancel"]), st.sampled_from(["a", "space", "backspace", "off"])),
    max_size=30,
)


@pytest.fixture(scope="module")
def layout():
    return load_layout("qwerty")


@settings(deadline=None)
@given(presses_and_ends)
def test_decoded_text_equals_the_decoder_text(layout, steps):
    """The events alone give the text: backspace, presses on no key and cancelled presses included."""
    decoder = KeyDecoder(layout)
    sheet = RigidTransform(np.eye(3), np.zeros(3))
    records, opened = [], []
    for number, (event_type, key) in enumerate(steps):
        if event_type != "press" and not opened:
            continue
        press = number if event_type == "press" else opened.pop()
        opened += [number] * (event_type == "press")
        point_m = (5.0, 5.0) if key == "off" else layout.by_name[key].center_m
        event = make_contact(press, event_type, (*point_m, 0.0))
        key_events = decoder.process([event], sheet)
        records += make_event_records(FrameResult(0, (), (), (event,), key_events, "", None, None))
    assert decode_text(records) == decoder.text


def test_text_is_decoded_from_events():
    """Presses write, backspace deletes, and a cancelled press removes the text that it wrote."""
    base = EventRecord(1, 2, "press", "right", "index", "a", "a", 0.0, 0.0, 0.3, 1.0, 1)
    typed = [("press", "h", "h", 1), ("release", "h", "", 1), ("press", "j", "j", 2), ("press", "backspace", "", 3)]
    typed += [("press", "i", "i", 4), ("press", None, "", 5), ("press", "x", "x", 6), ("cancel", "x", "", 6)]
    events = [
        EventRecord(**asdict(base) | {"type": event_type, "key": key, "text": text, "press": press})
        for event_type, key, text, press in typed
    ]
    assert decode_text(events) == "hi"


def test_missing_files_are_named(tmp_path):
    """The error for a missing file names it."""
    for read in (read_ground_truth, read_events):
        with pytest.raises(FileNotFoundError, match=r"none\.jsonl does not exist"):
            read(tmp_path / "none.jsonl")


def write_and_fail(path: Path, overwrite: bool) -> None:
    with atomic_write(path, overwrite=overwrite) as temporary_path:
        temporary_path.write_text("half")
        raise KeyboardInterrupt


@pytest.mark.parametrize("overwrite", [False, True])
def test_interrupted_write_changes_nothing(tmp_path, overwrite):
    """An existing file stays unchanged, and a new one does not appear."""
    path = tmp_path / "events.jsonl"
    if overwrite:
        path.write_text("old")
    with pytest.raises(KeyboardInterrupt):
        write_and_fail(path, overwrite)
    assert path.exists() == overwrite
    assert [entry.read_text() for entry in tmp_path.iterdir()] == ["old"] * overwrite


KILLED = """
import os, signal, sys
from pathlib import Path
from fingertip_contact.files import atomic_write
with atomic_write(Path(sys.argv[1]), overwrite=True) as temporary_path:
    temporary_path.write_text("half")
    print("writes", flush=True)
    if sys.argv[2] == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    sys.stdin.read()
"""


def start_writer(path: Path, end: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", KILLED, str(path), end]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_leftovers_of_a_killed_process_are_removed(tmp_path, monkeypatch, caplog):
    """By the next one that writes the same file, which says so. Others' stay, and a folder that was just made."""
    path = tmp_path / "events.jsonl"
    with start_writer(path, "killed") as process:
        process.communicate(timeout=60)
    (left,) = tmp_path.iterdir()
    others, new = tmp_path / ".other.jsonl.abc.partial", tmp_path / ".events.jsonl.abc.partial"
    others.mkdir()
    new.mkdir()
    with atomic_write(path) as temporary_path:
        temporary_path.write_text("whole")
    assert sorted(tmp_path.iterdir()) == sorted([others, new, path])
    assert f"removed what a process that was killed had left: {left}" in caplog.text
    monkeypatch.setattr(file_locks, "_MIN_LEFTOVER_AGE_S", -1.0)
    with atomic_write(path, overwrite=True) as temporary_path:
        temporary_path.write_text("whole")
    assert sorted(tmp_path.iterdir()) == [others, path]


@pytest.mark.parametrize("overwrite", [False, True])
def test_two_processes_do_not_write_one_file(tmp_path, monkeypatch, overwrite):
    """The second one says so at its start, and removes nothing of the first one."""
    monkeypatch.setattr(file_locks, "_MIN_LEFTOVER_AGE_S", -1.0)
    path = tmp_path / "events.jsonl"
    with start_writer(path, "waits") as process:
        assert process.stdout.readline() == "writes\n"
        with (
            pytest.raises(BeingWrittenError, match=r"another process is writing .*events\.jsonl"),
            atomic_write(path, overwrite=overwrite),
        ):
            raise AssertionError("must not start")
        process.communicate("", timeout=60)
    assert process.returncode == 0
    assert [entry.read_text() for entry in tmp_path.iterdir()] == ["half"]


def test_of_many_writers_at_once_one_wins(tmp_path):
    """Begun at the same moment, over and over: all others are refused, and nothing is left."""
    path, barrier, outcomes = tmp_path / "events.jsonl", threading.Barrier(4), []

    def write(number: int) -> None:
        for turn in range(25):
            barrier.wait(timeout=60)
            try:
                with atomic_write(path, overwrite=True) as temporary_path:
                    barrier.wait(timeout=60)
                    temporary_path.write_text(f"{turn} {number}")
            except BeingWrittenError:
                barrier.wait(timeout=60)
            else:
                outcomes.append(f"{turn} {number}")
            barrier.wait(timeout=60)
            assert path.read_text() == outcomes[-1]

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    assert len(outcomes) == 25
    assert list(tmp_path.iterdir()) == [path]


def test_a_cache_is_filled_once(tmp_path):
    """Of two processes that need the same, the second waits for the first, and takes what it has written."""
    path = tmp_path / "events.jsonl"
    with start_writer(path, "waits") as process, ThreadPoolExecutor(1) as pool:
        assert process.stdout.readline() == "writes\n"
        waiting = pool.submit(fill_cache, path, lambda temporary_path: temporary_path.write_text("again"))
        process.communicate("", timeout=60)
        waiting.result(timeout=60)
    assert path.read_text() == "half"


def test_a_folder_has_one_command_at_a_time(tmp_path):
    """The second is refused; a folder that stays empty is removed again."""
    folder = tmp_path / "run"
    with hold_folder(folder), pytest.raises(BeingWrittenError, match=r"another process is writing into .*run"):
        hold_folder(folder).__enter__()
    assert not folder.exists()
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match=r"cannot write into .*file/run.*choose another folder"):
        hold_folder(tmp_path / "file" / "run").__enter__()


SCRATCH = """
import os, signal, sys
from pathlib import Path
from fingertip_contact.file_locks import scratch_folder
with scratch_folder(Path(sys.argv[1])) as folder:
    (folder / "unpacked.mcap").write_text("large")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_scratch_of_a_killed_process_is_removed(tmp_path, monkeypatch):
    """By the next one that needs such a folder; that of a process that runs stays."""
    monkeypatch.setattr(file_locks, "_MIN_LEFTOVER_AGE_S", -1.0)
    subprocess.run([sys.executable, "-c", SCRATCH, str(tmp_path)], check=False, timeout=60)
    assert len(list(tmp_path.iterdir())) == 1
    with scratch_folder(tmp_path) as first, scratch_folder(tmp_path) as second:
        assert sorted(tmp_path.iterdir()) == sorted([first, second])
    assert list(tmp_path.iterdir()) == []


def test_existing_files_are_kept(tmp_path):
    """A file is overwritten only on request."""
    (tmp_path / "events.jsonl").write_text("old")
    with pytest.raises(FileExistsError, match=r"exists already.*--force"), atomic_write(tmp_path / "events.jsonl"):
        raise AssertionError("must not start")
    with atomic_write(tmp_path / "events.jsonl", overwrite=True) as temporary_path:
        temporary_path.write_text("new")
    assert [entry.read_text() for entry in tmp_path.iterdir()] == ["new"]


def test_folder_is_never_replaced_by_a_file(tmp_path):
    """Not even with `overwrite`: a mistyped name must not delete the contents of a folder."""
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter").write_text("one")
    with (
        pytest.raises(FileExistsError, match="thesis is a folder"),
        atomic_write(tmp_path / "thesis", overwrite=True),
    ):
        raise AssertionError("must not start")
    assert (tmp_path / "thesis" / "chapter").read_text() == "one"


def test_full_disk_error_names_the_file(tmp_path):
    """The message of the operating system does not name the file."""
    with (
        pytest.raises(OSError, match=r"no space is left to write .*events\.jsonl"),
        atomic_write(tmp_path / "events.jsonl"),
    ):
        Path("/dev/full").write_text("x")
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_found_where_a_library_says_nothing(tmp_path, monkeypatch):
    """OpenCV and OpenVINO may not tell that a write has failed: then not even a small file has room."""
    (tmp_path / "sheet.png").write_text("old")
    monkeypatch.setattr(files, "require_space", lambda folder: Path("/dev/full").write_text("x"))
    with (
        pytest.raises(OSError, match=r"no space is left to write .*sheet\.png"),
        atomic_write(tmp_path / "sheet.png", overwrite=True) as temporary_path,
    ):
        temporary_path.write_text("half")
    assert [entry.read_text() for entry in tmp_path.iterdir()] == ["old"]


def test_a_librarys_own_error_names_the_file(tmp_path):
    """An error of input is none of writing."""
    with (
        pytest.raises(OSError, match=r"a\.xml cannot be written \(iostream\); free"),
        library_writes(tmp_path / "a.xml"),
    ):
        raise RuntimeError("iostream")
    with pytest.raises(ValueError, match="too small"), library_writes(tmp_path / "a.xml"):
        raise ValueError("too small")


def test_unwritable_path_error_names_the_file(tmp_path):
    """Here the parent is a file."""
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match=r"cannot write .*file/events\.jsonl.*choose another place"):
        atomic_write(tmp_path / "file" / "events.jsonl").__enter__()


def test_outputs_must_differ_from_inputs(tmp_path, monkeypatch):
    """Two paths of one file count as the same file."""
    monkeypatch.chdir(tmp_path)
    require_distinct([Path("events.jsonl"), Path("film.mp4")], [Path("fox.mcap")])
    for outputs in ([tmp_path / "fox.mcap"], [Path("film.mp4"), Path("x/../film.mp4")]):
        with pytest.raises(ValueError, match="is named twice"):
            require_distinct(outputs, [Path("fox.mcap")])


def test_an_interrupt_while_the_hidden_folder_is_made_leaves_nothing(tmp_path, monkeypatch):
    """Not only what is interrupted later."""

    def rename_and_interrupt(folder: Path, claim: Path) -> bool:
        folder.rename(claim)
        raise KeyboardInterrupt

    monkeypatch.setattr(files, "_rename", rename_and_interrupt)
    with pytest.raises(KeyboardInterrupt), files.atomic_write(tmp_path / "events.jsonl"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_cache_is_written_once_though_nothing_comes_of_it(tmp_path: Path):
    """A writer that leaves no file is not called again and again."""
    calls: list[Path] = []
    write_once(tmp_path / "cache", lambda: False, lambda: calls.append(tmp_path))
    assert len(calls) == 1
