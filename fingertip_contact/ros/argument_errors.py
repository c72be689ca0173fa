"""What is wrong with the ROS arguments of a command line, in words. Imports no ROS."""

from __future__ import annotations

import re

# "Couldn't parse remap rule: '-r x:='. Error: ..., at /project/src/rcl/arguments.c:380", as rcl writes it.
_RCL_ERROR = re.compile(r"Couldn't parse (?P<kind>[\w ]+): '(?P<argument>.*?)'\. Error: (?P<reason>.*)", re.DOTALL)
_SOURCE_LINE = re.compile(r",? at \S+:\d+")
_UNKNOWN_ARGUMENTS = re.compile(r"^\[('.*')\]$")
# Reasons that tell of rcl's parser and not of the argument.
_NO_REASON = ("error not set", "Expected lexeme")
_REMEDIES = {
    "params file": "a parameter file holds `NODE:`, in it `ros__parameters:`, in it `NAME: VALUE`",
    "remap rule": "write `-r FROM:=TO`: names such as color/image or /camera/image, __node:=NAME, __ns:=/NAME",
    "parameter override rule": "write `-p NAME:=VALUE`",
    "log level": "use debug, info, warn, error or fatal",
}


def explain_argument_error(error: Exception) -> str:
    """One line for the exception of `rclpy.init`: the argument, the reason, the remedy, without rcl's source lines."""
    text = _SOURCE_LINE.sub("", " ".join(str(error).split())).removeprefix("failed to initialize rcl: ")
    if unknown := _UNKNOWN_ARGUMENTS.match(text):
        return f"unknown ROS argument: {unknown[1]}; `-p NAME:=VALUE` sets a parameter, `-r FROM:=TO` renames a topic"
    found = _RCL_ERROR.search(text)
    if found is None:
        return text
    reason = "" if found["reason"].startswith(_NO_REASON) else f" ({found['reason']})"
    remedy = _REMEDIES.get(found["kind"], "see `ros2 run --help`")
    return f"cannot use the {found['kind']} '{found['argument']}'{reason}; {remedy}"
