"""Which files are bags, and where what belongs to a bag lies."""

from __future__ import annotations

from pathlib import Path

BAG_SUFFIXES = (".mcap", ".db3", ".bag")


def beside(bag: Path, suffix: str) -> Path:
    """`out/hello.mcap` and the folder `out/hello` with `.truth.jsonl` -> `out/hello.truth.jsonl`."""
    stem = bag.stem if bag.suffix in BAG_SUFFIXES else bag.name
    return bag.with_name(stem + suffix)
