"""Lists of words and how often each is used."""

from __future__ import annotations

import math
from collections import defaultdict
from pathlib import Path

from fingertip_contact.resources import find_share_directory

MAX_WORD_LENGTH = 40


def load_words(name_or_path: str | Path) -> dict[str, float]:
    """A built-in list (`english`), or a file: one word per line, optionally followed by its frequency.

    Debian's dictionary packages install such a list, /usr/share/dict/words. The words are returned in lower case.

    Raises ValueError or FileNotFoundError that names file, line and remedy.
    """
    path = _find_word_list(name_or_path)
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: not a text file in UTF-8 ({error}); a word list has one word per line") from error
    words: defaultdict[str, float] = defaultdict(float)
    for line_number, line in enumerate(lines, 1):
        word, *count = line.split()[:2] or ["#"]
        if not word.startswith("#") and len(word) <= MAX_WORD_LENGTH:
            words[word.lower()] += _parse_count(count[0], f"{path}:{line_number}") if count else 1.0
    if not words:
        raise ValueError(f"{path}: the file has no words; a word list has one word per line")
    return dict(words)


def _parse_count(text: str, location: str) -> float:
    try:
        count = float(text)
    except ValueError:
        count = math.nan
    if not 0 < count < math.inf:
        raise ValueError(f"{location}: {text!r} follows the word; it has to be its frequency, or nothing")
    return count


def _find_word_list(name_or_path: str | Path) -> Path:
    path = Path(name_or_path)
    if path.is_file():
        return path
    folder = find_share_directory() / "config" / "words"
    names = sorted(file.stem for file in folder.glob("*.txt"))
    if str(name_or_path) in names:
        return folder / f"{name_or_path}.txt"
    raise FileNotFoundError(
        f"word list {name_or_path} does not exist: give a text file or a built-in name ({', '.join(names)})"
    )
