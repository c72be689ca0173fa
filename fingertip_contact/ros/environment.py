"""The environment variables without which DDS loses images. Imports no ROS."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

from fingertip_contact.resources import find_share_file

FAST_DDS_PROFILE = "config/fastdds_profile.xml"
# Fast DDS 3 (Kilted and later) reads its own name and warns about that of Fast DDS 2.
FAST_DDS_2_DISTRIBUTIONS = ("humble", "jazzy")


def find_missing_variables(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The variables that `environment` lacks: the Fast DDS profile for images and, for ROS wheels, the prefix
    of its resources. Variables that are set keep their values."""
    fast_dds_2 = environment.get("ROS_DISTRO") in FAST_DDS_2_DISTRIBUTIONS
    profile_variable = "FASTRTPS_DEFAULT_PROFILES_FILE" if fast_dds_2 else "FASTDDS_DEFAULT_PROFILES_FILE"
    required = {profile_variable: str(find_share_file(FAST_DDS_PROFILE)), "AMENT_PREFIX_PATH": sys.prefix}
    return {name: value for name, value in required.items() if not environment.get(name)}


def make_node_environment(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """`environment` with the missing variables added."""
    return {**environment, **find_missing_variables(environment)}
