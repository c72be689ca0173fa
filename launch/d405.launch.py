"""A RealSense D405 with hand tracking and contact.

    ros2 launch fingertip_contact d405.launch.py [rviz:=true] [depth_source:=stereo] [serial_no:=_123456789012]

Accepts all arguments of core.launch.py. Needs realsense2_camera, whose version decides between its old and new topic
names.
"""

from pathlib import Path
from xml.etree import ElementTree

from ament_index_python.packages import PackageNotFoundError, get_package_share_directory
from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import EqualsSubstitution, LaunchConfiguration

from fingertip_contact.ros import launch_utils as launching

# The wrapper names the D405's colour topic image_raw since this version, image_rect_raw before.
RENAMED_IN_VERSION = (4, 57, 4)


def generate_launch_description():
    share = find_camera_share()
    # Declared by core.launch.py, which comes later.
    depth_source = LaunchConfiguration("depth_source", default=launching.DEFAULT_DEPTH_SOURCE)
    is_stereo = EqualsSubstitution(depth_source, "stereo")
    name = "image_raw" if read_version(share) >= RENAMED_IN_VERSION else "image_rect_raw"
    camera = IncludeLaunchDescription(
        PythonLaunchDescriptionSource(str(share / "launch" / "rs_launch.py")),
        launch_arguments={
            "serial_no": LaunchConfiguration("serial_no"),
            # The D405 has no colour sensor of its own: rgb_camera.* would have no effect.
            "depth_module.color_profile": "640x480x30",
            "depth_module.depth_profile": "640x480x30",
            "depth_module.infra_profile": "640x480x30",
            "enable_infra1": is_stereo,
            "enable_infra2": is_stereo,
            "enable_sync": "true",
            "align_depth.enable": "true",
        }.items(),
    )
    return launching.make_description(
        DeclareLaunchArgument("serial_no", default_value="''", description="serial number, for several cameras"),
        DeclareLaunchArgument(
            "color_image", default_value=f"/camera/camera/color/{name}", description="the camera's colour images"
        ),
        camera,
        launching.include_core(),
        has_driver=True,
    )


def find_camera_share():
    try:
        return Path(get_package_share_directory("realsense2_camera"))
    except PackageNotFoundError as error:
        raise RuntimeError(
            "realsense2_camera is not installed: sudo apt install ros-$ROS_DISTRO-realsense2-camera; "
            "without a camera try simulation.launch.py"
        ) from error


def read_version(share):
    text = ElementTree.parse(share / "package.xml").findtext("version", "0")
    return tuple(int(part) for part in text.split("."))
