"""Limits of YAML files from anybody."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest
import yaml

from fingertip_contact import yaml_file
from fingertip_contact.yaml_file import parse_yaml, read_yaml


@pytest.fixture(params=[yaml.__with_libyaml__, False], ids=["libyaml", "python"])
def parse(request, monkeypatch):
    """parse_yaml with libyaml, where PyYAML has it, and without."""
    monkeypatch.setattr(yaml, "__with_libyaml__", request.param)
    yield importlib.reload(yaml_file).parse_yaml
    monkeypatch.undo()
    importlib.reload(yaml_file)


def make_nested_aliases(levels: int) -> str:
    """Each level is a list of ten of the level below: 10 ** levels values in a few lines."""
    lines = ["a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    for level in range(1, levels):
        lines.append(f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]")
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: 1\nb: 2\na: 3", "'a' is listed twice, line 3"),
        ("- {a: 1, a: 1}", "'a' is listed twice"),
        ("a: &a [1, *a]", "refers to what it is part of"),
        ("[" * 21, "deeper than 20 levels"),
        ("? [a, b]\n: 1", "a name has to be a text or a number"),
        ("a: !!timestamp x", "tags are not read"),
        ("!!python/name:os.system a", "tags are not read"),
        ("a: 2001-99-99", "month must be in 1..12"),
        (f"a: {1 << 63}", "a whole number is larger than"),
        (f"a: {'9' * 5000}", "a whole number is larger than"),
        (f"{'k' * 201}: 1", "a name has more than 200 characters"),
        ("a: \x07", "characters are not allowed"),
        ("a: [1", "expected ',' or ']'"),
    ],
)
def test_what_is_refused(parse, text, problem):
    """Each is one ValueError that names the source and the problem."""
    with pytest.raises(ValueError, match=r"^mine: not readable as YAML or JSON") as caught:
        parse(text, "mine")
    assert problem in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["\n".join("- 1" for _ in range(101)), make_nested_aliases(3)])
def test_aliases_count_as_what_they_stand_for(monkeypatch, text):
    """100 values are read at most, whether they are written out or aliases multiply them."""
    monkeypatch.setattr(yaml_file, "MAX_NODES", 100)
    with pytest.raises(ValueError, match="more than 100 values"):
        parse_yaml(text, "mine")


def test_few_aliases_and_merged_mappings_are_read(parse):
    """Anchors serve for defaults: a merged key may be given again."""
    assert parse("base: &base {a: 1, b: 2}\nmine: {<<: *base, b: 3}", "mine")["mine"] == {"a": 1, "b": 3}
    assert parse(make_nested_aliases(3), "mine")["a2"] == [[[1] * 10] * 10] * 10


def test_size_is_limited(tmp_path: Path, monkeypatch):
    """A file that is too large is not parsed, and no more of it is read than is allowed."""
    monkeypatch.setattr(yaml_file, "MAX_BYTES", 10)
    monkeypatch.setattr(yaml_file, "parse_yaml", lambda text, source: text)
    path = tmp_path / "mine.yaml"
    path.write_text("a: 1234567")
    assert read_yaml(path) == "a: 1234567"
    path.write_text("a: 12345678")
    with pytest.raises(ValueError, match=r"mine\.yaml has more than 10 bytes"):
        read_yaml(path)


def test_other_encodings_are_refused(tmp_path: Path):
    """Files are UTF-8."""
    path = tmp_path / "mine.yaml"
    path.write_bytes("a: é".encode("latin-1"))
    with pytest.raises(ValueError, match=r"mine\.yaml: not a text file in UTF-8"):
        read_yaml(path)
