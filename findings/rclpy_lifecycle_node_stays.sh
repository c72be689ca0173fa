#!/usr/bin/env bash
# rclpy 9.1.2 (ROS 2 Kilted): a destroyed lifecycle node stays in the graph until Python collects garbage.
#
# Behaviour: destroy_node() of a LifecycleNode destroys publishers, services and the node's handle, but the state machine
# keeps a use of that handle, and node and state machine refer to each other. Other nodes go on seeing its name, with
# the DDS participant behind it; a plain Node is gone at once. Where the garbage collector is off or rarely runs, nodes
# that were destroyed add up.
# Source: destroy_node in rclpy/node.py; LifecycleNodeMixin in rclpy/lifecycle/node.py.
# Seen (Python 3.11, x86_64): "plain node: gone; lifecycle node: there; after gc.collect(): gone".
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q ros-rclpy==9.1.2 ros-rmw-fastrtps-cpp==9.3.3 numpy==2.4.6

cat > "$folder/graph.py" <<'PYTHON'
import gc
import time

import rclpy
from rclpy.lifecycle import LifecycleNode
from rclpy.node import Node

rclpy.init()
observer = Node("observer")


def is_seen(name, expected):
    """Whether the observer sees it, asked until it is as expected, for five seconds."""
    for _ in range(100):
        if (name in observer.get_node_names()) == expected:
            break
        time.sleep(0.05)
    return name in observer.get_node_names()


def try_node(node_class, name):
    node = node_class(name)
    assert is_seen(name, True)
    node.destroy_node()
    del node
    return "there" if is_seen(name, False) else "gone"


gc.disable()
plain, managed = try_node(Node, "plain"), try_node(LifecycleNode, "managed")
gc.collect()
collected = "there" if is_seen("managed", False) else "gone"
print(f"plain node: {plain}; lifecycle node: {managed}; after gc.collect(): {collected}")
PYTHON

export ROS_AUTOMATIC_DISCOVERY_RANGE=LOCALHOST ROS_DOMAIN_ID=96
seen=$("$folder/venv/bin/python" "$folder/graph.py" 2> /dev/null)
echo "$seen"
[ "$seen" = "plain node: gone; lifecycle node: there; after gc.collect(): gone" ]
