"""Keys that are typed under a camera, without ROS: a D405, a webcam, or a recording in its place."""

import sys

from fingertip_contact import build_pipeline, load_layout, open_camera, process_frames

layout = load_layout("qwerty")
with open_camera(sys.argv[1] if len(sys.argv) > 1 else "auto", layout) as camera:
    pipeline = build_pipeline(layout, depth_source=camera.depth_source)
    for _, result in process_frames(camera.frames, pipeline):
        for event in result.key_events:
            if event.contact.type == "press":
                print(f"{event.contact.hand} {event.contact.finger}: {event.key or 'beside the keys'}", flush=True)
