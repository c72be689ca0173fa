"""Any bag of a camera, played with its own stamps and /clock, with hand tracking and contact.

    ros2 launch fingertip_contact replay.launch.py recording:=session.mcap [rate:=0.5] [loop:=true] [rviz:=true]

Only the camera's topics are played, so that recorded results do not mix with new ones. Accepts all arguments of
core.launch.py.
"""

from launch.actions import DeclareLaunchArgument, OpaqueFunction

from fingertip_contact.ros import launch_utils as launching


def generate_launch_description():
    return launching.make_description(
        *launching.declare_player_arguments(),
        DeclareLaunchArgument(
            "start_delay_s", default_value="3.0", description="wait before the first message, while the nodes start, s"
        ),
        OpaqueFunction(function=launch_setup),
        launching.include_core(use_sim_time="true"),
    )


def launch_setup(context):
    inputs = launching.find_recorded_inputs_of(context)
    parameters = {
        "start_delay_s": launching.cast_argument("start_delay_s", float),
        "topics": list(inputs.stored_topics),
        "image_transport": "raw" if inputs.is_decoded else "recorded",
    }
    arguments = launching.make_core_arguments(inputs)
    return [*launching.set_core_arguments(**arguments), launching.make_player("replay_node", parameters)]
