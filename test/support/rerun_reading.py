"""Rerun's recordings, read back by Rerun itself. Import after `pytest.importorskip("rerun")`."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import pyarrow as pa
from rerun.chunk import RrdReader


def read_entities(path: Path) -> dict[str, list[dict[str, Any]]]:
    """Path of each entity -> what was logged there, in order: `stamp` in nanoseconds (not of what is static), and
    values by the names of their components (`positions`, `text`)."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for chunk in RrdReader(path).stream().to_chunks():
        batch = chunk.to_record_batch()
        columns = {name.rpartition(":")[2]: batch.column(name) for name in batch.schema.names}
        columns = {name: column for name, column in columns.items() if name not in ("log_time", "rerun.controls.RowId")}
        if "stamp" in columns:
            columns["stamp"] = columns["stamp"].cast(pa.int64())
        for row in range(batch.num_rows):
            values = {name: column[row].as_py() for name, column in columns.items()}
            found[chunk.entity_path.strip("/")].append(values)
    for rows in found.values():
        rows.sort(key=lambda row: row.get("stamp", 0))
    return dict(found)
