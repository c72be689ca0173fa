"""The shared files are found however the package was installed: from a wheel into a prefix or a folder, as colcon
installs it, and from inside a zip file."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipapp
from pathlib import Path

import pytest

from repository import ROOT

pytest.importorskip("pip", reason="a distribution's Python may lack it: apt install python3-pip")
# What a program needs of them: a layout, a profile, the list of models, a file for DDS, a network for OpenVINO.
PROBE = """
from importlib.resources import files
from pathlib import Path
import fingertip_contact
from fingertip_contact.contact.classifiers.touch import load_touch_model
from fingertip_contact.contact.measurement.appearance_network import AppearanceNetwork
from fingertip_contact.contact.parameters import load_profile
from fingertip_contact.keyboard.layout import load_layout
from fingertip_contact.keyboard.word_list import load_words
from fingertip_contact.resources import find_share_file

print(Path(fingertip_contact.__file__))
print(len(load_layout("qwerty").keys), load_profile("default").classifier, len(load_words("english")) > 1000)
print(Path(find_share_file("config/fastdds_profile.xml")).is_file(), find_share_file("models/models.yaml").is_file())
print(bool(load_touch_model()), bool(AppearanceNetwork()), find_share_file("launch/core.launch.py").is_file())
print((files("fingertip_contact") / "web" / "page" / "index.html").is_file())
"""


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """What is under version control, without the rest of the checkout."""
    folder = tmp_path_factory.mktemp("installations") / "source"
    for name in ("fingertip_contact", "config", "launch", "models", "resource"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("setup.py", "setup.cfg", "pyproject.toml", "package.xml", "README.md"):
        shutil.copy(ROOT / name, folder)
    return folder


def run(*command, cwd, path=""):
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(path), "PYTHONDONTWRITEBYTECODE": "1", "HOME": str(cwd)}
    done = subprocess.run(
        [sys.executable, *map(str, command)], cwd=cwd, env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.fixture(scope="module")
def wheel(source):
    """Built as pip does, but without a second environment."""
    target = source.parent / "wheel"
    pip_wheel = ("-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index", "-q", "-w", target, source)
    run(*pip_wheel, cwd=source.parent)
    return next(target.glob("*.whl"))


@pytest.fixture(scope="module")
def folder(wheel):
    """`pip install --target`."""
    target = wheel.parent.parent / "target"
    run(
        "-m",
        "pip",
        "install",
        "--no-deps",
        "--no-index",
        "--no-compile",
        "-q",
        "--target",
        target,
        wheel,
        cwd=wheel.parent,
    )
    return target


def probe(path, cwd):
    """Asserts that all is found by the package at a place of PYTHONPATH."""
    lines = run("-c", PROBE, cwd=cwd, path=path).splitlines()
    assert lines[0].startswith(str(path))
    assert lines[1].endswith("True")
    assert lines[2:] == ["True True", "True True True", "True"]


def test_shared_files_of_a_folder_are_found(folder, tmp_path):
    """`pip install --target`: Python's own prefix knows nothing of it."""
    probe(folder, tmp_path)


def test_shared_files_of_a_prefix_are_found(wheel, tmp_path):
    """`pip install --prefix`, as `--user` and Debian's /usr/local install; ROS finds its copy there, too."""
    # pip would remove the package that these tests run with, which it takes for an older one.
    options = ("--no-deps", "--no-index", "--ignore-installed", "--no-compile", "-q")
    run("-m", "pip", "install", *options, "--prefix", tmp_path, wheel, cwd=tmp_path)
    probe(next(tmp_path.glob("**/*-packages")), tmp_path)
    share = tmp_path / "share"
    assert (share / "ament_index" / "resource_index" / "packages" / "fingertip_contact").is_file()
    assert (share / "fingertip_contact" / "launch" / "core.launch.py").is_file()


def test_shared_files_of_an_installation_of_colcon_are_found(source, tmp_path):
    """colcon runs setup.py itself, and removes what was installed by the record that it writes."""
    prefix, record = tmp_path / "install", tmp_path / "record.txt"
    build = ("build", "-b", tmp_path / "build", "install", "--single-version-externally-managed")
    run("setup.py", "-q", *build, "--prefix", prefix, "--record", record, cwd=source)
    probe(next(prefix.glob("**/*-packages")), tmp_path)
    assert "/fingertip_contact/share/config/profiles.yaml" in record.read_text()


def test_shared_files_of_a_zip_file_are_found(folder, tmp_path):
    """A zipapp; the libraries come from outside. What was unpacked is gone afterwards."""
    archive = tmp_path / "application.pyz"
    zipapp.create_archive(folder, archive, main="fingertip_contact.cli.main:main")
    probe(archive, tmp_path)
    unpacked = "from fingertip_contact.resources import find_share_directory; print(find_share_directory())"
    assert not Path(run("-c", unpacked, cwd=tmp_path, path=archive).strip()).exists()
