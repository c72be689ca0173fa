"""Rules of the packages: one version, public names that exist, and an import that is quick."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from xml.etree import ElementTree

import pytest

import fingertip_contact
from repository import ROOT

tomllib = pytest.importorskip("tomllib", reason="comes with Python 3.11")


def read_project(path: str) -> dict:
    return tomllib.loads((ROOT / path).read_text(encoding="utf-8"))["project"]


def test_versions_agree():
    """Both packages, the ROS manifest, the module and the changelog name one version."""
    version = fingertip_contact.__version__
    assert read_project("pyproject.toml")["version"] == version
    assert read_project("research/pyproject.toml")["version"] == version
    assert ElementTree.parse(ROOT / "package.xml").findtext("version") == version
    assert f"## [{version}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"\nversion: {version}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")


def test_the_laboratory_requires_one_version():
    """The laboratory fits one version of the ROS package. No extra names a package of ours: they are on no index,
    and anybody could take the name."""
    version = fingertip_contact.__version__
    assert f"fingertip_contact=={version}" in read_project("research/pyproject.toml")["dependencies"]
    extras = read_project("pyproject.toml")["optional-dependencies"]
    assert not any("fingertip" in requirement for extra in extras.values() for requirement in extra)


def test_a_release_is_locked():
    """Everything that both packages and all extras name has a version and hashes in locks/, which the ranges allow; so
    have torch as the Makefile pins it, and what builds our wheels."""
    requirements = pytest.importorskip("packaging.requirements")
    utils = pytest.importorskip("packaging.utils")
    text = "".join((ROOT / "locks" / f"{name}.txt").read_text(encoding="utf-8") for name in ("build", "release"))
    entries = text.replace("\\\n", " ").splitlines()
    assert all(re.fullmatch(r"\S+==\S+( ;.*?)?(\s+--hash=sha256:[0-9a-f]{64})+", entry) for entry in entries)
    locked = {utils.canonicalize_name(name): version for name, version in re.findall(r"^([\w.-]+)==(\S+)", text, re.M)}
    pins = re.search("^TORCH_PIN := (.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)
    wanted = [*pins.group(1).split(), "setuptools>=68", "wheel"]
    for project in (read_project("pyproject.toml"), read_project("research/pyproject.toml")):
        extras = {name: extra for name, extra in project["optional-dependencies"].items() if name != "ros-jazzy"}
        wanted += [*project["dependencies"], *(entry for extra in extras.values() for entry in extra)]
    for requirement in map(requirements.Requirement, wanted):
        if "fingertip" not in requirement.name and (requirement.marker is None or requirement.marker.evaluate()):
            version = locked.get(utils.canonicalize_name(requirement.name))
            assert version is not None, f"{requirement}: run make lock"
            assert version in requirement.specifier, f"{requirement}: run make lock"


@pytest.mark.parametrize("name", fingertip_contact.__all__)
def test_public_names_exist(name: str):
    """Every name of `__all__` can be imported from the package."""
    assert getattr(fingertip_contact, name).__name__ == name


def test_unknown_names_are_attribute_errors():
    """A misspelt name fails as in any other module."""
    with pytest.raises(AttributeError, match="Pipelin"):
        _ = fingertip_contact.Pipelin


def test_import_is_light():
    """Importing the package imports none of its heavy dependencies: `--help` stays quick."""
    command = "import sys, fingertip_contact; print(*sorted({'cv2', 'numpy', 'openvino', 'torch'} & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", command], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == ""


def test_data_files_are_found():
    """setup.py ships the folders that find_share_directory expects."""
    for folder in ("config", "launch", "models", "resource"):
        assert any((ROOT / folder).iterdir())


def find_references(source: Path) -> set[str]:
    """The modules of the package that a file imports, or names as `module:attribute`."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found |= set(re.findall(r"^(fingertip_contact[\w.]*):\w", node.value))
    return found


def test_a_robot_installs_runtime_code():
    """At least 95 % of the installed lines are reached from the nodes, commands, launch files and the registry."""
    package = ROOT / "fingertip_contact"
    modules = {".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in package.rglob("*.py")}
    modules = {name.removesuffix(".__init__"): path for name, path in modules.items()}
    pending = {value.split(":")[0] for value in read_project("pyproject.toml")["scripts"].values()}
    pending = pending.union(*map(find_references, (ROOT / "launch").glob("*.py")))
    reached: set[str] = set()
    while pending:
        name = pending.pop()
        while name and name not in modules:
            name = name.rpartition(".")[0]
        if name and name not in reached:
            reached.add(name)
            pending |= find_references(modules[name]) | {name.rpartition(".")[0]}
    lines = {name: len(path.read_text(encoding="utf-8").splitlines()) for name, path in modules.items()}
    ratio = sum(lines[name] for name in reached) / sum(lines.values())
    assert ratio >= 0.95, f"{ratio:.3f}; not reached: {', '.join(sorted(set(modules) - reached))}"


# What rosdep does not install, and torch, whose import would take most of the time.
MISSING_ON_A_ROBOT = (
    *("aiohttp", "evdev", "fpdf", "hypothesis", "jinja2", "jsonschema", "lightgbm", "matplotlib", "mido", "nncf"),
    *("pyrealsense2", "rerun", "sklearn", "tensorboard", "torch"),
)
COLLECT_WITHOUT = """
import sys
import pytest

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in sys.argv[1].split(","):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Blocker())
sys.exit(pytest.main(["--collect-only", "-q", "-p", "no:cacheprovider", "-p", "no:hypothesispytest", "test"]))
"""


def test_missing_packages_skip_the_tests_that_need_them():
    """As colcon tests after rosdep: no file is an error when it is imported; each that is skipped is listed with the
    reason."""
    command = [sys.executable, "-c", COLLECT_WITHOUT, ",".join(MISSING_ON_A_ROBOT)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout[-3000:]
    for name in ("hypothesis", "matplotlib", "aiohttp"):
        assert re.search(rf"SKIPPED .*{name}", done.stdout), name


def test_the_source_distribution_holds_the_repository(tmp_path):
    """Every file that git knows: documentation, tests and their data too."""
    if not (ROOT / ".git").exists():
        pytest.skip("this is no checkout of the repository")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    names = {name for name in listed.split("\0") if (ROOT / name).is_file()}
    # A build writes into its folder.
    for name in names:
        (tmp_path / "source" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, tmp_path / "source" / name)
    code = f"from setuptools.build_meta import build_sdist; build_sdist({str(tmp_path)!r})"
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path / "source", capture_output=True, timeout=120, check=True)
    [archive] = tmp_path.glob("*.tar.gz")
    with tarfile.open(archive) as files:
        packed = {member.partition("/")[2] for member in files.getnames()}
    assert names - packed == set()
