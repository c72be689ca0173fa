"""The arrows of the design: who may import whom."""

from __future__ import annotations

import ast
from pathlib import Path
from xml.etree import ElementTree

import pytest

PACKAGE = Path(__file__).parent.parent / "fingertip_contact"
SOURCES = sorted(PACKAGE.rglob("*.py"))

# Rooms from the bottom up; a room imports from its own level only itself, and anything below.
ALGORITHMS = ("hands", "depth", "contact", "keyboard")
GLUE = ("ros", "nodes", "demo")
ROS_PACKAGES = (
    *("rclpy", "rcl_interfaces", "builtin_interfaces", "cv_bridge", "launch", "launch_ros", "lifecycle_msgs"),
    *("tf2_ros", "sensor_msgs", "std_msgs", "std_srvs", "geometry_msgs", "visualization_msgs", "diagnostic_msgs"),
    *("rosgraph_msgs", "ament_index_python"),
)
TORCH_PACKAGES = ("torch", "torchvision", "timm", "safetensors")
# The network itself, what reads and converts its weights, and training.
TORCH_MODULES = ("depth.network", "depth.checkpoint", "depth.export", "depth.torch_runtime", "training")


def find_imports(source: Path) -> set[str]:
    """Full names of the modules that a file imports, inside functions too."""
    imported: set[str] = set()
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            imported.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            imported.add(node.module)
            imported.update(f"{node.module}.{alias.name}" for alias in node.names)
    return imported


def module_name(source: Path) -> str:
    """`ros.images` for fingertip_contact/ros/images.py."""
    return ".".join(source.relative_to(PACKAGE).with_suffix("").parts)


def subpackage(name: str) -> str:
    return name.split(".")[0]


def imported_subpackages(source: Path) -> set[str]:
    prefix = f"{PACKAGE.name}."
    return {subpackage(name.removeprefix(prefix)) for name in find_imports(source) if name.startswith(prefix)}


def sources_in(*rooms: str) -> list[Path]:
    return [source for source in SOURCES if subpackage(module_name(source)) in rooms and source.parent != PACKAGE]


@pytest.mark.parametrize("source", SOURCES, ids=module_name)
def test_only_ros_packages_import_ros(source: Path):
    """Nothing outside ros, nodes and the demonstration of the nodes imports rclpy or a message."""
    if subpackage(module_name(source)) not in GLUE:
        assert {name.split(".")[0] for name in find_imports(source)}.isdisjoint(ROS_PACKAGES)


def test_ros_dependencies_are_declared():
    """rosdep installs what package.xml names: all that nodes and launch files import."""
    used = set().union(*map(find_imports, [*SOURCES, *PACKAGE.parent.glob("launch/*.py")]))
    packages = {name.split(".")[0] for name in used} & set(ROS_PACKAGES)
    declared = {depend.text for depend in ElementTree.parse(PACKAGE.parent / "package.xml").iter("exec_depend")}
    assert packages <= declared


@pytest.mark.parametrize("source", SOURCES, ids=module_name)
def test_only_network_modules_import_torch(source: Path):
    """Running needs no torch: only the network, its weights' reader and converter, and training import it."""
    if not module_name(source).startswith(TORCH_MODULES):
        assert {name.split(".")[0] for name in find_imports(source)}.isdisjoint(TORCH_PACKAGES)


@pytest.mark.parametrize("source", sources_in(*ALGORITHMS), ids=module_name)
def test_algorithm_packages_do_not_import_one_another(source: Path):
    """hands, depth, contact and keyboard speak through frames and geometry."""
    above = {*ALGORITHMS, *GLUE, "cli", "pipeline", "build", "offline", "overlay", "recordings", "simulation"}
    assert imported_subpackages(source).isdisjoint(above - {subpackage(module_name(source))})


@pytest.mark.parametrize(
    "source", [s for s in SOURCES if subpackage(module_name(s)) not in ("cli", "demo")], ids=module_name
)
def test_nothing_imports_the_cli(source: Path):
    """cli is the top."""
    assert "cli" not in imported_subpackages(source)


@pytest.mark.parametrize("source", sources_in("ros"), ids=module_name)
def test_ros_package_does_not_import_nodes(source: Path):
    """ros is what nodes share."""
    assert "nodes" not in imported_subpackages(source)


@pytest.mark.parametrize("source", [PACKAGE / "frames.py", PACKAGE / "geometry.py"], ids=module_name)
def test_base_modules_import_only_each_other(source: Path):
    """They import nothing of the package but each other."""
    assert imported_subpackages(source) <= {"geometry"}


@pytest.mark.parametrize("source", sources_in("nodes"), ids=module_name)
def test_nodes_are_short(source: Path):
    """Under 200 lines."""
    assert len(source.read_text(encoding="utf-8").splitlines()) < 200
