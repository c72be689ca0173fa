"""Any bag with a colour and depth camera, played with its own stamps and /clock, and everything behind it.

    ros2 launch fingertip_contact replay.launch.py recording:=session.mcap [rate:=0.5] [loop:=true] [rviz:=true]

Only the camera's topics are played, so results that were recorded too do not mix with new ones. Takes all arguments of
core.launch.py too.
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
            DeclareLaunchArgument("start_delay_s", default_value="3.0", description="time for the nodes to get ready"),
            OpaqueFunction(function=start),
        ]
    )


def start(context):
    path = LaunchConfiguration("recording").perform(context)
    with open_recording(path) as recording:
        color, depth = recording.color_topic, recording.depth_topic
    info = f"{color.rsplit('/', 1)[0]}/camera_info"
    core = IncludeLaunchDescription(
        PythonLaunchDescriptionSource(str(Path(__file__).with_name("core.launch.py"))),
        launch_arguments={
            "color_image": color,
            "color_info": info,
            "depth_image": depth,
            "use_sim_time": "true",
        }.items(),
    )
    replay = Node(
        package="fingertip_contact",
        executable="replay_node",
        name="replay_node",
        namespace=LaunchConfiguration("namespace", default="fingertip_contact"),
        parameters=[
            {
                "recording": ParameterValue(path, value_type=str),
                "loop": ParameterValue(LaunchConfiguration("loop"), value_type=bool),
                "rate": ParameterValue(LaunchConfiguration("rate"), value_type=float),
                "start_delay_s": ParameterValue(LaunchConfiguration("start_delay_s"), value_type=float),
                "topics": [color, info, depth],
            }
        ],
        output="screen",
        on_exit=Shutdown(reason="the bag has ended"),
    )
    return [core, replay]
