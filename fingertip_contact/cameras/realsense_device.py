"""Finding a RealSense camera by pyrealsense2, and starting its streams."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from typing import Any

from fingertip_contact.cameras.realsense_modes import FoundStream, describe_device, read_info, read_mode

# Images that wait for a busy reader: four of each stream.
QUEUE_SIZE = 16


def import_pyrealsense2() -> Any:
    """The module. Raises ModuleNotFoundError without it, ValueError if it does not load."""
    try:
        import pyrealsense2
    except ModuleNotFoundError as error:
        if error.name != "pyrealsense2":
            raise
        raise ModuleNotFoundError(
            "pyrealsense2 is not installed: pip install 'fingertip_contact[realsense]'", name=error.name
        ) from error
    except ImportError as error:
        raise ValueError(f"pyrealsense2 does not load ({error}); apt install libusb-1.0-0") from error
    return pyrealsense2


def list_devices(rs: Any) -> list[Any]:
    """The cameras that are connected now. rs: the module pyrealsense2."""
    return list(_make_context(rs).query_devices())


@cache
def _make_context(rs: Any) -> Any:
    """One for the process: it watches the USB."""
    return rs.context()


def find_device(rs: Any, serial_number: str = "") -> Any:
    """The camera with this serial number; empty: the first one. Raises OSError if it is not connected."""
    found = {read_info(rs, device, "serial_number"): device for device in list_devices(rs)}
    if not found:
        raise OSError(
            "no RealSense camera is connected; plug it into a USB 3 port, and install librealsense's udev rules if "
            "`lsusb` shows it"
        )
    if not serial_number:
        return next(iter(found.values()))
    if serial_number not in found:
        raise OSError(f"no RealSense camera has the serial number {serial_number}; connected: {', '.join(found)}")
    return found[serial_number]


@contextmanager
def start_streams(rs: Any, device: Any, streams: Collection[FoundStream]) -> Iterator[Any]:
    """The queue to which the streams' images go until the end. Raises OSError if they do not start."""
    queue = rs.frame_queue(QUEUE_SIZE)
    modes = ", ".join(str(read_mode(stream.profile)) for stream in streams)
    with ExitStack() as stack:
        try:
            for sensor in {id(stream.sensor): stream.sensor for stream in streams}.values():
                if sensor.supports(rs.option.global_time_enabled):
                    sensor.set_option(rs.option.global_time_enabled, 1)
                sensor.open([stream.profile for stream in streams if stream.sensor is sensor])
                stack.callback(_end, sensor.close)
                sensor.start(queue)
                stack.callback(_end, sensor.stop)
        except RuntimeError as error:
            raise OSError(
                f"{describe_device(rs, device)} does not start {modes}: {error}; close other programs that use it, and "
                "give all of its streams one size and rate"
            ) from error
        yield queue


def _end(action: Callable[[], None]) -> None:
    # A camera that was pulled out cannot be stopped.
    with suppress(RuntimeError):
        action()
