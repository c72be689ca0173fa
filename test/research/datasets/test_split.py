"""Rules of assigning participants to train, val and test."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import dataset_world as world
from cli_harness import run
from fingertip_research.datasets.dataset import Dataset, Session, open_dataset
from fingertip_research.datasets.split import (
    PARTS,
    Split,
    draw_split,
    load_split,
    match_pairs,
    read_pair_participants,
    read_pairs,
    save_pairs,
    save_split,
)

CARD = {
    "train": "P01 P03 P04 P06 P07 P09 P10 P11 P12 P13 P18",
    "val": "P05 P16",
    "test": "P08 P17",
}


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """Five people, the first with twice as many frames."""
    root = tmp_path_factory.mktemp("people")
    for number in range(1, 6):
        world.write_session(root, f"P{number:02d}", 2, labelled=False)
    world.write_session(root, "P01", 2, action="hovering", labelled=False)
    return open_dataset(root)


def test_published_splits_are_available_by_name():
    """The participants are those of the model card; the authors' repository has a different split."""
    split = load_split("card")
    assert {part: " ".join(names) for part, names in split.participants.items()} == CARD
    assert load_split("repository").participants["test"] == ("P05", "P08")


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    counts=st.lists(st.integers(0, 40), min_size=3, max_size=20),
    seed=st.integers(0, 1000),
    fractions=st.tuples(*[st.floats(0.05, 1.0)] * 3),
)
def test_every_participant_is_in_exactly_one_part(tmp_path, counts, seed, fractions):
    """For any participants, fractions and seed; no part stays empty, and the same seed gives the same split."""
    people = make_imaginary_dataset(tmp_path, counts)
    split = draw_split(people, dict(zip(PARTS, fractions, strict=True)), seed)
    assigned = [name for part in PARTS for name in split.participants[part]]
    assert sorted(assigned) == list(people.participants)
    assert all(split.participants[part] for part in PARTS)
    assert draw_split(people, dict(zip(PARTS, fractions, strict=True)), seed) == split


def make_imaginary_dataset(path, counts) -> Dataset:
    """A dataset whose sessions have frame numbers but no files."""
    sessions = []
    for number, count in enumerate(counts, start=1):
        session = Session(path, f"P{number:02d}", 60.0, "dark", "typing", world.CAMERA)
        session.__dict__["frame_numbers"] = tuple(range(count))
        sessions.append(session)
    return Dataset(path, tuple(sessions), ())


def test_part_sizes_match_their_ratios(tmp_path):
    """With twenty equal participants 80, 5 and 15 % are 16, 1 and 3; another seed assigns others."""
    people = make_imaginary_dataset(tmp_path, [10] * 20)
    splits = [draw_split(people, seed=seed) for seed in (42, 43)]
    for split in splits:
        assert [len(split.participants[part]) for part in PARTS] == [16, 1, 3]
    assert splits[0].participants != splits[1].participants


@pytest.mark.parametrize(
    ("count", "fractions", "message"),
    [
        (2, {}, "2 participants; 3 parts"),
        (5, {"train": -1.0}, "negative"),
        (5, dict.fromkeys(PARTS, 0.0), "at least one must be positive"),
    ],
)
def test_impossible_splits_are_rejected(tmp_path, count, fractions, message):
    with pytest.raises(ValueError, match=message):
        draw_split(make_imaginary_dataset(tmp_path, [1] * count), {"train": 0.8, "val": 0.1, "test": 0.1, **fractions})


def test_participant_in_two_parts_is_rejected(tmp_path):
    """In a new split, a manifest or text files: the error names the participant and the parts."""
    with pytest.raises(ValueError, match="P02 is in train and in test"):
        Split("mine", {"train": ("P01", "P02"), "val": (), "test": ("P02",)})
    manifest = {"version": 1, "name": "theirs", "participants": {"train": ["P01"], "val": ["P01"], "test": []}}
    (tmp_path / "split.json").write_text(json.dumps(manifest))
    with pytest.raises(ValueError, match=r"split\.json.*P01 is in train and in val"):
        load_split(tmp_path / "split.json")
    for part in PARTS:
        path = "/nas/P16/P16_angle90_white_desk_typing_062746/{}/000000.png"
        (tmp_path / f"{part}.txt").write_text(f"{path.format('rgb')} {path.format('depth')}\n")
    with pytest.raises(ValueError, match="P16 is in train and in val"):
        read_pair_participants(tmp_path)


def test_manifest_round_trip_preserves_the_split(dataset, tmp_path):
    """Participants and excluded frames, independent of the path of the dataset."""
    split = draw_split(dataset, seed=3).exclude({dataset.sessions[0].key: [1]})
    save_split(split, dataset, tmp_path / "deep" / "split.json")
    loaded = load_split(tmp_path / "deep" / "split.json")
    assert loaded == split
    total = sum(len(list(loaded.frames(dataset, part))) for part in PARTS)
    assert total == 12 - 1
    frame_counts = json.loads((tmp_path / "deep" / "split.json").read_text())["frames"]
    assert frame_counts == {part: loaded.count(dataset, part) for part in PARTS}


def test_empty_part_is_reported(dataset):
    """An empty part is an error that names its participants and those of the dataset."""
    with pytest.raises(ValueError, match=r"part 'test' of split card has no frames.*P08, P17.*P01, P02"):
        load_split("card").frames(dataset, "test")


@pytest.mark.parametrize("focal", [True, False])
def test_published_text_format_is_written(dataset, tmp_path, focal):
    """Absolute paths of colour and depth, and optionally the focal length; they are read back as the same frames."""
    split = draw_split(dataset)
    counts = save_pairs(split, dataset, tmp_path, focal=focal)
    assert read_pair_participants(tmp_path) == split.participants
    for part in PARTS:
        pairs = read_pairs(tmp_path / f"{part}.txt")
        assert len(pairs) == counts[part]
        assert all(pair.rgb_path.is_absolute() and pair.depth_path.is_file() for pair in pairs)
        assert {pair.focal_px for pair in pairs} == {world.CAMERA.fx if focal else None}
        assert match_pairs(dataset, pairs) == (list(split.frames(dataset, part)), [])


def test_published_text_files_resolve_relocated_frames(dataset, tmp_path):
    """Their paths are of the authors' disk, so frames match by session and number; unmatched ones are returned."""
    session = dataset.sessions[0].name
    lines = [f"/nas/P01/{session}/rgb/{name}.png /nas/P01/{session}/depth/{name}.png" for name in ("000001", "000009")]
    (tmp_path / "test.txt").write_text("\n".join([*lines, ""]))
    frames, unknown = match_pairs(dataset, read_pairs(tmp_path / "test.txt"))
    assert [(frame.session, frame.number) for frame in frames] == [(dataset.sessions[0], 1)]
    assert [pair.rgb_path.name for pair in unknown] == ["000009.png"]


def test_a_bad_line_is_named(tmp_path):
    (tmp_path / "train.txt").write_text("a.png b.png\nonly-one.png\n")
    with pytest.raises(ValueError, match=r"train\.txt, line 2: 1 words"):
        read_pairs(tmp_path / "train.txt")


def test_unknown_split_error_lists_available_splits(tmp_path):
    with pytest.raises(FileNotFoundError, match="card, repository"):
        load_split("cards")


def test_split_command_writes_manifest_and_text_files(dataset, tmp_path, capsys):
    """Writes manifest and text files at once; the filtered frames are in neither."""
    rejected = "--min-sharpness", "1e9"
    out, text = tmp_path / "split.json", tmp_path / "text"
    assert run("dataset", "split", dataset.path, "--out", out, "--text", text, "--seed", "3") == 0
    assert sum(len(read_pairs(text / f"{part}.txt")) for part in PARTS) == 12
    assert load_split(out) == draw_split(dataset, seed=3)
    assert (
        run("dataset", "split", dataset.path, "--name", out, "--filter", *rejected, "--out", tmp_path / "none.json")
        == 0
    )
    filtered = load_split(tmp_path / "none.json")
    assert {part: filtered.count(dataset, part) for part in PARTS} == {"train": 0, "val": 0, "test": 0}
    assert filtered.participants == load_split(out).participants
    assert run("dataset", "split", dataset.path, "--name", "card") == 0
    assert "in no part: P02" in capsys.readouterr().err
