"""How a form gets to a node that subscribes to sensor_msgs/Image without this package, from others' documentation."""

from __future__ import annotations

PLAY = "`ros2 bag play`"
REPUBLISH = f"{PLAY}, republish"
NO = "**no**"

# By what is in the name of a form; the first that fits counts.
_BY_PART = (
    ("Foxglove", NO),
    ("ROS 1", "convert"),
    ("inner file alone", NO),
    ("split into two files, no metadata", "reindex"),
    ("files of their own", "several inputs"),
    ("raw and JPEG", PLAY),
    ("colour: compressed", REPUBLISH),
    ("depth: compressed", REPUBLISH),
    ("imagers: compressed", REPUBLISH),
    (": zstd", REPUBLISH),
    ("all streams", REPUBLISH),
    ("colour JPEG", REPUBLISH),
)

SOURCES = """
## Without this package

From documentation, source and issues of the other tools, not measured here; they are part of no environment of this project.

| | what it takes |
|---|---|
| `ros2 bag play` | the bag as it is |
| republish | beside the player one process of `ros2 run image_transport republish` for each image topic, with the plugin's package (`compressed_image_transport`, `compressed_depth_image_transport`, `zstd_image_transport`) installed; each adds a hop and its own queue |
| convert | first a copy: `rosbags-convert`. rosbag2's plugin for ROS 1 bags needs an installed ROS 1 |
| reindex | first `ros2 bag reindex`; several files without metadata.yaml are not played ([rosbag2 #1918](https://github.com/ros2/rosbag2/issues/1918)) |
| several inputs | `ros2 bag play -i A -i B`, since Kilted; as one bag the files are read one after the other |
| **no** | messages of types that are not installed are skipped with a warning ([rosbag2 #592](https://github.com/ros2/rosbag2/pull/592)), and with Foxglove's package no republisher decodes them; without metadata.yaml nobody knows that messages are compressed one by one |

librealsense's own recordings, which `process` reads ([recordings](recordings.md#librealsenses-own-recordings)), are no bags of image topics for `ros2 bag play`.
`rs-convert` ([README](https://github.com/IntelRealSense/librealsense/tree/master/tools/convert)) writes single PNG, CSV, RAW, PLY or BIN files of them,
without stamps of both streams put together, intrinsics or alignment.
"""  # noqa: E501


def describe_elsewhere(name: str) -> str:
    """Of a form, by its name."""
    return next((text for part, text in _BY_PART if part in name), PLAY)
