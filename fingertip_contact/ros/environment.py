"""What a process has to find in its environment so that pictures get through DDS. Imports no ROS."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

from fingertip_contact.resources import share_file

FAST_DDS_PROFILE = "config/fastdds_profile.xml"
# Fast DDS 3 (Kilted and later) reads the first, 2.x (Jazzy) the second.
FAST_DDS_VARIABLES = ("FASTDDS_DEFAULT_PROFILES_FILE", "FASTRTPS_DEFAULT_PROFILES_FILE")


def node_environment(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """`environment` with what is missing in it: the Fast DDS profile for pictures and, where ROS comes as wheels, the
    prefix that holds its resources. What is set already stays."""
    profile = str(share_file(FAST_DDS_PROFILE))
    ours = dict.fromkeys(FAST_DDS_VARIABLES, profile) | {"AMENT_PREFIX_PATH": sys.prefix}
    return ours | {name: value for name, value in environment.items() if value}
