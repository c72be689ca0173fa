"""A recording, played as a live camera, and everything behind it; ends with the recording.

    fingertip-contact simulate --text "hello world" --out hello.mcap
    ros2 launch fingertip_contact simulation.launch.py recording:=hello.mcap [rviz:=true] [loop:=true]

Takes all arguments of core.launch.py too.
"""

from pathlib import Path

from launch import LaunchDescription
from launch.actions import (
    DeclareLaunchArgument,
    IncludeLaunchDescription,
    OpaqueFunction,
    SetEnvironmentVariable,
    Shutdown,
)
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue

from fingertip_contact.recordings.bag import open_recording
from fingertip_contact.ros import environment


def generate_launch_description():
    return LaunchDescription(
        [
            *[SetEnvironmentVariable(name, value) for name, value in environment.missing_in().items()],
            DeclareLaunchArgument("recording", description="an MCAP file or a rosbag2 folder"),
            DeclareLaunchArgument("loop", default_value="false", description="true: start again at the end"),
            DeclareLaunchArgument("rate", default_value="1.0", description="speed; 1 is as recorded"),
            OpaqueFunction(function=start),
        ]
    )


def start(context):
    path = LaunchConfiguration("recording").perform(context)
    with open_recording(path) as recording:
        color, depth = recording.color_topic, recording.depth_topic
    composed = LaunchConfiguration("composed", default="false").perform(context) == "true"
    core = IncludeLaunchDescription(
        PythonLaunchDescriptionSource(str(Path(__file__).with_name("core.launch.py"))),
        launch_arguments={
            "color_image": color,
            "color_info": f"{color.rsplit('/', 1)[0]}/camera_info",
            "depth_image": depth,
        }.items(),
    )
    camera = Node(
        package="fingertip_contact",
        executable="simulated_camera_node",
        name="simulated_camera_node",
        namespace=LaunchConfiguration("namespace", default="fingertip_contact"),
        parameters=[
            {
                "recording": ParameterValue(path, value_type=str),
                "loop": ParameterValue(LaunchConfiguration("loop"), value_type=bool),
                "rate": ParameterValue(LaunchConfiguration("rate"), value_type=float),
                # Hand tracking and contact: no frame is played before they listen.
                "wait_for_subscribers": 1 if composed else 2,
            }
        ],
        output="screen",
        on_exit=Shutdown(reason="the recording has ended"),
    )
    return [core, camera]
