"""A recording to presses and text, without ROS."""

import argparse

from fingertip_contact import build_pipeline, load_layout, open_recording, process_frames


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bag", help="a rosbag2 folder, or a .mcap, .db3 or .bag file")
    parser.add_argument("--layout", default="qwerty", help="a built-in layout's name, or a file")
    parser.add_argument("--profile", default="default", help="a contact profile's name, or a YAML file")
    arguments = parser.parse_args()

    pipeline = build_pipeline(load_layout(arguments.layout), arguments.profile)
    text = ""
    with open_recording(arguments.bag) as recording:
        for _, result in process_frames(recording.frames(), pipeline):
            for event in result.key_events:
                if event.contact.type == "press":
                    contact = event.contact
                    print(f"{contact.contact_ns / 1e9:.3f} s  {event.key or '-':10} {contact.hand} {contact.finger}")
            text = result.text
        print(f"{recording.frame_count} frames, text: {text!r}")


if __name__ == "__main__":
    main()
