"""A recording, played as a live camera, with hand tracking and contact; ends with the recording.

    fingertip-contact simulate --text "hello world" --out hello.mcap
    ros2 launch fingertip_contact simulation.launch.py recording:=hello.mcap [rviz:=true] [loop:=true]

Accepts all arguments of core.launch.py.
"""

from launch.actions import OpaqueFunction
from launch.conditions import IfCondition
from launch.substitutions import LaunchConfiguration

from fingertip_contact.ros import launch_utils as launching


def generate_launch_description():
    return launching.make_description(
        *launching.declare_player_arguments(), OpaqueFunction(function=launch_setup), launching.include_core()
    )


def launch_setup(context):
    composed = IfCondition(LaunchConfiguration("composed", default="false")).evaluate(context)
    # Hand tracking and contact: no frame is played before both have subscribed.
    subscriber_count = 1 if composed else 2
    return [
        *launching.set_core_arguments(**launching.make_core_arguments(launching.find_recorded_inputs_of(context))),
        launching.make_player("simulated_camera_node", {"wait_for_subscribers": subscriber_count}),
    ]
