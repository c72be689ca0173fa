"""Rows on stamps, rates and what is missing of a frame."""

from __future__ import annotations

import random
import time

from fingertip_contact.ros.selftest.camera import ArtificialCamera
from fingertip_contact.ros.selftest.rows import StationRow
from fingertip_contact.ros.selftest.station import CAMERA_TIMEOUT_S, Station
from fingertip_contact.ros.selftest.stream_faults import Send, StreamFault, damage
from fingertip_contact.selftest.stand_ins import TOUCH

SECOND_NS = 10**9
HOUR_NS = 3600 * SECOND_NS
YEAR_NS = 365 * 24 * HOUR_NS
FRAME_NS = SECOND_NS // 30


def send_twice(station: Station, index: int) -> None:
    for stamp_ns in [station.camera.find_next_ns()] * 2:
        station.camera.send(TOUCH, stamp_ns)


def swap_pairs(station: Station, index: int) -> None:
    stamp_ns = station.camera.find_next_ns()
    for each_ns in (stamp_ns + FRAME_NS // 2, stamp_ns):
        station.camera.send(TOUCH, each_ns)
    station.camera.last_ns = stamp_ns + FRAME_NS // 2


def stand_still(station: Station, index: int) -> None:
    station.camera.send(TOUCH, station.camera.last_ns)


def send_zero(station: Station, index: int) -> None:
    station.camera.send(TOUCH, 0)


def run_backwards(station: Station, index: int) -> None:
    station.camera.send(TOUCH, station.camera.last_ns - FRAME_NS)


def jump(offset_ns: int) -> Send:
    """Frames whose stamps are off by so much."""

    def send(station: Station, index: int) -> None:
        station.camera.send(TOUCH, time.time_ns() + offset_ns)

    return send


def jump_about(station: Station, index: int) -> None:
    offset_ns = random.Random(index).randrange(-10, 10) * YEAR_NS
    station.camera.send(TOUCH, time.time_ns() + offset_ns)


def lose_every_third(station: Station, index: int) -> None:
    if index % 3:
        station.camera.send(TOUCH)


def send_rarely_info(station: Station, index: int) -> None:
    station.camera.send(TOUCH, info={} if index % 10 == 0 else None)


def send_rarely_depth(station: Station, index: int) -> None:
    station.camera.send(TOUCH, depth={} if index % 2 == 0 else None)


def shift_depth(offset_ns: int) -> Send:
    """Depth whose stamps are off by so much."""

    def send(station: Station, index: int) -> None:
        stamp_ns = station.camera.find_next_ns()
        station.camera.send(TOUCH, stamp_ns, depth_stamp_ns=stamp_ns + offset_ns)

    return send


def pause(seconds: float) -> Send:
    """A frame, then nothing for so long."""

    def send(station: Station, index: int) -> None:
        station.camera.send(TOUCH)
        station.listener.spin(seconds)

    return send


def stop_camera(station: Station) -> None:
    """Nothing comes for twice the timeout."""
    station.press()
    ups = station.up_count
    station.listener.wait_until(lambda: station.up_count > ups, "the end of the press")
    station.recover()


def run_two_cameras(station: Station) -> None:
    """A second publisher on the same topics, as of a driver that was started twice by mistake."""
    second = ArtificialCamera(station.listener)

    def send(station: Station, index: int) -> None:
        for camera in (station.camera, second):
            camera.send(TOUCH, station.camera.find_next_ns())
            station.camera.last_ns = camera.last_ns

    try:
        StreamFault(TWO_CAMERAS, send, "held", "several_publishers").run(station)
    finally:
        second.close()


BAD_STAMP = "is not valid"
TWO_CAMERAS = "two publishers on the camera's topics"
FAULTS = (
    StreamFault("every image comes twice", send_twice, "held", "stamps_stand", is_fast=True),
    StreamFault("each pair of images comes swapped", swap_pairs, "held", "stamps_stand", is_fast=True),
    StreamFault("the stamps are zero", send_zero, "ends", "stamps_stand"),
    StreamFault("the stamps stand still", stand_still, "ends", "stamps_stand", is_fast=True),
    StreamFault("the stamps run backwards, frame by frame", run_backwards, "ends", "stamps_stand"),
    StreamFault("the stamps are an hour late", jump(-HOUR_NS), "ends"),
    StreamFault("the stamps are 10 years ahead", jump(10 * YEAR_NS), "ends", is_fast=True),
    StreamFault("the stamps are 50 years late", jump(-50 * YEAR_NS), "ends"),
    StreamFault("the stamps jump about by years", jump_about, "any"),
    StreamFault("the stamps are negative", damage(image={"header.stamp.sec": -5}), "ends", warning=BAD_STAMP),
    StreamFault(
        "the stamps hold too many nanoseconds",
        damage(image={"header.stamp.nanosec": 2 * 10**9}),
        "ends",
        warning=BAD_STAMP,
    ),
    StreamFault("5 frames a second", damage(), "held", "slow_frames", period_s=0.2),
    StreamFault("60 frames a second", damage(), "held", period_s=1 / 60),
    StreamFault("300 frames a second", damage(), "held", period_s=1 / 300),
    StreamFault("every third frame is lost", lose_every_third, "held", is_fast=True),
    StreamFault("pauses of a third of the timeout", pause(CAMERA_TIMEOUT_S / 3), "held"),
    StreamFault("no images, camera_info and depth go on", lambda s, i: s.camera.send(TOUCH, image=None), "ends"),
    StreamFault("no camera_info any more", lambda s, i: s.camera.send(TOUCH, info=None), "held", is_fast=True),
    StreamFault("camera_info at 3 Hz", send_rarely_info, "held"),
    StreamFault(
        "colour without depth",
        lambda s, i: s.camera.send(TOUCH, depth=None),
        "held",
        "no_depth",
        is_fast=True,
    ),
    StreamFault("depth at half the rate", send_rarely_depth, "held"),
    StreamFault("depth 20 ms late", shift_depth(20_000_000), "held"),
    StreamFault("depth whose stamps never match", shift_depth(10 * SECOND_NS), "any", "no_depth", is_prompt=True),
    StreamFault("depth with stamps of zero", damage(depth={"header.stamp.sec": 0}), "any", "no_depth", is_prompt=True),
    StreamFault("depth with invalid stamps", damage(depth={"header.stamp.sec": -1}), "held", warning=BAD_STAMP),
)


def make_rows() -> list[StationRow]:
    """The table."""
    return [
        *(fault.make_row("stamps") for fault in FAULTS),
        StationRow(
            "stamps",
            TWO_CAMERAS,
            "the key stays held; diagnostics name 'several_publishers'; then keys are read as before",
            run=run_two_cameras,
        ),
        StationRow(
            "stamps",
            "the camera stops and comes back",
            "the key is cancelled once; then keys are read as before",
            run=stop_camera,
            is_fast=True,
        ),
    ]
