"""What rcl says of wrong arguments becomes one line in words."""

from __future__ import annotations

import pytest

from fingertip_contact.ros.argument_errors import explain_argument_error

AT = ", at /project/src/rcl/arguments.c:380"


@pytest.mark.parametrize(
    ("text", "explanation"),
    [
        (
            "Couldn't parse params file: '--params-file a.yaml'. Error: Error opening YAML file, at ./src/parser.c:271",
            "cannot use the params file '--params-file a.yaml' (Error opening YAML file); a parameter file holds",
        ),
        ("Couldn't parse remap rule: '-r x:='. Error: error not set", "cannot use the remap rule '-r x:='; write `-r"),
        (
            "Couldn't parse parameter override rule: '-p x'. Error: Expected lexeme type (22) not found",
            "cannot use the parameter override rule '-p x'; write `-p NAME:=VALUE`",
        ),
        ("ROS_DOMAIN_ID is not an integral number", "ROS_DOMAIN_ID is not an integral number"),
    ],
)
def test_an_error_of_rcl_names_argument_and_remedy(text, explanation):
    """Without the lines of rcl's source, and without what only its parser understands."""
    explained = explain_argument_error(RuntimeError(f"failed to initialize rcl: {text}{AT}"))
    assert explained.startswith(explanation)
    assert ".c:" not in explained
    assert "\n" not in explained


def test_unknown_arguments_are_named():
    """rclpy's exception holds nothing but a list of them."""
    assert explain_argument_error(RuntimeError("['--bogus', '-x']")).startswith("unknown ROS argument: '--bogus', '-x'")
