"""A saved profile is what `profile:=` reads: the same parameters, in the user's own folder."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from fingertip_contact.contact.classifiers.touch import TouchClassifier
from fingertip_contact.contact.own_profiles import find_profile_path
from fingertip_contact.contact.parameters import load_profile
from fingertip_contact.setup_guide.saved_profile import save_profile


@pytest.mark.parametrize("base", ["default", "fast"])
def test_it_reads_as_it_was_saved(base, tmp_path):
    """The built-in model is not named by its path, which another version may not have."""
    path, parameters = tmp_path / "desk.yaml", load_profile(base)
    save_profile(path, "desk", parameters, ["ros2 launch \n x", "second"])
    saved = load_profile(path)
    assert saved == replace(parameters, model="")
    assert TouchClassifier(saved).needs_appearance == TouchClassifier(parameters).needs_appearance
    assert path.read_text().splitlines()[:2] == ["# ros2 launch \\n x", "# second"]


def test_nothing_is_replaced_by_itself(tmp_path):
    """The old file stays, and nothing beside it."""
    path = tmp_path / "desk.yaml"
    path.write_text("old")
    with pytest.raises(FileExistsError, match="--force"):
        save_profile(path, "desk", load_profile("default"), [])
    assert path.read_text() == "old"
    save_profile(path, "desk", load_profile("default"), [], overwrite=True)
    assert [entry.name for entry in tmp_path.iterdir()] == ["desk.yaml"]


def test_its_folder_is_the_users(monkeypatch, tmp_path):
    """Under XDG_CONFIG_HOME; a name that leads elsewhere is refused."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert find_profile_path("desk") == Path(tmp_path, "fingertip_contact", "profiles", "desk.yaml")
    with pytest.raises(ValueError, match="the name of the profile"):
        find_profile_path("../desk")
