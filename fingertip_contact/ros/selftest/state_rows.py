"""Rows on services, parameters, lifecycle, time and scene of a running form, and on what is published on `hands`."""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable
from typing import Any

import numpy as np
from builtin_interfaces.msg import Time
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import SetParameters
from rosgraph_msgs.msg import Clock
from std_msgs.msg import String
from std_srvs.srv import Trigger
from visualization_msgs.msg import InteractiveMarkerInit

from fingertip_contact.ros import messages, qos
from fingertip_contact.ros.selftest.camera import FRAME_ID, change
from fingertip_contact.ros.selftest.listener import read_values
from fingertip_contact.ros.selftest.rows import StationRow
from fingertip_contact.ros.selftest.station import Station
from fingertip_contact.ros.selftest.stream_faults import StreamFault, damage
from fingertip_contact.selftest.finding import require
from fingertip_contact.selftest.stand_ins import DARK, TOUCH, make_hand

SIM_TIME = {"use_sim_time": True}
NO_POSE = {"sheet_pose": ""}
NOTHING = {"sheet_pose": "", "depth_source": "none"}
CALLS = 20
CYCLES = 3
FRAME_NS = 100_000_000


def call_trigger(station: Station, name: str) -> None:
    response = station.listener.call(Trigger, f"{station.service_prefix}/{name}", Trigger.Request())
    require(response.success, f"{name} failed: {response.message}")


def change_state(station: Station, transition: int) -> bool:
    request = ChangeState.Request(transition=Transition(id=transition))
    return bool(station.listener.call(ChangeState, f"{station.service_prefix}/change_state", request).success)


def set_parameter(station: Station, name: str, value: ParameterValue) -> bool:
    request = SetParameters.Request(parameters=[Parameter(name=name, value=value)])
    (result,) = station.listener.call(SetParameters, f"{station.service_prefix}/set_parameters", request).results
    return bool(result.successful)


def call_while_pressed(name: str, times: int = 1) -> Callable[[Station], None]:
    def run(station: Station) -> None:
        station.press()
        for _ in range(times):
            call_trigger(station, name)
        station.recover()

    return run


def clear_text(station: Station) -> None:
    station.press()
    call_trigger(station, "clear_text")
    station.listener.wait_until(lambda: station.text == "", "the empty text")
    station.recover()


def deactivate(station: Station) -> None:
    station.press()
    ups = station.up_count
    for _ in range(CYCLES):
        require(change_state(station, Transition.TRANSITION_DEACTIVATE), "it cannot be deactivated")
        station.listener.wait_until(lambda: station.up_count > ups, "the end of the press")
        require(change_state(station, Transition.TRANSITION_ACTIVATE), "it cannot be activated again")
    station.recover()


def clean_up(station: Station) -> None:
    station.press()
    ups = station.up_count
    for _ in range(CYCLES):
        for transition in (
            Transition.TRANSITION_DEACTIVATE,
            Transition.TRANSITION_CLEANUP,
            Transition.TRANSITION_CONFIGURE,
            Transition.TRANSITION_ACTIVATE,
        ):
            require(change_state(station, transition), f"transition {transition} fails")
    station.listener.wait_until(lambda: station.up_count > ups, "the end of the press")
    station.recover()


def refuse_transition(station: Station) -> None:
    station.press()
    for transition in (Transition.TRANSITION_ACTIVATE, Transition.TRANSITION_CONFIGURE, 99):
        require(not change_state(station, transition), f"transition {transition} was accepted")
    station.recover()


def change_at_work(station: Station) -> None:
    station.press()
    ups = station.up_count
    value = ParameterValue(type=ParameterType.PARAMETER_STRING, string_value="klingon")
    require(not set_parameter(station, "layout", value), "a layout that is not there was accepted")
    for timeout_s in (0.4, 0.6, 0.5):
        value = ParameterValue(type=ParameterType.PARAMETER_DOUBLE, double_value=timeout_s)
        require(set_parameter(station, "camera_timeout_s", value), "it was refused")
    station.listener.wait_until(lambda: station.up_count > ups, "the end of the press")
    station.recover()


def refuse_values(station: Station) -> None:
    """While it is unconfigured, so that only the value can be the reason."""
    for transition in (Transition.TRANSITION_DEACTIVATE, Transition.TRANSITION_CLEANUP):
        require(change_state(station, transition), "it cannot be cleaned up")
    for name, value in (
        ("depth_source", ParameterValue(type=ParameterType.PARAMETER_STRING, string_value="guess")),
        ("depth_source", ParameterValue(type=ParameterType.PARAMETER_INTEGER, integer_value=3)),
        ("camera_timeout_s", ParameterValue(type=ParameterType.PARAMETER_DOUBLE, double_value=math.nan)),
        ("camera_timeout_s", ParameterValue(type=ParameterType.PARAMETER_DOUBLE, double_value=-1.0)),
    ):
        require(not set_parameter(station, name, value), f"{name} accepts what it must not")
    for transition in (Transition.TRANSITION_CONFIGURE, Transition.TRANSITION_ACTIVATE):
        require(change_state(station, transition), "it cannot be configured again")
    station.recover()


def configure_wrongly(station: Station) -> None:
    """A layout that does not exist fails the transition; with the right one it works again."""
    for transition in (Transition.TRANSITION_DEACTIVATE, Transition.TRANSITION_CLEANUP):
        require(change_state(station, transition), "it cannot be cleaned up")
    for layout, is_right in (("klingon", False), ("qwerty", True)):
        value = ParameterValue(type=ParameterType.PARAMETER_STRING, string_value=layout)
        require(set_parameter(station, "layout", value), "the layout cannot be set")
        success = change_state(station, Transition.TRANSITION_CONFIGURE)
        require(success == is_right, f"configuring with the layout {layout}: {success}")
    require(change_state(station, Transition.TRANSITION_ACTIVATE), "it cannot be activated")
    station.recover()


def join_late(station: Station) -> None:
    station.press()
    lists = station.listener.listen(InteractiveMarkerInit, "open_presses", qos.LATCHED)
    texts = station.listener.listen(String, "typed_text", qos.LATCHED)
    station.send_until(lambda: bool(lists and texts), "the latched messages")
    require(len(lists[-1].markers) == 1, "the press that is down is not in the latched list")
    require(texts[-1].data == station.text, "the latched text is another one")
    station.recover()


def send_clock(*seconds: int) -> Callable[[Station], None]:
    """/clock at these times, while a key is held."""

    def run(station: Station) -> None:
        clock = station.listener.create_publisher(Clock, "/clock", qos.CLOCK)
        try:
            station.listener.wait_until(
                lambda: clock.get_subscription_count() >= len(station.nodes), "the clocks of the nodes"
            )
            station.press()
            for second in seconds:
                clock.publish(Clock(clock=Time(sec=second)))
                station.send_for(0.1)
        finally:
            station.listener.destroy_publisher(clock)
        station.recover()

    return run


def wait_for_advice(code: str, step_ns: int) -> Callable[[Station], None]:
    """Dark images without a sheet, with stamps that advance by so much."""

    def run(station: Station) -> None:
        first = len(station.listener.diagnostics) + 1
        start_ns = station.camera.find_next_ns()

        def is_told() -> bool:
            statuses = station.listener.statuses(first)
            return any(code in read_values(status).get("advice", "") for status in statuses)

        station.send_until(is_told, f"the advice {code}", lambda i: station.camera.send(DARK, start_ns + i * step_ns))

    return run


def send_hands(**fields: Any) -> Callable[[Station, int], None]:
    """Before each frame a message of its stamp on `hands`, with these fields replaced."""

    def send(station: Station, index: int) -> None:
        stamp_ns = station.camera.find_next_ns()
        message = messages.make_hands(messages.make_header(stamp_ns, FRAME_ID), [make_hand(is_touching=True)])
        station.hands.publish(change(message, fields))
        station.camera.send(TOUCH, stamp_ns)

    return send


def fill_hands(column: str, value: float) -> array[int]:
    """The data of a `hands` message with one column replaced."""
    header = messages.make_header(0, FRAME_ID)
    data = np.frombuffer(messages.make_hands(header, [make_hand(is_touching=True)]).data, messages.HANDS_DTYPE).copy()
    data[column] = value
    return array("B", data.tobytes())


HANDS: dict[str, dict[str, Any]] = {
    "hands of NaN": {"data": fill_hands("u", math.nan)},
    "hands at infinity": {"data": fill_hands("v", math.inf)},
    "hands far outside of the image": {"data": fill_hands("u", 1e30)},
    "hands with a score of NaN": {"data": fill_hands("score", math.nan)},
    "hands of a third side": {"data": fill_hands("hand", 7)},
    "hands of one landmark, 21 times": {"data": fill_hands("landmark", 3)},
    "hands that are cut": {"data": array("B", bytes(10))},
    "hands without data": {"data": array("B")},
    "hands without fields": {"fields": []},
    "hands with points of no size": {"point_step": 0},
    "hands of four billion points": {"width": 2**32 - 1},
    "hands of no width": {"width": 0},
    "big-endian hands": {"is_bigendian": True},
    "hands with invalid stamps": {"header.stamp.nanosec": 2**32 - 1},
}

READ_AGAIN = "then keys are read as before"
STATION_ROWS: tuple[tuple[str, str, str, Callable[[Station], None], dict[str, Any]], ...] = (
    ("services", "clear_text with a key held", "the text is empty; the key is let go once", clear_text, {}),
    ("services", "calibrate_surface with a key held", "it answers", call_while_pressed("calibrate_surface"), {}),
    ("services", "calibrate_fingers with a key held", "it answers", call_while_pressed("calibrate_fingers"), {}),
    ("services", f"calibrate_surface {CALLS} times", "it answers", call_while_pressed("calibrate_surface", CALLS), {}),
    ("services", f"calibrate_fingers {CALLS} times", "it answers", call_while_pressed("calibrate_fingers", CALLS), {}),
    ("services", "a subscriber that comes late", "it gets the text and the press that is down", join_late, {}),
    ("lifecycle", "deactivated with a key held, thrice", "the key is cancelled once", deactivate, {}),
    ("lifecycle", "cleaned up with a key held, thrice", "the key is cancelled once", clean_up, {}),
    ("lifecycle", "transitions that are not possible", "they are refused", refuse_transition, {}),
    ("lifecycle", "a parameter changed with a key held, thrice", "the key is cancelled once", change_at_work, {}),
    ("lifecycle", "parameters with wrong values", "they are refused", refuse_values, {}),
    ("lifecycle", "configured with a layout that is not there", "the transition fails", configure_wrongly, {}),
    ("time", "/clock before zero", "it is ignored", send_clock(-1, 5), SIM_TIME),
    ("time", "/clock that stands", "nothing else depends on it", send_clock(5, 5, 5, 5), SIM_TIME),
    ("time", "/clock that runs backwards", "nothing else depends on it", send_clock(100, 50, 20, 10), SIM_TIME),
    ("time", "/clock that jumps by decades", "nothing else depends on it", send_clock(10, 2**31 - 1, 20), SIM_TIME),
    ("scene", "no sheet and no depth", "advice no_surface", wait_for_advice("no_surface", FRAME_NS), NOTHING),
    ("scene", "no sheet", "advice no_sheet", wait_for_advice("no_sheet", FRAME_NS), NO_POSE),
    ("scene", "no hands", "advice no_hands", wait_for_advice("no_hands", 4 * FRAME_NS), NO_POSE),
    ("scene", "10 frames a second", "advice slow_frames", wait_for_advice("slow_frames", FRAME_NS), NO_POSE),
)
FAST = ("deactivated with a key held, thrice", "calibrate_fingers with a key held", "a subscriber that comes late")


def make_rows() -> list[StationRow]:
    """The table."""
    no_clock = StreamFault("simulated time without /clock", damage(), "held", "no_clock", parameters=SIM_TIME)
    hands = [
        StreamFault(name, partial_send, "any", forms=("processes",), is_fast=name == "hands of NaN")
        for name, partial_send in ((name, send_hands(**fields)) for name, fields in HANDS.items())
    ]
    rows = [
        StationRow(
            kind,
            name,
            f"{expects}; {READ_AGAIN}" if kind != "scene" else expects,
            run=run,
            parameters=parameters,
            is_fast=name in FAST,
        )
        for kind, name, expects, run, parameters in STATION_ROWS
    ]
    return [*(fault.make_row("hands") for fault in hands), no_clock.make_row("time"), *rows]
