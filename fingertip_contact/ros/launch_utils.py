"""Helpers of the launch files. Imports `launch`, which the ROS wheels lack; only launch files import this module."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ament_index_python.packages import PackageNotFoundError, get_package_share_directory
from launch import LaunchContext, LaunchDescription
from launch.actions import (
    DeclareLaunchArgument,
    IncludeLaunchDescription,
    OpaqueFunction,
    SetEnvironmentVariable,
    SetLaunchConfiguration,
    Shutdown,
)
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue

from fingertip_contact.recordings.bag_recording import open_bag_recording
from fingertip_contact.resources import PACKAGE, find_share_file
from fingertip_contact.ros import environment
from fingertip_contact.ros.image_transport import RAW, SAME
from fingertip_contact.ros.parameter_tables import ContactSettings, RerunSettings, WebSettings
from fingertip_contact.ros.recorded_inputs import RecordedInputs, find_recorded_inputs
from fingertip_contact.safe_text import describe, suggest
from fingertip_contact.settings import warn_about_unknown
from fingertip_contact.visualization.rerun_import import require_rerun
from fingertip_contact.visualization.upright import AUTO

# Of the launch files and the nodes.
DEFAULT_DEPTH_SOURCE = ContactSettings().depth_source

# As in config/sros2.
DEFAULT_ENCLAVE = f"/{PACKAGE}"

# launch_ros takes no empty path.
_NO_PARAMETERS = str(find_share_file("config/no_parameters.yaml"))

# Of core.launch.py: name, default, description.
CORE_ARGUMENTS = (
    ("namespace", "fingertip_contact", "namespace of the nodes and of their topics, such as left"),
    ("color_image", "/camera/camera/color/image_raw", "topic of the camera's colour images"),
    ("color_info", "/camera/camera/color/camera_info", "topic of their camera_info"),
    ("depth_image", "/camera/camera/aligned_depth_to_color/image_raw", "topic of depth aligned to colour"),
    ("infra1_image", "/camera/camera/infra1/image_rect_raw", "topic of the left imager's images, for stereo"),
    ("infra2_image", "/camera/camera/infra2/image_rect_raw", "topic of the right imager's images"),
    ("infra2_info", "/camera/camera/infra2/camera_info", "topic of their camera_info, which has the baseline"),
    ("image_transport", RAW, "transport of the camera's images: raw, compressed (depth: compressedDepth), or zstd"),
    ("depth_image_transport", SAME, "transport of depth: raw, compressedDepth, compressed, zstd; same: as above"),
    ("infra_image_transport", SAME, "transport of both imagers' images: raw, compressed, zstd; same: as above"),
    ("rotate", "0", "turn the images clockwise by 90, 180 or 270 degrees, of a camera that is not upright"),
    ("composed", "false", "true: hand tracking and contact in one process"),
    ("autostart", "true", "true: configure and activate the lifecycle nodes at once"),
    (
        "depth_source",
        DEFAULT_DEPTH_SOURCE,
        "beside colour: none, sensor (aligned depth), model (depth network), fused (both), or stereo (both imagers)",
    ),
    ("checkpoint", "", "weights of the depth network; empty: those of `fingertip-contact models pull d405`"),
    (
        "profile",
        "default",
        "contact profile: default, fast, another of config/profiles.yaml, one that setup has saved, or a YAML file",
    ),
    ("layout", "qwerty", "keyboard layout: a name of `fingertip-contact keyboard list`, or a YAML or JSON file"),
    (
        "sheet_pose",
        "",
        "file with the sheet's pose, saved by `fingertip-contact keyboard pose`; empty: found by its markers",
    ),
    ("hand_tracker", "mediapipe", "hand tracker: a registered name, or module:attribute"),
    ("words", "", "word list of the language model: english, french, german, spanish, or a file; empty: none"),
    ("tf_prefix", "", "what the TF frames surface and keyboard begin with, for several cameras"),
    ("overlay_rotate", AUTO, "turn overlay/image by 0, 90, 180 or 270 degrees; auto: so that the sheet can be read"),
    (
        "params_file",
        _NO_PARAMETERS,
        "YAML file of parameters of the nodes; those that have a launch argument have its value",
    ),
    ("use_sim_time", "false", "true: use the time of /clock"),
    ("enclave", DEFAULT_ENCLAVE, "with SROS 2: the folder of the nodes' enclaves, each of its node's name"),
    ("web", "false", "true: serve a page with what is typed, which web_node prints the address of"),
    ("web_host", WebSettings().host, "address to serve the page at; 0.0.0.0: to the network, for those with the token"),
    ("web_port", str(WebSettings().port), "port of the page, 0 to 65535; 0: any that is free"),
    ("viewer", "none", "none; rviz: RViz; rerun: Rerun's viewer. It shows fingertips, keys, surface and overlay"),
    ("rviz", "false", "true: the same as viewer:=rviz"),
    ("rerun_mode", RerunSettings().mode, "of viewer:=rerun: spawn (start it), connect (to one that runs), save (file)"),
    ("rerun_url", RerunSettings().url, "of rerun_mode:=connect: the viewer's address"),
    ("rerun_file", "", "of rerun_mode:=save: the recording to write, .rrd"),
)
VIEWERS = ("none", "rviz", "rerun")

# core.launch.py's arguments of the nodes' inputs.
_ARGUMENTS = {
    "color/image": "color_image",
    "color/camera_info": "color_info",
    "depth/image": "depth_image",
    "infra1/image": "infra1_image",
    "infra2/image": "infra2_image",
    "infra2/camera_info": "infra2_info",
}
# A driver's camera_namespace and our namespace are 0.72 alike, profil and profile 0.92.
_MISSPELT_RATIO = 0.8
# Set in a launch whose arguments were checked: core.launch.py is included by the other launch files.
_CHECKED = "fingertip_contact_arguments_are_checked"


def make_description(*actions: Any, has_driver: bool = False) -> LaunchDescription:
    """A launch description whose processes get the environment variables without which DDS loses images.

    Arguments that it does not have are warned about. has_driver: a camera driver's launch file, which is included, has
    more of them: only names that are nearly one of ours are warned about.
    """
    declared = (action.name for action in actions if isinstance(action, DeclareLaunchArgument))
    known = (*declared, *(name for name, _, _ in CORE_ARGUMENTS))
    return LaunchDescription(
        [
            OpaqueFunction(function=warn_about_arguments, args=[known, has_driver]),
            OpaqueFunction(function=require_viewer),
            OpaqueFunction(function=require_params_file),
            *(SetEnvironmentVariable(name, value) for name, value in environment.find_missing_variables().items()),
            *actions,
        ]
    )


def require_viewer(context: LaunchContext) -> None:
    """Raises RuntimeError if `viewer:=` or `rviz:=true` asks for what is not known or not installed.

    This comes before anything starts: nodes that run already would outlive the launch.
    """
    given = context.launch_configurations
    viewer = given.get("viewer", "none")
    if viewer not in VIEWERS:
        raise RuntimeError(f"viewer is {describe(viewer)}; choose one of {', '.join(VIEWERS)}")
    if viewer == "rerun":
        _require_rerun()
    if viewer == "rviz" or given.get("rviz", "false").strip().lower() in ("true", "1"):
        _require_rviz()


def require_params_file(context: LaunchContext) -> None:
    """Raises RuntimeError if `params_file:=` names no file: launch_ros would start the nodes without it."""
    path = context.launch_configurations.get("params_file")
    if path is not None and not Path(path).is_file():
        raise RuntimeError(f"params_file is {describe(path)}, which is no file; give a YAML file of parameters")


def _require_rerun() -> None:
    try:
        require_rerun()
    except ValueError as error:
        raise RuntimeError(f"viewer:=rerun: {error}") from error


def _require_rviz() -> None:
    try:
        get_package_share_directory("rviz2")
    except PackageNotFoundError as error:
        raise RuntimeError(
            "rviz2 is not installed: sudo apt install ros-$ROS_DISTRO-rviz2, or leave out rviz:=true and viewer:=rviz; "
            "web:=true shows keys and text in a browser"
        ) from error


def warn_about_arguments(context: LaunchContext, known: tuple[str, ...], has_driver: bool) -> None:
    """Warn about arguments of the command line that no launch file declares: `ros2 launch` takes them silently."""
    given = tuple(context.launch_configurations)
    if _CHECKED in given:
        return
    context.launch_configurations[_CHECKED] = "true"
    if has_driver:
        given = tuple(name for name in given if suggest(name, known, min_ratio=_MISSPELT_RATIO))
    warn_about_unknown(given, known, "launch arguments")


def declare_player_arguments() -> list[DeclareLaunchArgument]:
    """The arguments of every launch file that plays a recording."""
    return [
        DeclareLaunchArgument("recording", description="an MCAP file or a rosbag2 folder"),
        DeclareLaunchArgument("loop", default_value="false", description="true: start again at the end"),
        DeclareLaunchArgument(
            "rate", default_value="1.0", description="playback rate: 1 is as recorded, 0.5 half of it"
        ),
    ]


def find_recorded_inputs_of(context: LaunchContext) -> RecordedInputs:
    """Of the camera of the argument `recording`.

    Raises ValueError or OSError as `open_bag_recording` does, also where it lacks what `depth_source` needs.
    """
    path = LaunchConfiguration("recording").perform(context)
    depth_source = LaunchConfiguration("depth_source", default=DEFAULT_DEPTH_SOURCE).perform(context)
    with open_bag_recording(path, depth_source=depth_source) as recording:
        return find_recorded_inputs(recording)


def make_core_arguments(inputs: RecordedInputs) -> dict[str, str]:
    """core.launch.py's arguments for the inputs of a recording."""
    return {_ARGUMENTS[name]: topic for name, topic in inputs.topics.items()} | inputs.transports


def include_core(**arguments: str) -> IncludeLaunchDescription:
    """core.launch.py with these arguments, and those that were set before.

    It belongs into the description itself: `--show-args` does not see what a function returns.
    """
    source = PythonLaunchDescriptionSource(str(find_share_file("launch/core.launch.py")))
    return IncludeLaunchDescription(source, launch_arguments=arguments.items())


def set_core_arguments(**arguments: str) -> list[SetLaunchConfiguration]:
    """Sets arguments of core.launch.py, which is included later, as if they had been given."""
    return [SetLaunchConfiguration(name, value) for name, value in arguments.items()]


def choose_parameter_files(node: str) -> list[Any]:
    """The node's own file, then the user's, whose values go before it."""
    own = str(find_share_file(f"config/nodes/{node}.yaml"))
    return [own, LaunchConfiguration("params_file", default=_NO_PARAMETERS)]


def make_player(executable: str, parameters: dict[str, Any]) -> Node:
    """A node that plays `recording`; its end shuts the launch down."""
    return Node(
        package=PACKAGE,
        executable=executable,
        name=executable,
        namespace=LaunchConfiguration("namespace", default=PACKAGE),
        arguments=choose_enclave(executable),
        parameters=[
            {
                "recording": cast_argument("recording", str),
                "loop": cast_argument("loop", bool),
                "rate": cast_argument("rate", float),
                **parameters,
            }
        ],
        output="screen",
        on_exit=Shutdown(reason="the recording has ended"),
    )


def choose_enclave(node: str) -> list[Any]:
    """The arguments that put a node into its enclave. Without SROS 2 they have no effect, and
    ROS_SECURITY_ENCLAVE_OVERRIDE goes before them."""
    return ["--ros-args", "--enclave", [LaunchConfiguration("enclave", default=DEFAULT_ENCLAVE), f"/{node}"]]


def cast_argument(argument: str, value_type: type) -> ParameterValue:
    """A launch argument as a parameter of a type; YAML would read 1 as an integer and `off` as false."""
    return ParameterValue(LaunchConfiguration(argument), value_type=value_type)
