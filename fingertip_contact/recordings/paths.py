"""Which files are bags, and where what belongs to a bag lies."""

from __future__ import annotations

from pathlib import Path

BAG_SUFFIXES = (".mcap", ".db3", ".bag")
# The ground truth of a simulated recording lies beside it under this suffix.
GROUND_TRUTH_SUFFIX = ".truth.jsonl"


def bag_stem(bag: Path) -> str:
    """The name without a bag's suffix; a dot in the name of a folder is no suffix."""
    return bag.stem if bag.suffix in BAG_SUFFIXES else bag.name


def sibling_path(bag: Path, suffix: str) -> Path:
    """`out/hello.mcap` and the folder `out/hello` with `.truth.jsonl` -> `out/hello.truth.jsonl`."""
    return bag.with_name(bag_stem(bag) + suffix)
