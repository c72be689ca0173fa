"""Rules of names and registries: whatever is wrong with an implementation, one error says which one and what to do."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from fingertip_contact.contact.parameters import load_profile
from fingertip_contact.factory import open_outputs
from fingertip_contact.pipeline import ContactPipeline
from fingertip_contact.registry import OUTPUTS, Registry

MODULES = {
    "bad_exit": "import sys\nsys.exit(0)\n",
    "bad_raise": "raise RuntimeError('wheels off')\n",
    "bad_syntax": "def :\n",
    "good": (
        "number = 3\n"
        "closed = []\n"
        "class Output:\n"
        "    def process(self, result): pass\n"
        "    def close(self): closed.append(self)\n"
        "class NoClose:\n"
        "    def process(self, result): pass\n"
        "class Boom(Output):\n"
        "    def __init__(self): raise RuntimeError('no device')\n"
        "class CloseBoom(Output):\n"
        "    def close(self): raise RuntimeError('stuck')\n"
    ),
}


@pytest.fixture(autouse=True)
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in MODULES.items():
        (tmp_path / f"{name}.py").write_text(text)
        monkeypatch.delitem(__import__("sys").modules, name, raising=False)
    monkeypatch.syspath_prepend(tmp_path)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nope", "has no 'nope'; choose one of console"),
        ("good:", "cannot be imported"),
        (":Output", "cannot be imported"),
        (".good:Output", "cannot be imported"),
        ("bad_exit:Output", "'bad_exit:Output' cannot be imported: SystemExit"),
        ("bad_raise:Output", "cannot be imported: RuntimeError: wheels off"),
        ("bad_syntax:Output", "cannot be imported: SyntaxError"),
        ("good:number", "'good:number' cannot be made: TypeError"),
        ("good:Boom", "cannot be made: RuntimeError: no device"),
        ("good:NoClose", "'good:NoClose' lacks close"),
    ],
)
def test_bad_implementations_are_named(name: str, message: str) -> None:
    """Unknown, not importable, not callable, failing or incomplete: a ValueError that names kind and implementation."""
    with pytest.raises(ValueError, match=rf"outputs.*{message}"):
        OUTPUTS.make(name, required=("process", "close"))


def test_names_are_taken_once() -> None:
    """A second registration of a name is an error, built-in names included."""
    registry = Registry("colours", {"red": "good:number"})
    registry.register("blue")(object)
    for name in ("red", "blue"):
        with pytest.raises(ValueError, match="choose another name"):
            registry.register(name)


def test_outputs_are_closed_when_a_later_one_fails() -> None:
    """An output that was opened before another failed to open is closed."""
    import good

    with pytest.raises(ValueError, match="no device"):
        open_outputs(["good:Output", "good:Boom"])
    assert len(good.closed) == 1


def test_every_output_is_closed() -> None:
    """One that fails to close does not keep the others open, and its error is raised."""
    import good

    pipeline = ContactPipeline(*[None] * 5, open_outputs(["good:Output", "good:CloseBoom", "good:Output"]))  # type: ignore[arg-type]
    with pytest.raises(RuntimeError, match="stuck"):
        pipeline.close()
    assert len(good.closed) == 2
    pipeline.close()
    assert len(good.closed) == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("mine: {model: nosuch}", "mine: the model .*nosuch does not exist"),
        ("mine: {model: 0}", "mine: model is 0; it has to be a path"),
        ("mine: {classifier: evidence, model: nosuch}", "does not exist"),
        ("mine: {entry_height_m: 0.01, entry_height_m: 0.02}", "'entry_height_m' is listed twice"),
        ("mine: {entry_height_m: 2020-99-99}", r"mine\.yaml"),
        ("mine: {entry_height_m: " + "9" * 400 + "}", "a whole number is larger than"),
        ("[" * 3000, r"mine\.yaml"),
    ],
)
def test_bad_profiles_are_named(tmp_path: Path, text: str, message: str) -> None:
    """A missing model, a field listed twice, values that no reader can hold: one error with file and field."""
    (tmp_path / "mine.yaml").write_text(text)
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        load_profile(tmp_path / "mine.yaml")


def test_names_of_this_package_are_found_without_a_look_at_what_is_installed():
    """Which takes 3 MB of every node."""
    code = (
        "import sys\n"
        "from fingertip_contact.registry import KEY_SHAPES\n"
        "KEY_SHAPES.get('rectangle')\n"
        "print('importlib.metadata' in sys.modules, 'rectangle' in KEY_SHAPES.names())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split() == ["False", "True"]
