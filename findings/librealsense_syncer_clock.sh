#!/usr/bin/env bash
# librealsense's syncer pairs the streams of a software device only if its clock began with the first frame.
#
# Behaviour: two streams of one sensor get frames of equal stamps and numbers at 30 Hz. With stamps that begin at zero the
# syncer gives pairs. With stamps that begin five seconds later, as a camera's that has run for a while, it gives every
# frame alone. A program that reads framesets then has colour without depth, for ever and without an error.
# Source: rs2_software_device of librealsense 2.59.1; framesets are documented as the matching frames of a device
# (rs2::syncer). That a frame rate is taken from stamp and frame number is our reading of what is seen.
# Seen (Python 3.11, pyrealsense2 2.59.1.11053): "from 0 ms: 2 2 2 2 2 2", "from 5000 ms: 1 1 1 1 1 1".
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q pyrealsense2==2.59.1.11053 numpy

cat > "$folder/pair.py" <<'PYTHON'
import numpy as np
import pyrealsense2 as rs

WIDTH, HEIGHT, RATE_HZ = 64, 48, 30


def pair(first_ms):
    device = rs.software_device()
    sensor = device.add_sensor("stereo")
    profiles = []
    for uid, (kind, pixel_format, pixel_bytes) in enumerate(
        ((rs.stream.depth, rs.format.z16, 2), (rs.stream.color, rs.format.bgr8, 3)), 1
    ):
        stream, intrinsics = rs.video_stream(), rs.intrinsics()
        intrinsics.width, intrinsics.height, intrinsics.fx, intrinsics.fy = WIDTH, HEIGHT, 60.0, 60.0
        stream.type, stream.index, stream.uid, stream.fps, stream.fmt = kind, 0, uid, RATE_HZ, pixel_format
        stream.width, stream.height, stream.bpp, stream.intrinsics = WIDTH, HEIGHT, pixel_bytes, intrinsics
        profiles.append((sensor.add_video_stream(stream).as_video_stream_profile(), pixel_bytes))
    device.create_matcher(rs.matchers.default)
    syncer = rs.syncer(50)
    sensor.open([profile for profile, _ in profiles])
    sensor.start(syncer)
    sizes = []
    for number in range(1, 16):
        for profile, pixel_bytes in profiles:
            frame = rs.software_video_frame()
            frame.pixels = np.zeros((HEIGHT, WIDTH * pixel_bytes), np.uint8)
            frame.bpp, frame.stride = pixel_bytes, WIDTH * pixel_bytes
            frame.timestamp, frame.frame_number = first_ms + number * 1000 / RATE_HZ, number
            frame.domain, frame.profile = rs.timestamp_domain.hardware_clock, profile
            sensor.on_video_frame(frame)
        while True:
            has_frames, frames = syncer.try_wait_for_frames(20)
            if not has_frames:
                break
            sizes.append(frames.size())
    sensor.stop()
    sensor.close()
    print(f"from {first_ms} ms:", *sizes[-6:])
    return set(sizes[-6:])


raise SystemExit(0 if pair(0) == {2} and pair(5000) == {1} else 1)
PYTHON
"$folder/venv/bin/python" "$folder/pair.py"
