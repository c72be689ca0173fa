"""Helpers of the launch files. Imports `launch`, which the ROS wheels lack; only launch files import this module."""

from __future__ import annotations

from typing import Any

from launch import LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription, SetEnvironmentVariable, Shutdown
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue

from fingertip_contact.recordings.bag import camera_info_topic, open_bag_recording
from fingertip_contact.resources import PACKAGE, find_share_file
from fingertip_contact.ros import environment
from fingertip_contact.ros.parameter_tables import ContactSettings

# Of the launch files and the nodes.
DEFAULT_DEPTH_SOURCE = ContactSettings().depth_source


def make_description(*actions: Any) -> LaunchDescription:
    """A launch description whose processes get the environment variables without which DDS loses images."""
    return LaunchDescription(
        [
            *(SetEnvironmentVariable(name, value) for name, value in environment.find_missing_variables().items()),
            *actions,
        ]
    )


def declare_player_arguments() -> list[DeclareLaunchArgument]:
    """The arguments of every launch file that plays a recording."""
    return [
        DeclareLaunchArgument("recording", description="an MCAP file or a rosbag2 folder"),
        DeclareLaunchArgument("loop", default_value="false", description="true: start again at the end"),
        DeclareLaunchArgument("rate", default_value="1.0", description="playback rate; 1 is as recorded"),
    ]


def find_recorded_topics(context: LaunchContext) -> dict[str, str]:
    """core.launch.py's arguments for the camera of `recording`: the topics that it holds.

    Raises ValueError or OSError as `open_bag_recording` does, also where it lacks what `depth_source` needs.
    """
    path = LaunchConfiguration("recording").perform(context)
    depth_source = LaunchConfiguration("depth_source", default=DEFAULT_DEPTH_SOURCE).perform(context)
    with open_bag_recording(path, depth_source=depth_source) as recording:
        recording.require_plain_images()
        topics = {"color_image": recording.color_topic, "color_info": camera_info_topic(recording.color_topic)}
        if recording.depth_topic is not None:
            topics["depth_image"] = recording.depth_topic
        if recording.imager_topics is not None:
            left, right = recording.imager_topics
            topics |= {"infra1_image": left, "infra2_image": right, "infra2_info": camera_info_topic(right)}
    return topics


def include_core(**arguments: str) -> IncludeLaunchDescription:
    """core.launch.py with these arguments."""
    source = PythonLaunchDescriptionSource(str(find_share_file("launch/core.launch.py")))
    return IncludeLaunchDescription(source, launch_arguments=arguments.items())


def make_player(executable: str, parameters: dict[str, Any]) -> Node:
    """A node that plays `recording`; its end shuts the launch down."""
    return Node(
        package=PACKAGE,
        executable=executable,
        name=executable,
        namespace=LaunchConfiguration("namespace", default=PACKAGE),
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


def cast_argument(argument: str, value_type: type) -> ParameterValue:
    """A launch argument as a parameter of a type; YAML would read 1 as an integer and `off` as false."""
    return ParameterValue(LaunchConfiguration(argument), value_type=value_type)
