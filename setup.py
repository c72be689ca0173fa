"""What colcon and pip need beyond pyproject.toml: the files that a ROS package shares."""

from pathlib import Path

from setuptools import setup

NAME = "fingertip_contact"


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
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{NAME}"]),
        (f"share/{NAME}", ["package.xml"]),
        *data_files("launch"),
        *data_files("config"),
        *data_files("models"),
    ],
)
