"""The entry points: the command, the nodes, one for each, and `python -m fingertip_contact.start NODE`.

Importing a node takes seconds on a small machine. A signal that comes meanwhile has to end the process as it does
later, so it is caught before the node or the command is imported.
"""

from __future__ import annotations

import importlib
import sys
from functools import partial

from fingertip_contact.runtime_tuning import limit_blas_threads
from fingertip_contact.stop_signals import exit_on_stop_signals


def run_command() -> None:
    """The command `fingertip-contact`."""
    exit_on_stop_signals(lambda number: 128 + number)
    limit_blas_threads()
    from fingertip_contact.cli.main import main

    main()


def start_node(reference: str) -> None:
    """Run a node with the arguments of the command line. reference: `module:function`.

    Where ROS 2 or another package is missing, the process ends with exit code 2 and a line that names it: also with
    --help, because parameters are described by messages of ROS.
    """
    exit_on_stop_signals()
    module, _, function = reference.partition(":")
    try:
        run = getattr(importlib.import_module(module), function)
    except ModuleNotFoundError as error:
        from fingertip_contact.cli.main import EXIT_BAD_INPUT, describe_missing_module

        print("error:", describe_missing_module(error), file=sys.stderr)
        raise SystemExit(EXIT_BAD_INPUT) from None
    run()


contact_node = partial(start_node, "fingertip_contact.nodes.contact_node:main")
depth_estimation_node = partial(start_node, "fingertip_contact.nodes.depth_estimation_node:main")
hand_tracking_node = partial(start_node, "fingertip_contact.nodes.hand_tracking_node:main")
key_injector_node = partial(start_node, "fingertip_contact.nodes.key_injector_node:main")
pipeline_node = partial(start_node, "fingertip_contact.nodes.pipeline_node:main")
realsense_node = partial(start_node, "fingertip_contact.nodes.realsense_node:main")
record_node = partial(start_node, "fingertip_contact.nodes.record_node:main")
replay_node = partial(start_node, "fingertip_contact.nodes.replay_node:main")
rerun_node = partial(start_node, "fingertip_contact.nodes.rerun_node:main")
simulated_camera_node = partial(start_node, "fingertip_contact.nodes.simulated_camera_node:main")
web_node = partial(start_node, "fingertip_contact.nodes.web_node:main")
webcam_node = partial(start_node, "fingertip_contact.nodes.webcam_node:main")

if __name__ == "__main__":
    start_node(f"fingertip_contact.nodes.{sys.argv.pop(1)}:main")
