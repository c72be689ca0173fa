"""Package description, for colcon and pip alike."""

from pathlib import Path

from setuptools import find_packages, setup

NAME = "fingertip_contact"


def shared(folder: str) -> list[tuple[str, list[str]]]:
    """Files of a folder at the root, as data files under share/fingertip_contact."""
    found: dict[str, list[str]] = {}
    for path in sorted(Path(folder).rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            found.setdefault(f"share/{NAME}/{path.parent}", []).append(str(path))
    return sorted(found.items())


NODES = [
    "contact_node",
    "depth_estimation_node",
    "hand_tracking_node",
    "pipeline_node",
    "record_node",
    "replay_node",
    "simulated_camera_node",
]

EXTRAS = {
    # ROS 2 from PyPI, for machines without an installed one.
    "ros": ["ros-rclpy", "ros-common-interfaces", "ros-rmw-fastrtps-cpp"],
    "bags": ["rosbags>=0.10"],
    "sim": ["embreex>=2.17.7", "rosbags>=0.10", "scipy"],
    # Running depth takes openvino alone; this is for weights: loading, converting to OpenVINO or ONNX, int8, pulling.
    "depth": [
        *("torch>=2.10", "torchvision", "timm>=1.0", "safetensors", "huggingface_hub>=1.0"),
        *("nncf>=3.0", "onnx>=1.17", "onnxruntime>=1.20"),
    ],
    "train": ["torch>=2.10", "torchvision", "timm>=1.0", "safetensors", "tensorboard", "scikit-learn"],
    # Sheets to print, and plots.
    "plots": ["matplotlib"],
    "realsense": ["pyrealsense2"],
    # colcon looks for this name to choose pytest.
    "test": ["pytest"],
    "dev": ["pytest", "hypothesis", "ruff", "mypy", "colcon-common-extensions", "matplotlib", "transformers>=5"],
}

setup(
    name=NAME,
    version="0.1.0",
    description="Turns any flat surface into a keyboard: fingertip contact detection from a D405 depth camera",
    license="Apache-2.0",
    packages=find_packages(exclude=["test", "test.*"]),
    package_data={f"{NAME}.simulation": ["assets/*"]},
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{NAME}"]),
        (f"share/{NAME}", ["package.xml"]),
        *shared("launch"),
        *shared("config"),
        *shared("models"),
    ],
    python_requires=">=3.10",
    install_requires=["numpy", "opencv-python-headless", "openvino>=2024.6", "pyyaml", "rich", "typer"],
    extras_require=EXTRAS,
    zip_safe=False,
    entry_points={
        "console_scripts": [
            "fingertip-contact = fingertip_contact.cli.main:main",
            *[f"{node} = fingertip_contact.nodes.{node}:main" for node in NODES],
        ]
    },
)
