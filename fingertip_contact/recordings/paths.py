"""File extensions of bags, and paths of the files that belong to a bag."""

from __future__ import annotations

from pathlib import Path

BAG_SUFFIXES = (".mcap", ".db3", ".bag")
# Of a bag's file that is compressed as a whole, after its own suffix: hello_0.db3.zstd.
COMPRESSED_SUFFIX = ".zstd"
# Suffix of the ground truth of a simulated recording, in the same folder.
GROUND_TRUTH_SUFFIX = ".truth.jsonl"


def bag_stem(bag: Path) -> str:
    """The name without a bag's suffix; a dot in the name of a folder does not begin a suffix."""
    return bag.stem if bag.suffix in BAG_SUFFIXES else bag.name


def sibling_path(bag: Path, suffix: str) -> Path:
    """`out/hello.mcap` and the folder `out/hello` with `.truth.jsonl` -> `out/hello.truth.jsonl`."""
    return bag.with_name(bag_stem(bag) + suffix)
