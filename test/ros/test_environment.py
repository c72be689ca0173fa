"""Which Fast DDS profile a process gets: ours, unless the user has decided otherwise."""

from __future__ import annotations

import sys

import pytest

from fingertip_contact.ros.environment import (
    BUILTIN_TRANSPORTS,
    FAST_DDS_PROFILE,
    FAST_DDS_UDP_PROFILE,
    PROFILE_VARIABLES,
    find_missing_variables,
)

FAST_DDS_3, FAST_DDS_2 = PROFILE_VARIABLES


@pytest.fixture
def make_prefix(tmp_path, monkeypatch):
    """An installation with some libraries; this interpreter's own has none."""
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "interpreter"))

    def make(*libraries: str) -> str:
        folder = tmp_path / "installation" / "lib"
        folder.mkdir(parents=True)
        for name in libraries:
            (folder / name).touch()
        return str(folder.parent)

    return make


@pytest.mark.parametrize(
    ("libraries", "names"),
    [
        (("libfastdds.so.3.2",), {FAST_DDS_3}),
        (("libfastrtps.so.2.14",), {FAST_DDS_3, FAST_DDS_2}),
        ((), {FAST_DDS_3, FAST_DDS_2}),
    ],
)
def test_the_names_are_those_that_the_version_reads(make_prefix, libraries, names):
    """Without ROS_DISTRO, too: Fast DDS 2 reads the older name alone, Fast DDS 3 warns of it; both if not known."""
    missing = find_missing_variables({"AMENT_PREFIX_PATH": make_prefix(*libraries)})
    assert set(missing) == names
    assert all(value.endswith(FAST_DDS_PROFILE) for value in missing.values())


@pytest.mark.parametrize("name", PROFILE_VARIABLES)
def test_a_profile_of_the_user_is_kept(make_prefix, name):
    """Whichever name he gave it: the other one, which his version may want, gets the same value."""
    prefix = make_prefix("libfastrtps.so.2.14")
    missing = find_missing_variables({"AMENT_PREFIX_PATH": prefix, name: "mine.xml", BUILTIN_TRANSPORTS: "SHM"})
    (other,) = set(PROFILE_VARIABLES) - {name}
    assert missing == {other: "mine.xml"}


@pytest.mark.parametrize(
    ("variables", "profile"),
    [
        ({BUILTIN_TRANSPORTS: "UDPv4"}, FAST_DDS_UDP_PROFILE),
        ({BUILTIN_TRANSPORTS: "LARGE_DATA"}, None),
        ({"RMW_IMPLEMENTATION": "rmw_zenoh_cpp"}, None),
        ({"RMW_IMPLEMENTATION": "rmw_fastrtps_dynamic_cpp"}, FAST_DDS_PROFILE),
    ],
)
def test_transports_and_middleware_of_the_user_are_kept(make_prefix, variables, profile):
    """A profile of ours would override them; for UDPv4 there is one of UDP alone."""
    missing = find_missing_variables({"AMENT_PREFIX_PATH": make_prefix("libfastdds.so.3"), **variables})
    assert {value.rpartition("config/")[1] + value.rpartition("config/")[2] for value in missing.values()} == (
        {profile} if profile else set()
    )
