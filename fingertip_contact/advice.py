"""What to say where typing is not read, or read badly: each cause with a code, a text and a remedy."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Advice:
    """code: for programs, it does not change. text: what is wrong. remedy: what to do; may be empty."""

    code: str
    text: str
    remedy: str = ""

    @property
    def message(self) -> str:
        """Text and remedy in one line."""
        separator = "; " if ":" in self.text else ": "
        return self.text + separator + self.remedy if self.remedy else self.text


NO_SURFACE = Advice(
    "no_surface",
    "the surface is unknown",
    "lay the printed sheet in view with its markers uncovered, or read depth (depth_source sensor)",
)
SURFACE_MOVED = Advice("surface_moved", "the surface or the camera has moved; calibrating again")
NO_SHEET = Advice(
    "no_sheet",
    "the sheet is not found, so no key is known",
    "lay it in view with at least two markers uncovered, and name its layout (layout)",
)
MIRRORED = Advice(
    "mirrored",
    "the image is mirrored",
    "switch that off in the camera, or set mirrored of webcam_node, which turns it round",
)
ONE_MARKER = Advice(
    "one_marker",
    "only one marker is seen, and the sheet is found by two",
    "uncover the sheet's edge, and bring the whole sheet into view",
)
MARKERS_COVERED = Advice(
    "markers_covered",
    "fewer than two markers have been seen for a while, so the sheet may move unnoticed",
    "keep hands and things off the sheet's edge",
)
DARK_IMAGES = Advice(
    "dark_images",
    "the images are very dark",
    "add light, take the cap off the lens, or let the camera choose exposure and gain",
)
BLURRED_IMAGES = Advice(
    "blurred_images",
    "the images are blurred",
    "focus on the desk, clean the lens, fix the camera, or shorten its exposure",
)
CAMERA_TURNED = {
    degrees: Advice(
        "camera_turned",
        f"the camera is {place}, which costs errors, most of all with colour alone",
        f"mount it upright, or turn its images: rotate:={degrees} of the launch file or of every node that reads them, "
        f"process --rotate {degrees}; where they are turned already, add it",
    )
    for degrees, place in ((90, "on its side"), (180, "upside down"), (270, "on its side"))
}
NO_HANDS = Advice(
    "no_hands",
    "no hand has been seen yet",
    "hold both hands in view, in even light and without coloured gloves",
)
DEPTH_INVALID = Advice(
    "depth_invalid",
    "depth holds no valid pixel",
    "keep the camera within its range, 7 to 50 cm for a D405, and its lenses uncovered, or choose depth_source none",
)
NO_DEPTH = Advice(
    "no_depth",
    "images come without depth of their stamp",
    "start the driver with align_depth.enable:=true enable_sync:=true, or choose depth_source none",
)
NO_IMAGERS = Advice(
    "no_imagers",
    "images come without both imagers' images of their stamp",
    "start the driver with enable_infra1:=true enable_infra2:=true enable_sync:=true, or choose another depth_source",
)
NO_CAMERA_INFO = Advice(
    "no_camera_info", "images come, but no camera_info", "publish the camera's camera_info, or remap color/camera_info"
)
NO_CLOCK = Advice(
    "no_clock",
    "the node follows simulated time, but no /clock comes",
    "start the player or simulator that publishes it, or set use_sim_time to false",
)
SEVERAL_PUBLISHERS = Advice(
    "several_publishers",
    "several publishers write the topic of the colour images",
    "stop all but one: `ros2 topic info -v` names them",
)
CAMERA_BEHIND_HANDS = Advice(
    "camera_behind_hands",
    "the camera looks from behind the hands, which hide a part of their fingertips: fewer taps are read",
    "best is the far side of the keyboard, facing the typist",
)


def advise_other_layout(seen: str, chosen: str) -> Advice:
    """The sheet in view is that of another layout than the one that was chosen. seen, chosen: their names."""
    return Advice(
        "other_layout",
        f"the sheet in view has the markers of layout {seen}, and {chosen} was chosen",
        f"choose it (layout {seen}), or lay the sheet of {chosen} in view",
    )


def advise_lost_hands(count: int, window_s: float) -> Advice:
    """Hands were lost and found again so many times in the last so many seconds."""
    return Advice(
        "hands_lost",
        f"hands were lost {count} times in the last {window_s:.0f} s",
        "light them evenly, keep them whole in view, and clear other things of their colour",
    )


def advise_frame_rate(rate_hz: float) -> Advice:
    """The camera is too slow."""
    return Advice(
        "slow_frames",
        f"only {rate_hz:.0f} frames come in a second",
        "set the camera to 30, and shorten its exposure or add light",
    )


def advise_stamps(repeated_count: int, late_count: int, total_count: int) -> Advice:
    """Images of which so many were left out, since their stamps do not advance."""
    return Advice(
        "stamps_stand",
        f"the stamps of {repeated_count + late_count} of {total_count} images do not advance "
        f"({repeated_count} repeat, {late_count} run backwards), these are left out",
        "let one publisher write each topic, and the driver set header.stamp to the time of exposure",
    )


def advise_transport(topic: str, found: str, transport: str) -> Advice:
    """Nobody publishes the subscribed images, but others of the same camera. topic, found: both topics."""
    return Advice(
        "other_transport", f"nobody publishes {topic}, but {found} is there", f"set image_transport to {transport}"
    )


def advise_print_scale(scale: float, sheet_m: float, depth_m: float) -> Advice:
    """The sheet has another size than its layout. sheet_m, depth_m: its distance by markers and by depth."""
    return Advice(
        "wrong_scale",
        f"the sheet is printed at about {scale:.0%} of its size, or is one of another layout, as it is "
        f"{sheet_m * 100:.1f} cm away by its markers, {depth_m * 100:.1f} cm by depth",
        "print it at 100 %, not fitted to the page, or correct the sizes in the layout file",
    )


def advise_tilt(tilt_deg: float) -> Advice:
    """The sheet lies on another plane than the desk."""
    return Advice(
        "sheet_tilted",
        f"the sheet and the desk in depth are {tilt_deg:.0f} degrees apart",
        "lay the sheet flat on the desk, and clear the desk around it",
    )
