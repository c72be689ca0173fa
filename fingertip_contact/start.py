"""The entry points of the nodes, one for each, and `python -m fingertip_contact.start NODE`.

Importing a node takes seconds on a small machine. A signal that comes meanwhile has to end the process as it does
later, so it is caught before the node is imported.
"""

from __future__ import annotations

import importlib
import sys
from functools import partial

from fingertip_contact.stop_signals import exit_on_stop_signals


def start_node(name: str) -> None:
    """Run a node, e.g. `contact_node`, with the arguments of the command line."""
    exit_on_stop_signals()
    importlib.import_module(f"fingertip_contact.nodes.{name}").main()


contact_node = partial(start_node, "contact_node")
depth_estimation_node = partial(start_node, "depth_estimation_node")
hand_tracking_node = partial(start_node, "hand_tracking_node")
pipeline_node = partial(start_node, "pipeline_node")
record_node = partial(start_node, "record_node")
replay_node = partial(start_node, "replay_node")
simulated_camera_node = partial(start_node, "simulated_camera_node")
webcam_node = partial(start_node, "webcam_node")

if __name__ == "__main__":
    start_node(sys.argv.pop(1))
