"""What colcon and pip need beyond pyproject.toml: the files that a ROS package shares.

They are installed twice: under share/fingertip_contact, where ROS looks for them, and inside the package, where the
program finds them in every kind of installation (fingertip_contact/resources.py).
"""

from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

NAME = "fingertip_contact"
FOLDERS = ("launch", "config", "models")


class BuildWithSharedFiles(build_py):
    """Puts the shared files into the package, as its folder share/. An editable installation reads the checkout."""

    def run(self) -> None:
        super().run()
        if not self.editable_mode:
            for source, target in self._shared_files():
                self.mkpath(str(target.parent))
                self.copy_file(str(source), str(target))

    def get_outputs(self, include_bytecode: bool = True) -> list[str]:
        shared = [] if self.editable_mode else [str(target) for _, target in self._shared_files()]
        return super().get_outputs(include_bytecode) + shared

    def _shared_files(self) -> list[tuple[Path, Path]]:
        share = Path(self.build_lib, NAME, "share")
        sources = ["package.xml", *(file for folder in FOLDERS for _, files in data_files(folder) for file in files)]
        return [(Path(source), share / source) for source in sources]


def data_files(folder: str) -> list[tuple[str, list[str]]]:
    """The files of a folder at the root, as data files under share/fingertip_contact."""
    found: dict[str, list[str]] = {}
    for path in sorted(Path(folder).rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            found.setdefault(f"share/{NAME}/{path.parent}", []).append(str(path))
    return sorted(found.items())


setup(
    license="Apache-2.0",
    python_requires=">=3.10",
    cmdclass={"build_py": BuildWithSharedFiles},
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{NAME}"]),
        (f"share/{NAME}", ["package.xml"]),
        *(entry for folder in FOLDERS for entry in data_files(folder)),
    ],
)
