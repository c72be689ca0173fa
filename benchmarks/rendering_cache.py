"""Where the recordings of the benchmarks' generators are kept."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fingertip_contact.resources import get_cache_directory


def locate_rendering(generator: str, settings: Mapping[str, Any], sources: Path) -> Path:
    """The path of the recording of these settings, whether it exists or not. generator: begins its name. sources: the
    generator's folder, of whose files the name contains a digest: after a change, recordings are rendered again."""
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
    for source in sorted(sources.iterdir()):
        if source.suffix in (".py", ".yaml"):
            digest.update(source.read_bytes())
    return get_cache_directory() / "recordings" / f"{generator}-{digest.hexdigest()[:16]}.mcap"
