"""Limits of JSON files from anybody."""

from __future__ import annotations

from pathlib import Path

import pytest

from fingertip_contact import json_file
from fingertip_contact.json_file import field_errors, read_lines, read_object

REFUSED = [
    ('{"a": 1, "a": 2}', "'a' is listed twice"),
    ('{"a": {"b": 1, "b": 1}}', "'b' is listed twice"),
    ('{"a":' * 21 + "1" + "}" * 21, "nested deeper than 20 levels"),
    ('{"a": "]]]]]]]]]]", "b":' + "[" * 20 + "]" * 20 + "}", "nested deeper than 20 levels"),
    ('{"a": "\\"]]]]]]]]]]", "b":' + "[" * 20 + "]" * 20 + "}", "nested deeper than 20 levels"),
    ("[" * 5000, "nested deeper than 20 levels"),
    (f'{{"{"k" * 201}": 1}}', "a name has more than 200 characters"),
    (f'{{"a": {1 << 63}}}', "is larger than"),
    (f'{{"a": {"9" * 5000}}}', "is larger than"),
    ('{"a": 1e999}', "is too large"),
    ('{"a": NaN}', "NaN is not finite"),
    ('{"a": [-Infinity]}', "-Infinity is not finite"),
    ("[1]", "expected a JSON object, found list"),
    ('{"a": 1', "delimiter"),
]


@pytest.mark.parametrize(("text", "problem"), REFUSED)
def test_what_is_refused(tmp_path: Path, text, problem):
    """Objects and lines have the same limits; the error names the file, and the line."""
    path = tmp_path / "mine.jsonl"
    path.write_text('{"a": 1}\n' + text)
    with pytest.raises(ValueError, match=r"mine\.jsonl, line 2: ") as caught:
        list(read_lines(path, "file"))
    assert problem in str(caught.value)
    assert len(str(caught.value)) < 400
    path.write_text(text)
    with pytest.raises(ValueError, match=r"mine\.jsonl: ") as caught:
        read_object(path)
    assert problem in str(caught.value)


@pytest.mark.parametrize(
    "text", ['{"a": "' + "[" * 50 + '"}', '{"a": "' + '\\"[' * 50 + '"}', '{"a": [[1], [2], [3]]}']
)
def test_brackets_within_texts_are_no_nesting(tmp_path: Path, text):
    """Only lists and objects within each other count."""
    path = tmp_path / "mine.json"
    path.write_text(text)
    assert set(read_object(path)) == {"a"}


def test_size_is_limited(tmp_path: Path, monkeypatch):
    """A line or a file that is too large is not parsed."""
    monkeypatch.setattr(json_file, "MAX_LINE_BYTES", 20)
    monkeypatch.setattr(json_file, "MAX_OBJECT_BYTES", 20)
    path = tmp_path / "mine.json"
    path.write_text('{"a": 1}\n{"a": 123456789012345}')
    with pytest.raises(ValueError, match="line 2: more than 20 bytes"):
        list(read_lines(path, "file"))
    with pytest.raises(ValueError, match="more than 20 bytes"):
        read_object(path)


@pytest.mark.parametrize("use", [lambda: [][0], lambda: int(1e400), lambda: None.x, lambda: {}["x"], lambda: float([])])
def test_a_member_of_the_wrong_type_is_a_named_error(use):
    """Whatever the use of a wrong member raises, the reader's error is a ValueError that names the place."""
    with pytest.raises(ValueError, match=r"^here: "), field_errors("here"):
        use()
