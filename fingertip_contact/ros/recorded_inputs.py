"""What a node has to subscribe to when a recording is played: topics, and their transports."""

from __future__ import annotations

from dataclasses import dataclass

from fingertip_contact.recordings.bag_recording import Recording
from fingertip_contact.recordings.camera_topics import camera_info_topic
from fingertip_contact.ros.image_transport import RAW
from fingertip_contact.transports.any_image import COMPRESSED_IMAGE, IMAGE, find_transport, strip_transport


@dataclass(frozen=True)
class RecordedInputs:
    """topics: those that are played, by the inputs of the nodes (`color/image`); images by their plain names.
    transports: by parameter; none where all images are raw. stored_topics: by the names in the recording. is_decoded:
    images have to be decoded by the player (replay_node's image_transport), because no node subscribes to their types.
    """

    topics: dict[str, str]
    transports: dict[str, str]
    stored_topics: tuple[str, ...]
    is_decoded: bool


def find_recorded_inputs(recording: Recording) -> RecordedInputs:
    """Of the recording's camera."""
    images = {"color": recording.color_topic}
    if recording.depth_topic is not None:
        images["depth"] = recording.depth_topic
    if recording.imager_topics is not None:
        images["infra1"], images["infra2"] = recording.imager_topics
    infos = {"color/camera_info": camera_info_topic(images["color"])}
    if "infra2" in images:
        infos["infra2/camera_info"] = camera_info_topic(images["infra2"])
    is_decoded = any(recording.bag.topics[topic] not in (IMAGE, COMPRESSED_IMAGE) for topic in images.values())
    parameters = {"color": "image_transport", "depth": "depth_image_transport", "infra1": "infra_image_transport"}
    transports = {parameters[name]: find_transport(topic) or RAW for name, topic in images.items() if name != "infra2"}
    is_raw = is_decoded or set(transports.values()) == {RAW}
    return RecordedInputs(
        {f"{name}/image": strip_transport(topic) for name, topic in images.items()} | infos,
        {} if is_raw else transports,
        (*images.values(), *infos.values()),
        is_decoded,
    )
