"""Rows on nodes that cannot start: wrong arguments, parameters and files."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fingertip_contact.ros.selftest.rows import ProcessRow
from fingertip_contact.ros.selftest.station import TRACEBACK
from fingertip_contact.selftest.finding import require
from fingertip_contact.selftest.processes import NodeStarter

EXIT_USAGE = 2
Run = Callable[[NodeStarter, Path], None]
# Its header promises 16 bytes of a tensor; 7 are there. Names with d405 tell the maximum depth.
_HEADER = b'{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}'
_CUT_SAFETENSORS = len(_HEADER).to_bytes(8, "little") + _HEADER + bytes(7)
# Files of the folder of a row, by name: what they hold.
FILES = {
    "notes.txt": b"hello",
    "empty.mcap": b"",
    "garbage.mcap": b"these are not messages " * 100,
    "garbage.db3": b"these are not messages " * 100,
    "garbage.safetensors": b"\xff" * 64,
    "d405_cut.safetensors": _CUT_SAFETENSORS,
    "palm_detection_full.tflite": b"\x1c\x00\x00\x00TFL3",
    "list.yaml": b"[1, 2, 3]",
    "broken.yaml": b"a: [1, 2",
    "bomb.yaml": b"a: &a [1]\nb: &b [*a, *a]\nc: [*b, *b]\n",
    "binary.yaml": bytes(range(256)),
}


def refuse(
    node: str,
    *expected: str,
    environment: dict[str, str] | None = None,
    arguments: tuple[str, ...] = (),
    **parameters: str,
) -> Run:
    """The node ends with code 2 and one line that holds these words. {name} in values: the path of a file."""

    def run(starter: NodeStarter, folder: Path) -> None:
        paths = _write_files(folder)
        process = starter.start(
            node,
            {key: value.format(**paths) for key, value in parameters.items()},
            [argument.format(**paths) for argument in arguments],
            environment,
        )
        code = process.wait_for_exit()
        require(code == EXIT_USAGE, f"{node} ended with {code}: {process.log_summary}")
        _check_log(process.log_text, expected)
        require(process.log_text.count("\n") == 1, f"not one line: {process.log_summary}")

    return run


def fail_to_configure(node: str, *expected: str, environment: dict[str, str] | None = None, **parameters: str) -> Run:
    """The transition fails with one error that holds these words; the node stays, and ends on a signal."""

    def run(starter: NodeStarter, folder: Path) -> None:
        paths = _write_files(folder)
        values = {key: value.format(**paths) for key, value in parameters.items()}
        own = {key: value.format(**paths) for key, value in (environment or {}).items()}
        process = starter.start(node, values, environment=own)
        process.wait_for_log("cannot configure")
        _check_log(process.log_text, expected)
        require(process.is_alive, f"{node} has died: {process.log_summary}")
        require(process.stop() == 0, f"{node} did not end cleanly: {process.log_summary}")

    return run


@dataclass(frozen=True)
class _FolderMaker:
    """Unpickled by a loader that runs code, it makes this folder; that is all."""

    folder: str

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return os.mkdir, (self.folder,)


def refuse_code(starter: NodeStarter, folder: Path) -> None:
    """Weights that would run code at their loading: refused, and the code has not run."""
    trace, weights = folder / "trace", folder / "d405_code.pth"
    weights.write_bytes(pickle.dumps({"model": _FolderMaker(str(trace))}, protocol=2))
    fail_to_configure("depth_estimation_node", "d405_code.pth", checkpoint=str(weights))(starter, folder)
    require(not trace.exists(), "the code in the weights was run")


def warn(node: str, *expected: str, arguments: tuple[str, ...] = (), **parameters: str) -> Run:
    """The node works, and its log holds these words."""

    def run(starter: NodeStarter, folder: Path) -> None:
        process = starter.start(node, parameters, arguments)
        for text in expected:
            process.wait_for_log(text)
        require(process.stop() == 0, f"{node} did not end cleanly: {process.log_summary}")
        _check_log(process.log_text, ())

    return run


def _write_files(folder: Path) -> dict[str, str]:
    for name, content in FILES.items():
        (folder / name).write_bytes(content)
    paths = {name.replace(".", "_"): str(folder / name) for name in FILES}
    return paths | {"folder": str(folder)}


def _check_log(log: str, expected: tuple[str, ...]) -> None:
    for text in expected:
        require(text in log, f"the log does not hold {text!r}: {log[-2000:]}")
    require(TRACEBACK not in log, f"a traceback is in the log: {log[-2000:]}")


CONTACT, TRACKER, REPLAY = "contact_node", "hand_tracking_node", "replay_node"
ARGUMENTS: dict[str, Run] = {
    "an argument that ROS does not know": refuse(CONTACT, "unknown ROS argument", arguments=("--bogus",)),
    "a remap without a target": refuse(CONTACT, "-r FROM:=TO", arguments=("-r", "x:=")),
    "a parameter without a value": refuse(CONTACT, "-p NAME:=VALUE", arguments=("-p", "x")),
    "a node name of spaces": refuse(CONTACT, "error: ", arguments=("-r", "__node:=a b")),
    "a log level that is none": refuse(CONTACT, "log level", arguments=("--log-level", "loud")),
    "a parameter file that is not there": refuse(CONTACT, "params", arguments=("--params-file", "/nowhere.yaml")),
    "a parameter file that is no YAML": refuse(CONTACT, "params", arguments=("--params-file", "{broken_yaml}")),
    "a parameter file of a list": refuse(CONTACT, "params", arguments=("--params-file", "{list_yaml}")),
    "a domain that is no number": refuse(CONTACT, "ROS_DOMAIN_ID", environment={"ROS_DOMAIN_ID": "no number"}),
}
PARAMETERS: dict[str, Run] = {
    "a number that is too large": refuse(TRACKER, "max_hands", max_hands="9"),
    "a text for a number": refuse(TRACKER, "max_hands", max_hands="many"),
    "a whole number for a fraction": refuse(REPLAY, "rate", rate="2"),
    "a rate of NaN": refuse(REPLAY, "rate", rate=".nan"),
    "a choice that is none": refuse(CONTACT, "none, sensor, model, stereo, fused", depth_source="guess"),
    "a name that is misspelt": warn(CONTACT, "did you mean 'layout'?", layuot="qwerty"),
}
RECORDINGS: dict[str, Run] = {
    "no recording": refuse("simulated_camera_node", "recording"),
    "a recording that is not there": refuse(REPLAY, "does not exist", recording="/nowhere/x.mcap"),
    "a recording that is a text": refuse(REPLAY, "is not a bag", recording="{notes_txt}"),
    "an empty recording": refuse(REPLAY, "empty.mcap", recording="{empty_mcap}"),
    "a recording of garbage": refuse(REPLAY, "cannot be read", recording="{garbage_mcap}"),
    "a database of garbage": refuse(REPLAY, "cannot be read", recording="{garbage_db3}"),
    "a folder of several bags": refuse("simulated_camera_node", "not exactly one", recording="{folder}"),
    "no name for what to record": refuse("record_node", "output"),
    "a name that exists already": refuse("record_node", "exists already", output="{notes_txt}"),
    "a name within a file": refuse("record_node", "cannot write", output="{notes_txt}/out.mcap"),
}
FILES_OF_NODES: dict[str, Run] = {
    "hand weights that are not there": fail_to_configure(
        TRACKER, "fingertip-contact models pull", environment={"FINGERTIP_CONTACT_WEIGHTS": "/nowhere"}
    ),
    "depth weights that are not there": fail_to_configure(
        "depth_estimation_node", "/nowhere.safetensors", checkpoint="/nowhere.safetensors"
    ),
    "depth weights of garbage": fail_to_configure(
        "depth_estimation_node", "garbage.safetensors", checkpoint="{garbage_safetensors}"
    ),
    "depth weights that are cut off": fail_to_configure(
        "depth_estimation_node", "d405_cut.safetensors", checkpoint="{d405_cut_safetensors}"
    ),
    "depth weights that hold code": refuse_code,
    "hand weights that are cut off": fail_to_configure(
        TRACKER,
        "palm_detection_full.tflite has sha256",
        "delete it, then run: fingertip-contact models pull hands",
        environment={"FINGERTIP_CONTACT_WEIGHTS": "{folder}"},
    ),
    "depth weights that are a text": fail_to_configure("depth_estimation_node", "notes.txt", checkpoint="{notes_txt}"),
    "a layout that is not there": fail_to_configure(CONTACT, "klingon", layout="klingon"),
    "a layout of a list": fail_to_configure(CONTACT, "list.yaml", layout="{list_yaml}"),
    "a layout that is no YAML": fail_to_configure(CONTACT, "broken.yaml", layout="{broken_yaml}"),
    "a layout of every byte": fail_to_configure(CONTACT, "binary.yaml", layout="{binary_yaml}"),
    "a layout of nested aliases": fail_to_configure(CONTACT, "bomb.yaml", layout="{bomb_yaml}"),
    "a profile that is not there": fail_to_configure(CONTACT, "brave", profile="brave"),
    "a profile of a list": fail_to_configure(CONTACT, "list.yaml", profile="{list_yaml}"),
    "a pose that is not there": fail_to_configure(CONTACT, "/nowhere.yaml", sheet_pose="/nowhere.yaml"),
    "a pose of a list": fail_to_configure(CONTACT, "list.yaml", sheet_pose="{list_yaml}"),
    "words that are not there": fail_to_configure(CONTACT, "/nowhere.txt", words="/nowhere.txt"),
    "words of every byte": fail_to_configure(CONTACT, "binary.yaml", words="{binary_yaml}"),
    "an output that is none": fail_to_configure(CONTACT, "outputs has no", outputs="['fax']"),
    "an output that cannot be imported": fail_to_configure(CONTACT, "nowhere", outputs="['nowhere:Output']"),
    "a hand tracker that is none": fail_to_configure(TRACKER, "hand_trackers has no", hand_tracker="eyes"),
    "a hand tracker that is no tracker": fail_to_configure(TRACKER, "lacks", hand_tracker="builtins:dict"),
    "a film that is not there": fail_to_configure("webcam_node", "neither a camera", device="nowhere.mp4"),
    "a film that is a text": fail_to_configure("webcam_node", "cannot be opened", device="{notes_txt}"),
    "intrinsics that are not there": fail_to_configure("webcam_node", "/nowhere.yaml", camera_info_url="/nowhere.yaml"),
    "a camera that is not there": warn("webcam_node", "trying again", device="/dev/video250"),
}
FAST = (
    "an argument that ROS does not know",
    "a remap without a target",
    "a domain that is no number",
    "a number that is too large",
    "a choice that is none",
    "a name that is misspelt",
    "no recording",
    "a recording that is not there",
    "a recording that is a text",
    "a folder of several bags",
    "no name for what to record",
    "a name that exists already",
    "a name within a file",
    "a layout of every byte",
    "hand weights that are cut off",
)


def make_rows() -> list[ProcessRow]:
    """The table."""
    one_line = "exit code 2 and one line that names it"
    failure = "the node says what is wrong, and goes on"
    return [
        ProcessRow(kind, name, expects, run=run, is_fast=name in FAST)
        for kind, expects, table in (
            ("arguments", one_line, ARGUMENTS),
            ("parameters", one_line, PARAMETERS),
            ("recordings", one_line, RECORDINGS),
            ("files", failure, FILES_OF_NODES),
        )
        for name, run in table.items()
    ]
