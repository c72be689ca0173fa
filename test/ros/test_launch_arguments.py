"""What launch files pass on for each depth source, checked without `launch`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from xml.etree import ElementTree

import numpy as np
import pytest

pytest.importorskip("rclpy")

from fingertip_contact.recordings.bag_writer import BagWriter
from fingertip_contact.resources import PACKAGE
from fingertip_contact.ros.camera_input import DEPTH_SOURCE_TOPICS
from launch_stubs import LaunchConfiguration, list_arguments, load_launch_file, stub_realsense_driver
from recording_forms import coders
from recording_forms.forms import transported
from repository import ROOT
from ros_harness import (
    BASELINE_M,
    CAMERA,
    COLOR,
    DEPTH,
    FRAME_ID,
    INFO,
    LEFT,
    RIGHT,
    RIGHT_INFO,
    START_NS,
)


@pytest.fixture
def core(monkeypatch) -> ModuleType:
    return load_launch_file("core", monkeypatch)


def load_d405(monkeypatch, folder: Path) -> ModuleType:
    """d405.launch.py, with realsense2_camera in this folder."""
    stub_realsense_driver(folder, monkeypatch)
    return load_launch_file("d405", monkeypatch)


def write_one_frame(path: Path, *, has_depth: bool = False, has_imagers: bool = False) -> Path:
    grey = np.zeros((480, 640), np.uint8)
    with BagWriter(path) as bag:
        bag.write_camera_info(INFO, START_NS, FRAME_ID, CAMERA)
        bag.write_image(COLOR, START_NS, FRAME_ID, np.dstack([grey] * 3), "bgr8")
        if has_depth:
            bag.write_image(DEPTH, START_NS, FRAME_ID, grey.astype(np.uint16), "16UC1")
        if has_imagers:
            bag.write_camera_info(RIGHT_INFO, START_NS, "right", CAMERA, BASELINE_M)
            for topic in (LEFT, RIGHT):
                bag.write_image(topic, START_NS, "left", grey, "mono8")
    return path


def test_every_input_is_remapped_by_a_declared_argument(core):
    """Each camera topic of every depth source has an argument, whose default is realsense2_camera's name."""
    defaults = {name: value for name, value, _ in core.launching.CORE_ARGUMENTS}
    node = core.make_node("contact_node")
    remapped = {name: defaults[argument.name] for name, argument in node.options["remappings"]}
    assert remapped == {
        "color/image": COLOR,
        "color/camera_info": INFO,
        "depth/image": DEPTH,
        "infra1/image": LEFT,
        "infra2/image": RIGHT,
        "infra2/camera_info": RIGHT_INFO,
    }
    camera_topics = {topic for topics in DEPTH_SOURCE_TOPICS.values() for topic in topics} - {"depth_estimate/image"}
    assert camera_topics <= set(remapped)


def test_the_depth_network_runs_only_where_it_is_used(core):
    """For model and fused."""
    actions = core.generate_launch_description().arguments[0]
    (network,) = [action for action in actions if action.options.get("executable") == "depth_estimation_node"]
    (condition,) = network.options["condition"].arguments
    started = {source for source in DEPTH_SOURCE_TOPICS if condition.perform({"depth_source": source}) == "true"}
    assert started == {"model", "fused"}


def find_enclaves(action, given: dict[str, str]) -> Iterator[str]:
    """Of the nodes of this package below an action."""
    for part in action if isinstance(action, (list, tuple)) else getattr(action, "arguments", ()):
        yield from find_enclaves(part, given)
    options = getattr(action, "options", {})
    if options.get("package") == PACKAGE:
        flag, option, (folder, name) = options["arguments"]
        assert (flag, option) == ("--ros-args", "--enclave")
        assert name == f"/{options['executable']}"
        yield folder.perform(given) + name


def test_every_node_is_put_into_its_enclave(core, monkeypatch, tmp_path):
    """That of the policy, or of the same name in another folder of the keystore, for each camera's nodes; players and
    camera nodes too, which core.launch.py does not start."""
    policy = ElementTree.parse(ROOT / "config" / "sros2" / "fingertip_contact.policy.xml")
    known = {enclave.get("path") for enclave in policy.iter("enclave")}
    d405, webcam = load_d405(monkeypatch, tmp_path), load_launch_file("webcam", monkeypatch)
    values = {name: value for name, value, _ in d405.ARGUMENTS} | {"tf_prefix": ""}
    starts = [
        core.generate_launch_description(),
        [core.launching.make_player(name, {}) for name in ("replay_node", "simulated_camera_node")],
        [d405.make_own_camera(values, "stereo"), webcam.make_camera()],
    ]
    enclaves = list(find_enclaves(starts, {}))
    assert len(set(enclaves)) == len(enclaves) == 10
    assert set(enclaves) <= known
    moved = set(find_enclaves(starts, {"enclave": "/left"}))
    assert moved == {enclave.replace("/fingertip_contact/", "/left/") for enclave in enclaves}


def test_the_page_is_served_where_it_is_wanted(core):
    """By `web:=true` alone, for this computer unless another address is given."""
    actions = core.generate_launch_description().arguments[0]
    (web,) = [action for action in actions if action.options.get("executable") == "web_node"]
    assert web.options["condition"].arguments[0].name == "web"
    assert {"host", "port", "layout"} <= set(web.options["parameters"][0])
    defaults = {name: value for name, value, _ in core.launching.CORE_ARGUMENTS}
    assert (defaults["web"], defaults["web_host"]) == ("false", "127.0.0.1")


@pytest.mark.parametrize("given", [{}, {"rviz": "true"}, {"rviz": "True"}, {"rviz": "false"}, {"viewer": "rviz"}])
@pytest.mark.parametrize("is_installed", [True, False])
def test_rviz_is_looked_for_before_anything_starts(core, monkeypatch, given, is_installed):
    """A launch begins with a check whose error names the package, and only where RViz was asked for."""

    def find(name: str) -> str:
        if is_installed:
            return f"/opt/ros/share/{name}"
        raise core.launching.PackageNotFoundError(name)

    monkeypatch.setattr(core.launching, "get_package_share_directory", find)
    is_wanted = given in ({"rviz": "true"}, {"rviz": "True"}, {"viewer": "rviz"})
    if is_wanted and not is_installed:
        with pytest.raises(RuntimeError, match=r"rviz2 is not installed: sudo apt install .*leave out rviz:=true"):
            check_viewer(core, given)
    else:
        check_viewer(core, given)


def check_viewer(core, given: dict[str, str]) -> None:
    """What a launch begins with."""
    check = core.generate_launch_description().arguments[0][1].options["function"]
    check(SimpleNamespace(launch_configurations=given))


def test_rerun_is_looked_for_before_anything_starts(core, monkeypatch):
    """With the command that installs it; a viewer that is not known is refused with those that are."""
    check_viewer(core, {"viewer": "none"})
    with pytest.raises(RuntimeError, match="viewer is 'rerrun'; choose one of none, rviz, rerun"):
        check_viewer(core, {"viewer": "rerrun"})
    monkeypatch.setitem(sys.modules, "rerun", None)
    with pytest.raises(RuntimeError, match=r"viewer:=rerun: .*rerun is not installed: .*\[rerun\]"):
        check_viewer(core, {"viewer": "rerun"})
    monkeypatch.setitem(sys.modules, "rerun", ModuleType("rerun"))
    sys.modules["rerun"].__spec__ = SimpleNamespace()
    check_viewer(core, {"viewer": "rerun"})


@pytest.mark.parametrize(
    ("given", "started"),
    [
        ({}, set()),
        ({"rviz": "true"}, {"rviz2"}),
        ({"viewer": "rviz"}, {"rviz2"}),
        ({"viewer": "rerun"}, {"rerun_node"}),
    ],
)
def test_a_viewer_is_started_where_it_is_wanted(core, given, started):
    """Each by its name, RViz by its own argument too; Rerun's gets the camera's topic and what it is drawn with."""
    defaults = {name: value for name, value, _ in core.launching.CORE_ARGUMENTS}
    actions = core.generate_launch_description().arguments[0]
    nodes = {action.options["executable"]: action.options for action in actions if "executable" in action.options}
    found = {
        name
        for name in ("rviz2", "rerun_node")
        if nodes[name]["condition"].arguments[0].perform(defaults | given) == "true"
    }
    assert found == started
    (parameters,) = nodes["rerun_node"]["parameters"]
    assert {"mode", "url", "file", "layout", "rotate"} <= set(parameters)
    ((topic, target),) = nodes["rerun_node"]["remappings"]
    assert (topic, target.name) == ("color/camera_info", "color_info")


def set_up_d405(monkeypatch, folder, **given):
    """Arguments or parameters of the camera, and those of core.launch.py, for these arguments of the command line."""
    d405 = load_d405(monkeypatch, folder)
    context = LaunchContext({name: value for name, value, _ in d405.ARGUMENTS} | given)
    context.launch_configurations = given
    camera, *settings = d405.launch_setup(context)
    core = dict(setting.arguments for setting in settings)
    if "parameters" in camera.options:
        return camera.options["parameters"][-1], core
    return dict(camera.options["launch_arguments"]), core


class LaunchContext(dict):
    """Values of arguments; `launch_configurations`: those that were given or declared so far."""


@pytest.mark.parametrize("driver", ["realsense2_camera", "own"])
def test_d405_enables_its_imagers_for_stereo_only(monkeypatch, tmp_path, driver):
    """Also where `depth_source` is not given."""
    name = "enable_infra" if driver == "own" else "enable_infra2"
    given = [{}, *({"depth_source": source} for source in DEPTH_SOURCE_TOPICS)]
    cameras = [set_up_d405(monkeypatch, tmp_path, driver=driver, **one)[0] for one in given]
    enabled = [one for one, camera in zip(given, cameras, strict=True) if str(camera[name]).lower() == "true"]
    assert enabled == [{"depth_source": "stereo"}]


@pytest.mark.parametrize("driver", ["realsense2_camera", "own"])
def test_two_d405_share_no_name(monkeypatch, tmp_path, driver):
    """Topics and frames of each carry its namespace and prefix; what is given on the command line stays."""
    _, plain = set_up_d405(monkeypatch, tmp_path, driver=driver)
    assert set(plain.values()) - {"0"} == {COLOR, INFO, DEPTH, LEFT, RIGHT, RIGHT_INFO}
    seen = []
    for side in ("left", "right"):
        names = {"camera_namespace": side, "tf_prefix": f"{side}_", "serial_no": f"_{side}"}
        camera, core = set_up_d405(monkeypatch, tmp_path, driver=driver, **names, color_info="/mine")
        values = {name: getattr(value, "arguments", [value])[0] for name, value in camera.items()}
        assert names.items() <= values.items()
        assert "color_info" not in core
        topics = {topic for name, topic in core.items() if name != "rotate"}
        assert all(topic.startswith(f"/{side}/camera/") for topic in topics)
        seen.append(topics)
    assert not seen[0] & seen[1]


def test_images_are_turned_once(monkeypatch, tmp_path):
    """By the node that owns the camera, or by every node that reads another driver's images."""
    camera, core = set_up_d405(monkeypatch, tmp_path, driver="own", rotate="180")
    assert camera["rotate"].arguments[0].name == "rotate"
    assert core["rotate"] == "0"
    _, core = set_up_d405(monkeypatch, tmp_path, rotate="180")
    # core.launch.py reads the argument that was given.
    assert "rotate" not in core
    core_file = load_launch_file("core", monkeypatch)
    for name in ("hand_tracking_node", "contact_node", "pipeline_node", "depth_estimation_node"):
        parameter = core_file.make_node(name).options["parameters"][-1]["rotate"]
        assert parameter.arguments[0].name == "rotate"
        assert parameter.options["value_type"] is int
    camera, core = load_launch_file("webcam", monkeypatch).generate_launch_description().arguments[0][-2:]
    assert camera.options["parameters"][-1]["rotate"].arguments[0].name == "rotate"
    # Set when the camera's parameters have been read: core.launch.py has an argument of the same name.
    assert dict(core.options["launch_arguments"])["rotate"] == "0"


def test_d405_with_an_unknown_driver(monkeypatch, tmp_path):
    with pytest.raises(ValueError, match="driver is 'rs'; choose one of realsense2_camera, own"):
        set_up_d405(monkeypatch, tmp_path, driver="rs")


def test_old_drivers_name_colour_otherwise(monkeypatch, tmp_path):
    """Before 4.57.4 the D405's colour topic was image_rect_raw."""
    d405 = load_d405(monkeypatch, tmp_path)
    (tmp_path / "package.xml").write_text("<package><version>4.56.4</version></package>")
    context = LaunchContext({name: value for name, value, _ in d405.ARGUMENTS})
    context.launch_configurations = {}
    _, *settings = d405.launch_setup(context)
    assert dict(setting.arguments for setting in settings)["color_image"] == "/camera/camera/color/image_rect_raw"


def test_recorded_topics_are_passed_on(core, tmp_path):
    """Those that a recording holds, as arguments of core.launch.py."""
    full = write_one_frame(tmp_path / "full.mcap", has_depth=True, has_imagers=True)
    topics = find_arguments(core, full, "stereo")
    assert topics == {
        "color_image": COLOR,
        "color_info": INFO,
        "depth_image": DEPTH,
        "infra1_image": LEFT,
        "infra2_image": RIGHT,
        "infra2_info": RIGHT_INFO,
    }
    assert set(topics) <= {name for name, _, _ in core.launching.CORE_ARGUMENTS}
    color = write_one_frame(tmp_path / "color.mcap")
    topics = find_arguments(core, color, "none")
    assert topics == {"color_image": COLOR, "color_info": INFO}


def find_arguments(core, path, depth_source):
    inputs = core.launching.find_recorded_inputs_of({"recording": str(path), "depth_source": depth_source})
    return core.launching.make_core_arguments(inputs)


@pytest.mark.parametrize(
    ("encoding", "transport", "expected"),
    [
        ("bgr8", "compressed", {"image_transport": "compressed", "depth_image_transport": "raw"}),
        ("16UC1", "compressedDepth", {"image_transport": "raw", "depth_image_transport": "compressedDepth"}),
    ],
)
def test_transports_of_a_recording_are_passed_on(core, tmp_path, encoding, transport, expected):
    """Of each image topic, with its plain name; what is played has the name in the recording."""
    plain = write_one_frame(tmp_path / "plain.mcap", has_depth=True)
    coder = (
        coders.code_picture(".png", "png") if encoding == "bgr8" else coders.code_depth_png("16UC1; compressedDepth")
    )
    path = transported(encoding, f"/{transport}", coder)(plain, tmp_path)
    assert find_arguments(core, path, "sensor") == {
        "color_image": COLOR,
        "color_info": INFO,
        "depth_image": DEPTH,
        **expected,
    }
    inputs = core.launching.find_recorded_inputs_of({"recording": str(path)})
    assert f"{COLOR if encoding == 'bgr8' else DEPTH}/{transport}" in inputs.stored_topics
    assert not inputs.is_decoded


def test_recording_without_the_wanted_depth_does_not_start(core, tmp_path):
    """Also where `depth_source` is left at its default: nodes would wait for ever."""
    color = write_one_frame(tmp_path / "color.mcap")
    with pytest.raises(ValueError, match=r"no depth aligned to colour.*one of none, model"):
        core.launching.find_recorded_inputs_of({"recording": str(color)})
    assert LaunchConfiguration("depth_source", core.launching.DEFAULT_DEPTH_SOURCE).perform({}) == "sensor"


def check_arguments(description, given):
    """What the first action of a description does with the arguments of a command line."""
    check = description.arguments[0][0].options
    context = SimpleNamespace(launch_configurations=dict.fromkeys(given, ""))
    check["function"](context, *check["args"])
    # As core.launch.py does where it is included: nothing is said twice.
    check["function"](context, *check["args"])


def test_misspelt_arguments_are_warned_about(core, caplog):
    """`ros2 launch` passes them on without a word."""
    check_arguments(core.generate_launch_description(), ["profil", "layout", "depth_source", "zzz"])
    assert [record.getMessage() for record in caplog.records] == [
        "launch arguments: 'profil' is not read; did you mean 'profile'?",
        "launch arguments: 'zzz' is not read",
    ]


def test_arguments_of_the_camera_driver_are_passed_on(monkeypatch, tmp_path, caplog):
    """Of those that d405.launch.py does not know, only names that are nearly one of ours are warned about."""
    description = load_d405(monkeypatch, tmp_path).generate_launch_description()
    check_arguments(
        description, ["camera_namespace", "depth_module.exposure", "serial_no", "profil", "pointcloud.enable"]
    )
    assert [record.getMessage() for record in caplog.records] == [
        "launch arguments: 'profil' is not read; did you mean 'profile'?"
    ]


LAUNCH_FILES = sorted(path.name.removesuffix(".launch.py") for path in (ROOT / "launch").iterdir())


@pytest.mark.parametrize("name", LAUNCH_FILES)
def test_all_arguments_are_shown(name, monkeypatch, tmp_path):
    """By `--show-args`: also those of core.launch.py, which every launch file takes."""
    stub_realsense_driver(tmp_path, monkeypatch)
    core = list_arguments("core", monkeypatch)
    assert set(core) <= set(list_arguments(name, monkeypatch))
    assert len(core) > 20


# What the description of an argument names, besides those that are topics or true or false.
CHOICES = {
    "depth_source": [name for name in DEPTH_SOURCE_TOPICS if name != "none"],
    "driver": ["realsense2_camera", "own"],
    "image_transport": ["raw", "compressed", "zstd"],
    "rotate": ["90", "180", "270"],
    "depth_format": ["16UC1", "32FC1"],
    "words": [path.stem for path in (ROOT / "config" / "words").glob("*.txt*")],
    "color_profile": ["pixels x pixels x Hz"],
    "depth_profile": ["pixels x pixels x Hz"],
    "width": ["pixels"],
    "height": ["pixels"],
    "fps": ["Hz"],
    "start_delay_s": [", s"],
}


@pytest.mark.parametrize("name", LAUNCH_FILES)
def test_descriptions_say_what_values_there_are(name, monkeypatch, tmp_path):
    """What true does, whose topic it is, which names there are, and the unit."""
    stub_realsense_driver(tmp_path, monkeypatch)
    for argument, (default, description) in list_arguments(name, monkeypatch).items():
        assert len(description.split()) >= 3, argument
        if default in ("true", "false"):
            assert description.startswith("true: "), argument
        if argument.endswith(("_image", "_info")):
            assert description.startswith("topic of "), argument
        wanted = ["model"] if (name, argument) == ("webcam", "depth_source") else CHOICES.get(argument, [])
        assert [choice for choice in wanted if choice not in description] == [], argument


@pytest.mark.parametrize("node", ["hand_tracking_node", "contact_node", "pipeline_node", "depth_estimation_node"])
def test_the_users_parameters_go_before_the_nodes_own(core: ModuleType, node: str):
    """And launch arguments before both: launch_ros hands them over in this order, and the last one wins."""
    own, given, arguments = core.make_node(node).options["parameters"]
    assert Path(own).name == f"{node}.yaml"
    assert given.perform({"params_file": "mine.yaml"}) == "mine.yaml"
    assert Path(given.perform({})).is_file()
    assert "rotate" in arguments


def test_parameters_that_are_no_file_are_refused(core: ModuleType, tmp_path: Path):
    """Before anything starts; the file of no parameters is one."""
    check = core.launching.require_params_file
    default = {name: value for name, value, _ in core.launching.CORE_ARGUMENTS}["params_file"]
    for path in (default, None):
        check(SimpleNamespace(launch_configurations={} if path is None else {"params_file": path}))
    with pytest.raises(RuntimeError, match=r"params_file is .*which is no file"):
        check(SimpleNamespace(launch_configurations={"params_file": str(tmp_path / "qos.yaml")}))
