"""A RealSense D405 with hand tracking and contact.

    ros2 launch fingertip_contact d405.launch.py [rviz:=true] [depth_source:=stereo] [serial_no:=_123456789012]
    ros2 launch fingertip_contact d405.launch.py driver:=own [depth_format:=32FC1]
    ros2 launch fingertip_contact d405.launch.py camera_namespace:=left namespace:=left tf_prefix:=left_ serial_no:=_1

Accepts all arguments of core.launch.py. The driver is realsense2_camera, whose version decides between its old and new
topic names, or realsense_node of this package, which needs pyrealsense2. For two cameras, launch it twice, each with
its serial number, camera_namespace, namespace and tf_prefix.
"""

from pathlib import Path
from xml.etree import ElementTree

from ament_index_python.packages import PackageNotFoundError, get_package_share_directory
from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription, OpaqueFunction
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue

from fingertip_contact.resources import PACKAGE
from fingertip_contact.ros import launch_utils as launching

# The wrapper names the D405's colour topic image_raw since this version, image_rect_raw before.
RENAMED_IN_VERSION = (4, 57, 4)
DRIVERS = ("realsense2_camera", "own")
# Name, default, description.
ARGUMENTS = (
    ("driver", DRIVERS[0], "realsense2_camera, or own: realsense_node, by pyrealsense2"),
    ("camera_name", "camera", "name of the camera: of its topics, after the namespace, and its frames"),
    ("camera_namespace", "camera", "namespace of the camera's topics"),
    ("serial_no", "''", "serial number with an underscore before it, for several cameras"),
    ("color_profile", "640x480x30", "width, height and rate of colour: pixels x pixels x Hz"),
    ("depth_profile", "640x480x30", "width, height and rate of depth and imagers: pixels x pixels x Hz"),
    ("rotate", "0", "turn the images clockwise by 90, 180 or 270 degrees, of a camera that is not upright"),
    ("depth_format", "16UC1", "of driver:=own: 16UC1 (rounded millimetres) or 32FC1 (metres, without loss)"),
)


def generate_launch_description():
    return launching.make_description(
        *[DeclareLaunchArgument(name, default_value=value, description=text) for name, value, text in ARGUMENTS],
        OpaqueFunction(function=launch_setup),
        launching.include_core(),
        has_driver=True,
    )


def launch_setup(context):
    values = {name: LaunchConfiguration(name).perform(context) for name, _, _ in ARGUMENTS}
    # Declared by core.launch.py, which comes later.
    depth_source = LaunchConfiguration("depth_source", default=launching.DEFAULT_DEPTH_SOURCE).perform(context)
    values["tf_prefix"] = LaunchConfiguration("tf_prefix", default="").perform(context)
    if values["driver"] not in DRIVERS:
        raise ValueError(f"driver is {values['driver']!r}; choose one of {', '.join(DRIVERS)}")
    if values["driver"] == "own":
        camera, color_name = make_own_camera(values, depth_source), "image_raw"
    else:
        share = find_camera_share()
        camera = include_driver(share, values, depth_source)
        color_name = "image_raw" if read_version(share) >= RENAMED_IN_VERSION else "image_rect_raw"
    topics = name_topics(values["camera_namespace"], values["camera_name"], color_name)
    given = context.launch_configurations
    arguments = {name: topic for name, topic in topics.items() if name not in given}
    if values["driver"] == "own":
        arguments["rotate"] = "0"  # It publishes turned images.
    return [camera, *launching.set_core_arguments(**arguments)]


def name_topics(namespace, name, color_name):
    """core.launch.py's arguments for the topics of a camera."""
    base = "/" + "/".join(part for part in (namespace.strip("/"), name) if part)
    return {
        "color_image": f"{base}/color/{color_name}",
        "color_info": f"{base}/color/camera_info",
        "depth_image": f"{base}/aligned_depth_to_color/image_raw",
        "infra1_image": f"{base}/infra1/image_rect_raw",
        "infra2_image": f"{base}/infra2/image_rect_raw",
        "infra2_info": f"{base}/infra2/camera_info",
    }


def make_own_camera(values, depth_source):
    names = ("camera_name", "camera_namespace", "tf_prefix", "color_profile", "depth_profile", "depth_format")
    return Node(
        package=PACKAGE,
        executable="realsense_node",
        name="realsense_node",
        namespace=LaunchConfiguration("namespace", default=PACKAGE),
        arguments=launching.choose_enclave("realsense_node"),
        parameters=[
            *launching.choose_parameter_files("realsense_node"),
            {
                **{name: ParameterValue(values[name], value_type=str) for name in names},
                # realsense2_camera's launch file wants quotes around an empty one.
                "serial_no": ParameterValue(values["serial_no"].strip("'"), value_type=str),
                # Read when the camera is started: it is 0 for the nodes that are started later.
                "rotate": launching.cast_argument("rotate", int),
                "enable_depth": depth_source in ("sensor", "fused"),
                "enable_infra": depth_source == "stereo",
                "autostart": ParameterValue(LaunchConfiguration("autostart", default="true"), value_type=bool),
            },
        ],
        output="screen",
    )


def include_driver(share, values, depth_source):
    is_stereo = str(depth_source == "stereo").lower()
    return IncludeLaunchDescription(
        PythonLaunchDescriptionSource(str(share / "launch" / "rs_launch.py")),
        launch_arguments={
            **{name: values[name] for name in ("camera_name", "camera_namespace", "tf_prefix", "serial_no")},
            # The D405 has no colour sensor of its own: rgb_camera.* would have no effect.
            "depth_module.color_profile": values["color_profile"],
            "depth_module.depth_profile": values["depth_profile"],
            "depth_module.infra_profile": values["depth_profile"],
            "enable_infra1": is_stereo,
            "enable_infra2": is_stereo,
            "enable_sync": "true",
            "align_depth.enable": "true",
        }.items(),
    )


def find_camera_share():
    try:
        return Path(get_package_share_directory("realsense2_camera"))
    except PackageNotFoundError as error:
        raise RuntimeError(
            "realsense2_camera is not installed: sudo apt install ros-$ROS_DISTRO-realsense2-camera, or use "
            "driver:=own (pip install pyrealsense2); without a camera try simulation.launch.py"
        ) from error


def read_version(share):
    text = ElementTree.parse(share / "package.xml").findtext("version", "0")
    return tuple(int(part) for part in text.split("."))
