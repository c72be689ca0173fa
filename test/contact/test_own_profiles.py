"""Profiles that a user has saved are found by their names."""

from __future__ import annotations

from pathlib import Path

import pytest

from fingertip_contact.contact.own_profiles import find_profile_path, list_own_profiles
from fingertip_contact.contact.parameters import load_profile


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A profile `desk`, saved."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    path = find_profile_path("desk")
    path.parent.mkdir(parents=True)
    path.write_text("desk: {classifier: touch, press_log_odds_threshold: 0.25}\n", encoding="utf-8")
    return path


def test_a_saved_profile_is_found_by_its_name(desk: Path):
    """By name it is what it is by its path; a hidden file beside it is none."""
    (desk.parent / ".half.yaml").write_text("", encoding="utf-8")
    assert list_own_profiles() == ("desk",)
    assert load_profile("desk") == load_profile(desk)
    assert load_profile("desk").press_log_odds_threshold == 0.25


def test_built_in_names_come_first(desk: Path):
    """A file of a built-in profile's name does not replace it unsaid."""
    desk.rename(desk.with_name("default.yaml"))
    assert load_profile("default").press_log_odds_threshold != 0.25


def test_an_unknown_name_lists_both_kinds(desk: Path):
    """The error names what there is, and what was probably meant."""
    with pytest.raises(ValueError, match=r"did you mean 'desk'.*default.*that you have saved \(desk\)"):
        load_profile("desl")


def test_without_a_folder_there_is_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Nobody has saved anything: no error but that of the unknown name."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "nothing"))
    assert list_own_profiles() == ()
    with pytest.raises(ValueError, match="has no contact profile 'desk'"):
        load_profile("desk")
