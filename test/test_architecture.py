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


def imports(source: Path) -> set[str]:
    """Full names of the modules that a file imports, inside functions too."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


def module(source: Path) -> str:
    """`ros.images` for fingertip_contact/ros/images.py."""
    return ".".join(source.relative_to(PACKAGE).with_suffix("").parts)


def room(name: str) -> str:
    return name.split(".")[0]


def imported_rooms(source: Path) -> set[str]:
    prefix = f"{PACKAGE.name}."
    return {room(name.removeprefix(prefix)) for name in imports(source) if name.startswith(prefix)}


def in_room(*rooms: str) -> list[Path]:
    return [source for source in SOURCES if room(module(source)) in rooms and source.parent != PACKAGE]


@pytest.mark.parametrize("source", SOURCES, ids=module)
def test_only_glue_knows_ros(source: Path):
    """Nothing outside ros, nodes and the demonstration of the nodes imports rclpy or a message."""
    if room(module(source)) not in GLUE:
        assert {name.split(".")[0] for name in imports(source)}.isdisjoint(ROS_PACKAGES)


def test_what_ros_has_to_bring_is_declared():
    """rosdep installs what package.xml names: all that nodes and launch files import."""
    used = set().union(*map(imports, [*SOURCES, *PACKAGE.parent.glob("launch/*.py")]))
    packages = {name.split(".")[0] for name in used} & set(ROS_PACKAGES)
    declared = {depend.text for depend in ElementTree.parse(PACKAGE.parent / "package.xml").iter("exec_depend")}
    assert packages <= declared


@pytest.mark.parametrize("source", SOURCES, ids=module)
def test_only_the_network_knows_torch(source: Path):
    """Running needs no torch: only the network, its weights' reader and converter, and training import it."""
    if not module(source).startswith(TORCH_MODULES):
        assert {name.split(".")[0] for name in imports(source)}.isdisjoint(TORCH_PACKAGES)


@pytest.mark.parametrize("source", in_room(*ALGORITHMS), ids=module)
def test_algorithms_do_not_know_one_another(source: Path):
    """hands, depth, contact and keyboard speak through frames and geometry."""
    above = {*ALGORITHMS, *GLUE, "cli", "pipeline", "build", "offline", "overlay", "recordings", "simulation"}
    assert imported_rooms(source).isdisjoint(above - {room(module(source))})


@pytest.mark.parametrize("source", [s for s in SOURCES if room(module(s)) not in ("cli", "demo")], ids=module)
def test_nothing_knows_the_command(source: Path):
    """cli is the top."""
    assert "cli" not in imported_rooms(source)


@pytest.mark.parametrize("source", in_room("ros"), ids=module)
def test_glue_does_not_know_nodes(source: Path):
    """ros is what nodes share."""
    assert "nodes" not in imported_rooms(source)


@pytest.mark.parametrize("source", [PACKAGE / "frames.py", PACKAGE / "geometry.py"], ids=module)
def test_frames_and_geometry_are_the_ground(source: Path):
    """They import nothing of the package but each other."""
    assert imported_rooms(source) <= {"geometry"}


@pytest.mark.parametrize("source", in_room("nodes"), ids=module)
def test_a_node_is_glue(source: Path):
    """Under 200 lines."""
    assert len(source.read_text(encoding="utf-8").splitlines()) < 200
