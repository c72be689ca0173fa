"""The SROS 2 policy and the nodes' real topics and services are the same: neither can drift from the other."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path
from xml.etree import ElementTree

import pytest

pytest.importorskip("rclpy")

from fingertip_contact.ros.parameter_tables import PARAMETER_TABLES
from fingertip_contact.selftest.processes import NodeStarter
from node_interfaces import collect_interfaces
from repository import ROOT
from ros_harness import REMAPS, ros_node, write_recording

POLICY = ROOT / "config" / "sros2" / "fingertip_contact.policy.xml"
INCLUDE = "{http://www.w3.org/2001/XInclude}include"
NAMESPACE = "/fingertip_contact"
# TF and simulated time are not there in every set-up: the ROS wheels lack tf2_ros.
OPTIONAL = {"/tf", "/tf_static", "/clock"}


def read_profile(node: str) -> dict[str, set[str]]:
    """The full names that an enclave allows, by publish, subscribe and reply."""
    (profile,) = ElementTree.parse(POLICY).findall(f".//profile[@node='{node}']")
    lists = [entry for entry in profile if entry.tag != INCLUDE]
    for include in profile.findall(INCLUDE):
        lists += ElementTree.parse(POLICY.parent / include.get("href")).getroot()
    allowed: dict[str, set[str]] = {"publish": set(), "subscribe": set(), "reply": set()}
    for entry in lists:
        for kind in entry.attrib:
            allowed[kind] |= {resolve(name.text, profile.get("ns"), node) for name in entry}
    return allowed


def resolve(name: str, namespace: str, node: str) -> str:
    """As the policy's transformation of sros2 does it."""
    if name.startswith("~"):
        return f"{namespace}/{node}{name[1:]}"
    return name if name.startswith("/") else f"{namespace}/{name}"


@pytest.fixture(scope="module")
def recording(tmp_path_factory) -> Path:
    return write_recording(tmp_path_factory.mktemp("recording") / "desk.mcap", 2)


def test_every_node_has_an_enclave():
    """Of its own name, beside the camera's and a consumer's."""
    paths = [enclave.get("path") for enclave in ElementTree.parse(POLICY).iter("enclave")]
    nodes = {path.removeprefix(f"{NAMESPACE}/") for path in paths if path.startswith(NAMESPACE)}
    assert nodes == set(PARAMETER_TABLES)
    assert len(paths) == len(set(paths)) == len(nodes) + 2


@pytest.mark.parametrize("node", PARAMETER_TABLES)
def test_policy_and_node_agree(node, recording, tmp_path, monkeypatch):
    """Whatever a node publishes, subscribes or serves is allowed, and it uses whatever it is allowed; topics that a
    launch file remaps count under either name."""
    found = collect_interfaces(node, recording, tmp_path, monkeypatch)
    originals = {
        f"{target}{transport}": f"{NAMESPACE}/{topic}{transport}"
        for topic, target in REMAPS.items()
        for transport in ("", "/compressed")
    }
    for kind, allowed in read_profile(node).items():
        used = getattr(found, kind)
        missing = {name for name in used if not any(fnmatchcase(name, pattern) for pattern in allowed)}
        assert not missing, f"{node} may not {kind} {missing}"
        known = used | {originals[name] for name in used & originals.keys()} | OPTIONAL
        unused = {pattern for pattern in allowed if not any(fnmatchcase(name, pattern) for name in known)}
        assert not unused, f"{node} never has to {kind} {unused}"


def test_a_consumer_can_send_nothing():
    """The enclave of whoever takes the keys publishes no key, text or image."""
    assert read_profile("key_consumer")["publish"] == {"/parameter_events", "/rosout"}


def test_a_node_is_in_the_enclave_that_a_launch_file_names(tmp_path):
    """With the arguments as launch_ros writes them: those of the node first, then its name and namespace."""
    with ros_node() as test_node, NodeStarter(tmp_path) as starter:
        starter.start("contact_node", arguments=("--enclave", "/left/contact_node", "--ros-args", "-r", "__ns:=/left"))

        # Nodes of earlier tests may still be listed.
        expected = ("contact_node", "/left", "/left/contact_node")
        test_node.wait_until(
            lambda: expected in test_node.get_node_names_and_namespaces_with_enclaves(), f"the node {expected}"
        )
