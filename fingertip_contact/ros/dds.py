"""The middleware settings that pictures need, for whoever starts processes."""

from __future__ import annotations

import os

from fingertip_contact.resources import share_file

PROFILE = "config/fastdds_profile.xml"
# Fast DDS 3 (Kilted and later) warns about the name that Fast DDS 2 reads.
_FAST_DDS_2_DISTRIBUTIONS = ("humble", "jazzy")


def environment() -> dict[str, str]:
    """Variables to set before a node, a camera driver or RViz starts. A profile that the user has chosen stays.

    Raises FileNotFoundError where the installation is not complete.
    """
    old = os.environ.get("ROS_DISTRO") in _FAST_DDS_2_DISTRIBUTIONS
    variable = "FASTRTPS_DEFAULT_PROFILES_FILE" if old else "FASTDDS_DEFAULT_PROFILES_FILE"
    return {variable: os.environ.get(variable) or str(share_file(PROFILE))}
