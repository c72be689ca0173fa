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


def generate_launch_description():
    transports = ("image_transport", "depth_image_transport", "infra_image_transport")
    contact_arguments = (
        "depth_source",
        "profile",
        "layout",
        "sheet_pose",
        "words",
        "tf_prefix",
        "overlay_rotate",
        *transports,
    )
    return launching.make_description(
        *[
            DeclareLaunchArgument(name, default_value=value, description=text)
            for name, value, text in launching.CORE_ARGUMENTS
        ],
        GroupAction(
            [
                make_node("hand_tracking_node", text=("hand_tracker", "image_transport")),
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
            text=("checkpoint", "image_transport"),
            condition=IfCondition(
                OrSubstitution(
                    EqualsSubstitution(LaunchConfiguration("depth_source"), "model"),
                    EqualsSubstitution(LaunchConfiguration("depth_source"), "fused"),
                )
            ),
        ),
        Node(
            package="fingertip_contact",
            executable="web_node",
            name="web_node",
            namespace=LaunchConfiguration("namespace"),
            arguments=launching.choose_enclave("web_node"),
            parameters=[
                {
                    "host": launching.cast_argument("web_host", str),
                    "port": launching.cast_argument("web_port", int),
                    "layout": launching.cast_argument("layout", str),
                    "use_sim_time": launching.cast_argument("use_sim_time", bool),
                }
            ],
            condition=IfCondition(LaunchConfiguration("web")),
            output="screen",
        ),
        Node(
            package="rviz2",
            executable="rviz2",
            arguments=["-d", str(find_share_file("config/fingertip_contact.rviz"))],
            parameters=[{"use_sim_time": launching.cast_argument("use_sim_time", bool)}],
            condition=IfCondition(
                OrSubstitution(LaunchConfiguration("rviz"), EqualsSubstitution(LaunchConfiguration("viewer"), "rviz"))
            ),
        ),
        make_rerun_node(),
    )


def make_rerun_node():
    """rerun_node; the others go on where it ends."""
    return Node(
        package="fingertip_contact",
        executable="rerun_node",
        name="rerun_node",
        namespace=LaunchConfiguration("namespace"),
        arguments=launching.choose_enclave("rerun_node"),
        parameters=[
            {
                "mode": launching.cast_argument("rerun_mode", str),
                "url": launching.cast_argument("rerun_url", str),
                "file": launching.cast_argument("rerun_file", str),
                "layout": launching.cast_argument("layout", str),
                "rotate": launching.cast_argument("rotate", int),
                "use_sim_time": launching.cast_argument("use_sim_time", bool),
            }
        ],
        remappings=[("color/camera_info", LaunchConfiguration("color_info"))],
        condition=IfCondition(EqualsSubstitution(LaunchConfiguration("viewer"), "rerun")),
        output="screen",
    )


def make_node(name, text=(), condition=None):
    """A node with its parameter file and the user's; the launch arguments named in `text` override both."""
    overrides = {argument: launching.cast_argument(argument, str) for argument in text}
    return Node(
        package="fingertip_contact",
        executable=name,
        name=name,
        namespace=LaunchConfiguration("namespace"),
        arguments=launching.choose_enclave(name),
        parameters=[
            *launching.choose_parameter_files(name),
            {
                **overrides,
                "rotate": launching.cast_argument("rotate", int),
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
