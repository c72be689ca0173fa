"""The environment variables without which DDS loses images. Imports no ROS."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from fingertip_contact.resources import find_share_file

FAST_DDS_PROFILE = "config/fastdds_profile.xml"
# The same without shared memory, for FASTDDS_BUILTIN_TRANSPORTS=UDPv4: processes in containers that do not share it.
FAST_DDS_UDP_PROFILE = "config/fastdds_udp_profile.xml"

RMW = "RMW_IMPLEMENTATION"
BUILTIN_TRANSPORTS = "FASTDDS_BUILTIN_TRANSPORTS"
# Fast DDS 2 (Humble, Jazzy) reads the second name only, and says nothing of the first. With Fast DDS 3 (Kilted and
# later) the middleware takes the second one too, with a warning in each process, so it is not set there.
PROFILE_VARIABLES = ("FASTDDS_DEFAULT_PROFILES_FILE", "FASTRTPS_DEFAULT_PROFILES_FILE")
FAST_DDS_2_LIBRARY, FAST_DDS_3_LIBRARY = "libfastrtps.so*", "libfastdds.so.3*"


def find_missing_variables(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The variables that `environment` lacks: the Fast DDS profile for images and, for ROS wheels, the prefix
    of its resources. Variables that are set keep their values.

    What the user has chosen counts: a profile of his own is given under both of its names, and there is none of ours
    beside other middleware (RMW_IMPLEMENTATION) or transports (FASTDDS_BUILTIN_TRANSPORTS other than UDPv4), because a
    profile would override them.
    """
    required = {"AMENT_PREFIX_PATH": sys.prefix}
    profile = _choose_profile(environment)
    if profile:
        required |= dict.fromkeys(_choose_profile_variables(environment), profile)
    return {name: value for name, value in required.items() if not environment.get(name)}


def make_node_environment(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """`environment` with the missing variables added."""
    return {**environment, **find_missing_variables(environment)}


def _choose_profile(environment: Mapping[str, str]) -> str:
    """The profile's path; empty where none is to be set."""
    if not environment.get(RMW, "rmw_fastrtps").startswith("rmw_fastrtps"):
        return ""
    for name in PROFILE_VARIABLES:
        if environment.get(name):
            return environment[name]
    transports = environment.get(BUILTIN_TRANSPORTS, "")
    if transports and transports.upper() != "UDPV4":
        return ""
    return str(find_share_file(FAST_DDS_UDP_PROFILE if transports else FAST_DDS_PROFILE))


def _choose_profile_variables(environment: Mapping[str, str]) -> tuple[str, ...]:
    """The names that the installed Fast DDS reads; both where its version is not known."""
    prefixes = [Path(prefix) for prefix in environment.get("AMENT_PREFIX_PATH", "").split(os.pathsep) if prefix]
    folders = [prefix / "lib" for prefix in (*prefixes, Path(sys.prefix))]
    has_2, has_3 = (
        any(True for folder in folders for _ in folder.glob(pattern))
        for pattern in (FAST_DDS_2_LIBRARY, FAST_DDS_3_LIBRARY)
    )
    return PROFILE_VARIABLES[:1] if has_3 and not has_2 else PROFILE_VARIABLES
