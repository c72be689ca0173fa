"""A webcam, a video file or a network stream, with hand tracking and contact from colour alone.

    ros2 launch fingertip_contact webcam.launch.py [device:=/dev/video0] [camera_info_url:=camera.yaml] [rviz:=true]
    ros2 launch fingertip_contact webcam.launch.py device:=desk.mp4

Accepts all arguments of core.launch.py. `fingertip-contact keyboard calibrate-camera` writes the camera's file.
"""

from launch.actions import DeclareLaunchArgument, Shutdown
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue

from fingertip_contact.resources import PACKAGE
from fingertip_contact.ros import launch_utils as launching

# Name, type, default, description.
CAMERA_ARGUMENTS = (
    ("device", str, "/dev/video0", "a V4L2 device or its number, a video file, a folder of images, or a URL"),
    ("width", int, "640", "width to ask of a camera, pixels"),
    ("height", int, "480", "height to ask of a camera, pixels"),
    ("fps", float, "30.0", "frame rate to ask of a camera, or of a folder of images, Hz"),
    ("pixel_format", str, "MJPG", "pixel format to ask of a camera; empty: the driver's choice"),
    ("camera_info_url", str, "", "file with the camera's intrinsics; empty: estimated from the sheet"),
    ("mirrored", bool, "false", "true: the camera gives mirrored images (selfie view)"),
    ("rotate", int, "0", "turn the images clockwise by 90, 180 or 270 degrees, of a camera that is not upright"),
    ("loop", bool, "false", "true: start a file again at its end; otherwise the launch ends with it"),
)
# Other defaults than those of core.launch.py. The camera's topics are in the namespace of all nodes.
CORE_ARGUMENTS = (
    ("color_image", "color/image", "topic of the camera's colour images"),
    ("color_info", "color/camera_info", "topic of their camera_info"),
    ("depth_source", "none", "beside colour: none, or model (depth network)"),
)


def generate_launch_description():
    return launching.make_description(
        *[declare(name, default, text) for name, _, default, text in CAMERA_ARGUMENTS],
        *[declare(*argument) for argument in CORE_ARGUMENTS],
        # Before the camera's arguments change: it publishes turned images.
        make_camera(),
        launching.include_core(rotate="0"),
    )


def declare(name, default, text):
    return DeclareLaunchArgument(name, default_value=default, description=text)


def make_camera():
    """webcam_node; its end, with a file, ends the launch. core.launch.py declares the arguments with a default here."""
    return Node(
        package=PACKAGE,
        executable="webcam_node",
        name="webcam_node",
        namespace=LaunchConfiguration("namespace", default=PACKAGE),
        arguments=launching.choose_enclave("webcam_node"),
        parameters=[
            *launching.choose_parameter_files("webcam_node"),
            {
                **{name: launching.cast_argument(name, type_) for name, type_, _, _ in CAMERA_ARGUMENTS},
                "layout": ParameterValue(LaunchConfiguration("layout", default="qwerty"), value_type=str),
                "autostart": ParameterValue(LaunchConfiguration("autostart", default="true"), value_type=bool),
            },
        ],
        remappings=[
            ("color/image", LaunchConfiguration("color_image")),
            ("color/camera_info", LaunchConfiguration("color_info")),
        ],
        output="screen",
        on_exit=Shutdown(reason="the camera has ended"),
    )
