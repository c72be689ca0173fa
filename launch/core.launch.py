"""Hand tracking and contact for a camera that is started separately.

    ros2 launch fingertip_contact core.launch.py color_image:=/my/color/image_raw color_info:=/my/color/camera_info \
        depth_image:=/my/depth/image_raw
    ros2 launch fingertip_contact core.launch.py color_image:=/my/color/image_raw color_info:=/my/color/camera_info \
        depth_source:=none

The camera's process needs the Fast DDS profile as well: see config/fastdds_profile.xml.
"""

from launch.actions import DeclareLaunchArgument, GroupAction
from launch.conditions import IfCondition, UnlessCondition
from launch.substitutions import EqualsSubstitution, LaunchConfiguration, OrSubstitution
from launch_ros.actions import Node

from fingertip_contact.resources import find_share_file
from fingertip_contact.ros import launch_utils as launching

ARGUMENTS = (
    ("namespace", "fingertip_contact", "namespace of the nodes and of their topics"),
    ("color_image", "/camera/camera/color/image_raw", "the camera's colour images"),
    ("color_info", "/camera/camera/color/camera_info", "their camera_info"),
    ("depth_image", "/camera/camera/aligned_depth_to_color/image_raw", "depth aligned to colour"),
    ("infra1_image", "/camera/camera/infra1/image_rect_raw", "the left imager's images, for depth_source stereo"),
    ("infra2_image", "/camera/camera/infra2/image_rect_raw", "the right imager's images"),
    ("infra2_info", "/camera/camera/infra2/camera_info", "their camera_info, which has the baseline"),
    ("composed", "false", "true: hand tracking and contact in one process"),
    ("autostart", "true", "configure and activate the lifecycle nodes at once"),
    (
        "depth_source",
        launching.DEFAULT_DEPTH_SOURCE,
        "beside colour: none, sensor (aligned depth), model (depth network), fused (both), or stereo (both imagers)",
    ),
    ("checkpoint", "", "weights of the depth network; empty: those of `fingertip-contact models pull d405`"),
    ("profile", "default", "contact profile: a name in config/profiles.yaml, or a YAML file"),
    ("layout", "qwerty", "keyboard layout: a built-in name, or a YAML or JSON file"),
    (
        "sheet_pose",
        "",
        "file with the sheet's pose, saved by `fingertip-contact keyboard pose`; empty: found by its markers",
    ),
    ("hand_tracker", "mediapipe", "hand tracker: a registered name, or module:attribute"),
    ("words", "", "word list of the language model, english or a file; empty: none"),
    ("use_sim_time", "false", "use the time of /clock"),
    ("rviz", "false", "true: show fingertips, keys, surface and overlay in RViz"),
)


def generate_launch_description():
    contact_arguments = ("depth_source", "profile", "layout", "sheet_pose", "words")
    return launching.make_description(
        *[DeclareLaunchArgument(name, default_value=value, description=text) for name, value, text in ARGUMENTS],
        GroupAction(
            [
                make_node("hand_tracking_node", text=("hand_tracker",)),
                make_node("contact_node", text=contact_arguments),
            ],
            condition=UnlessCondition(LaunchConfiguration("composed")),
            scoped=False,
        ),
        make_node(
            "pipeline_node",
            text=(*contact_arguments, "hand_tracker"),
            condition=IfCondition(LaunchConfiguration("composed")),
        ),
        make_node(
            "depth_estimation_node",
            text=("checkpoint",),
            condition=IfCondition(
                OrSubstitution(
                    EqualsSubstitution(LaunchConfiguration("depth_source"), "model"),
                    EqualsSubstitution(LaunchConfiguration("depth_source"), "fused"),
                )
            ),
        ),
        Node(
            package="rviz2",
            executable="rviz2",
            arguments=["-d", str(find_share_file("config/fingertip_contact.rviz"))],
            parameters=[{"use_sim_time": launching.cast_argument("use_sim_time", bool)}],
            condition=IfCondition(LaunchConfiguration("rviz")),
        ),
    )


def make_node(name, text=(), condition=None):
    """A node with its parameter file; the launch arguments named in `text` override it."""
    overrides = {argument: launching.cast_argument(argument, str) for argument in text}
    return Node(
        package="fingertip_contact",
        executable=name,
        name=name,
        namespace=LaunchConfiguration("namespace"),
        parameters=[
            str(find_share_file(f"config/nodes/{name}.yaml")),
            {
                **overrides,
                "autostart": launching.cast_argument("autostart", bool),
                "use_sim_time": launching.cast_argument("use_sim_time", bool),
            },
        ],
        remappings=[
            ("color/image", LaunchConfiguration("color_image")),
            ("color/camera_info", LaunchConfiguration("color_info")),
            ("depth/image", LaunchConfiguration("depth_image")),
            ("infra1/image", LaunchConfiguration("infra1_image")),
            ("infra2/image", LaunchConfiguration("infra2_image")),
            ("infra2/camera_info", LaunchConfiguration("infra2_info")),
        ],
        condition=condition,
        output="screen",
    )
