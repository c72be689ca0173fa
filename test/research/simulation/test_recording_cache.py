"""Rules of the names of cached recordings."""

from __future__ import annotations

from pathlib import Path

import pytest

import fingertip_contact.keyboard
from fingertip_research.simulation.recording_cache import KEYBOARD_MODULES, locate_recording

KEYBOARD = "fingertip_contact.keyboard"


def test_every_keyboard_module_that_the_simulation_imports_is_in_the_name() -> None:
    """The list is that of the imports, direct or not; each of the others may change without a new rendering."""
    grimp = pytest.importorskip("grimp", reason="comes with import-linter, a development dependency")
    graph = grimp.build_graph(
        "fingertip_contact", "fingertip_research", exclude_type_checking_imports=True, cache_dir=None
    )
    upstream = graph.find_upstream_modules("fingertip_research.simulation", as_package=True)
    imported = {name.removeprefix(f"{KEYBOARD}.") for name in upstream if name.startswith(f"{KEYBOARD}.")}
    assert imported == set(KEYBOARD_MODULES)


def test_names_follow_settings_and_the_sheet_but_not_how_text_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another layout module is another recording; another key decoder, or another order of settings, is not."""
    for source in Path(fingertip_contact.keyboard.__path__[0]).glob("*.py"):
        (tmp_path / source.name).write_bytes(source.read_bytes())
    monkeypatch.setattr(fingertip_contact.keyboard, "__path__", [str(tmp_path)])
    name = locate_recording({"seed": 3, "text": "hi"})
    (tmp_path / "key_decoder.py").write_text("changed")
    (tmp_path / "new.py").write_text("new")
    assert locate_recording({"text": "hi", "seed": 3}) == name
    assert locate_recording({"text": "hi", "seed": 4}) != name
    (tmp_path / "layout.py").write_text("changed")
    assert locate_recording({"seed": 3, "text": "hi"}) != name
