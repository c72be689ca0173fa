"""No text in a file, a message or a list of models decides where something is written; options alone do."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import dataset_world as world
from cli_harness import run
from fingertip_contact.depth.configuration import write_config
from fingertip_contact.files import require_entry_name, require_inside
from fingertip_contact.weights import Model
from fingertip_research.datasets.label import LabelledFrame, save_labels
from fingertip_research.datasets.writer import SessionInfo
from repository import ROOT

# Calls after which a file or folder is there that was not.
WRITES = re.compile(
    r"atomic_write\(|fill_cache\(|write_once\(|write_image\(|scratch_folder\(|hold_folder\(|reserve_folder\("
    r"|BagWriter\(|VideoWriter\(|SummaryWriter\(|TemporaryDirectory\(|mk[sd]temp\(|\.mkdir\(|\.write_text\("
    r"|\.write_bytes\(|imwrite\(|savefig\(|savez|np\.save\(|save_file\(|save_model\(|copyfile|os\.replace\("
    r"|open\([^)\n]*\"[wax]b?\""
)
# Names as people and as attackers write them.
names = st.lists(
    st.sampled_from(["..", ".", "/", "\\", "~", "a", "P01", "desk", "_", "-", "\0", "\n", "%2e%2e", "é", "\u202e"])
    | st.text(),
    max_size=6,
).map("".join)


@settings(deadline=None)
@given(names)
@example("../../x")
@example("/etc/passwd")
@example("..")
@example("")
@example("a/..")
@example("-rf")
def test_a_name_is_one_entry_of_its_folder(name: str) -> None:
    """Accepted names are a visible child of the folder, refused ones an error of one line that begins with the
    subject."""
    folder = Path("/somewhere/out")
    try:
        path = folder / require_entry_name(name, "the name of a thing")
    except ValueError as error:
        refusal = str(error)
    else:
        refusal = ""
        assert path.resolve().parent == folder
        assert not path.name.startswith((".", "-"))
    assert re.fullmatch("(the name of a thing is .*)?", refusal)


@settings(deadline=None)
@given(names, names, names, st.sampled_from(["typing", "hovering", "../x"]))
@example("P01", "../../x", "", "typing")
@example("P01", "wood", "221320", "typing")
def test_a_session_lies_in_its_dataset(participant: str, surface: str, time_of_day: str, action: str) -> None:
    """Whatever options and ground truth name: its folder is two levels below the dataset's."""
    try:
        info = SessionInfo(participant, 60.0, surface, action, time_of_day=time_of_day).with_start(0)
    except ValueError as error:
        refusal = str(error)
    else:
        refusal = ""
        assert info.folder(Path("/somewhere/out")).resolve().parent.parent == Path("/somewhere/out")
    assert "\n" not in refusal


@pytest.mark.parametrize("option", ["participant", "surface", "action", "time"])
def test_an_option_that_leads_out_is_refused(tmp_path: Path, monkeypatch, capsys, option: str) -> None:
    """One line, exit code 2, and nothing is written anywhere."""
    monkeypatch.chdir(tmp_path)
    values = {"participant": "P01", "surface": "wood", "action": "typing", "angle": "60"} | {option: "../../x"}
    options = [part for name, value in values.items() for part in (f"--{name}", value)]
    assert run("dataset", "from-bag", "fox.mcap", "--out", "out", *options) == 2
    error = capsys.readouterr().err
    assert "../../x" in error
    assert error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [("name", "../x"), ("member", "a/.."), ("member", "../../x.pth"), ("member", "/x"), ("companions", ("../x.json",))],
)
def test_a_list_of_models_names_files_only(name: str, value: object) -> None:
    """Of models.yaml: neither a model nor a file of it leads out of the folder of weights."""
    model = Model(
        "mine", {"there": {"hub": {}}}, "depth", "there", "mine/x.pth", "", "1", "MIT", None, None, ("c.json",)
    )
    with pytest.raises(ValueError, match="which cannot name a file or folder"):
        replace(model, **{name: value})


@pytest.mark.parametrize("folder", ["labels", "annotations"])
def test_links_in_a_session_are_not_followed(tmp_path: Path, folder: str) -> None:
    """A dataset of somebody else's may hold links to any place: nothing is labelled there."""
    session = world.write_session(tmp_path / "data", count=1)
    outside = tmp_path / "outside"
    (session.path / folder).rename(outside)
    (session.path / folder).symlink_to(outside)
    before = [(path.name, path.read_bytes()) for path in outside.iterdir()]
    with pytest.raises(ValueError, match=rf"{folder} is a link that leads out of"):
        save_labels(session, [LabelledFrame(0, world.make_label("index"), world.make_hands())], overwrite=True)
    assert [(path.name, path.read_bytes()) for path in outside.iterdir()] == before


def test_a_link_to_a_dataset_on_another_disk_is_followed(tmp_path: Path) -> None:
    """The folder that an option names may be a link: only what lies below must not lead out of it."""
    (tmp_path / "disk" / "labels").mkdir(parents=True)
    (tmp_path / "data").symlink_to(tmp_path / "disk")
    require_inside(tmp_path / "data" / "labels", tmp_path / "data")


def test_a_link_that_leads_nowhere_is_replaced(tmp_path: Path) -> None:
    """Beside weights of somebody else's: the file that the link names does not appear."""
    (tmp_path / "config.json").symlink_to(tmp_path / "elsewhere.json")
    write_config(tmp_path / "x.safetensors", 0.5)
    assert not (tmp_path / "elsewhere.json").exists()
    assert not (tmp_path / "config.json").is_symlink()


def test_every_module_that_writes_is_listed() -> None:
    """docs/security.md says what each writes, and where: by its name, or by its folder."""
    text = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    listed = re.findall(r"`([a-z0-9_/]+(?:\.py|/))`", text)
    for package in (ROOT / "fingertip_contact", ROOT / "research" / "fingertip_research"):
        for path in package.rglob("*.py"):
            module = path.relative_to(package).as_posix()
            if WRITES.search(path.read_text(encoding="utf-8")):
                assert any(module == entry or (entry[-1] == "/" and module.startswith(entry)) for entry in listed), (
                    module
                )
