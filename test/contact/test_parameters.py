"""Contact parameters: profiles by name or file, every mistake named with its remedy."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import pytest

from fingertip_contact.contact.classifiers.touch import CONTACT_FILE, TIMING_FILE, TOUCH_DOWN_FILE
from fingertip_contact.contact.parameters import FAST_DECISION_S, ContactParameters, list_profiles, load_profile
from repository import ROOT


def test_sharp_depth_profile_equals_parameter_defaults() -> None:
    """`sharp_depth` holds the defaults and names its model; `evidence` has another classifier and entry."""
    sharp_depth = load_profile("sharp_depth")
    assert replace(sharp_depth, model="") == ContactParameters()
    assert (Path(sharp_depth.model) / "decision.json").is_file()
    assert load_profile("evidence") == ContactParameters(classifier="evidence", entry_height_m=0.0045)


def test_default_profile_names_the_touch_model() -> None:
    """The profile `default` needs no sharp depth: the touch classifier with its three ensembles."""
    default = load_profile("default")
    assert default.classifier == "touch"
    assert default.press_log_odds_threshold == 0.0
    for name in (TOUCH_DOWN_FILE, TIMING_FILE, CONTACT_FILE):
        assert (Path(default.model) / name).is_file()


def test_model_is_relative_to_the_profile(tmp_path: Path) -> None:
    """A profile's model lies where its file does."""
    (tmp_path / "models" / "mine").mkdir(parents=True)
    source = tmp_path / "mine.yaml"
    source.write_text("mine: {model: models/mine}", encoding="utf-8")
    assert load_profile(source).model == str(tmp_path / "models/mine")


def test_classifier_can_be_named_by_reference() -> None:
    """`module:attribute` names a classifier that nobody registered."""
    assert ContactParameters(classifier="mine.module:Classifier").classifier == "mine.module:Classifier"


def test_every_shipped_profile_loads() -> None:
    """All profiles of config/profiles.yaml are valid and differ."""
    names = {"default", "fast", "sharp_depth", "evidence", "paper", "depth_only", "velocity_only"}
    assert set(list_profiles()) == names
    assert len({load_profile(name) for name in names}) == len(names)


def test_every_parameter_has_description_and_range() -> None:
    """Nodes make descriptors of the metadata: a description, and a range, choices or a registry."""
    for entry in fields(ContactParameters):
        assert entry.metadata["description"]
        limits = [kind for kind in ("range", "choices", "registry") if kind in entry.metadata]
        assert len(limits) == (entry.name not in ("model", "cues"))


def test_fast_decisions_wait_for_one_frame() -> None:
    """`fast` is `default` but for the delay: no longer than a frame at 30 Hz, and no longer than the profile's own."""
    fast = load_profile("fast")
    assert replace(fast, decision="sure") == load_profile("default")
    assert fast.settling_s == FAST_DECISION_S < 1 / 30
    assert replace(fast, decision="sure").settling_s == fast.decision_delay_s
    assert replace(fast, decision_delay_s=0.01).settling_s == 0.01
    with pytest.raises(ValueError, match="decision is 'soon'; choose one of sure, fast"):
        replace(fast, decision="soon")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("default: {entry_hight_m: 0.004}", ["entry_hight_m", "entry_height_m"]),
        ("default: {entry_height_m: -1}", ["entry_height_m", "-1", "from 0 to 0.05"]),
        ("default: {entry_height_m: .nan}", ["entry_height_m", "nan"]),
        ("default: {entry_height_m: true}", ["entry_height_m", "True"]),
        ("default: {surface_distance_max_m: 0.06}", ["surface_distance_max_m", "larger"]),
        ("default: {classifier: magic}", ["classifier", "magic", "evidence"]),
        ("default: [1]", ["default", "map fields"]),
        ("[1, 2]", ["map names to values"]),
        ("a: {}\nb: {}", ["'default'", "a, b"]),
        ("a: {", ["not readable as YAML"]),
    ],
)
def test_profile_errors_name_file_field_and_value(tmp_path: Path, text: str, words: list[str]) -> None:
    """A wrong profile file is a ValueError that names the file, the field, the value and what is allowed."""
    source = tmp_path / "mine.yaml"
    source.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"mine\.yaml") as caught:
        load_profile(source)
    assert all(word in str(caught.value) for word in words)


def test_unknown_profile_error_lists_available_profiles() -> None:
    """A wrong name is answered with the right ones."""
    with pytest.raises(ValueError, match="choose one of default"):
        load_profile("fastest")


def test_missing_profile_file_is_named(tmp_path: Path) -> None:
    """A profile file that is not there is a FileNotFoundError with its path."""
    with pytest.raises(FileNotFoundError, match="nowhere"):
        load_profile(tmp_path / "nowhere.yaml")


def test_profile_page_lists_every_field() -> None:
    """With its range and its meaning, as the program has them."""
    page = (ROOT / "docs/profile-file.md").read_text(encoding="utf-8")
    for entry in fields(ContactParameters):
        (row,) = [line for line in page.splitlines() if line.startswith(f"| `{entry.name}` |")]
        allowed = "{:g} to {:g}".format(*entry.metadata["range"]) if "range" in entry.metadata else ""
        assert allowed in row
        assert entry.metadata["description"] in row
    assert page.count("\n| `") == len(fields(ContactParameters))
