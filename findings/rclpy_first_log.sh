#!/usr/bin/env bash
# rclpy 9.1.2 (ROS 2 Kilted): the first log call of a process holds the interpreter for tens of milliseconds.
#
# Behaviour: every call of a logger looks for the file of its caller with inspect.getframeinfo, whose first call resolves
# the path of every imported module: the more a node has imported, the longer, and no other thread of Python runs
# meanwhile. Later calls take less than a millisecond. A node that logs its first warning while it processes images
# loses one or two at 60 Hz. inspect.getframeinfo(sys._getframe()) at the start takes that time beforehand.
# Source: _find_caller in rclpy/impl/rcutils_logger.py; getmodule in Python's inspect.
# Seen (Python 3.11, x86_64): "first 32.1 ms, then 0.2 ms; prepared: first 0.5 ms".
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q ros-rclpy==9.1.2 ros-rmw-fastrtps-cpp==9.3.3 numpy==2.4.6 scipy==1.17.1

cat > "$folder/log.py" <<'PYTHON'
import inspect
import statistics
import sys
import time

import rclpy.logging
import scipy.optimize
import scipy.signal

if sys.argv[1] == "prepared":
    inspect.getframeinfo(sys._getframe())
logger = rclpy.logging.get_logger("finding")
times_ms = []
for index in range(20):
    started_s = time.perf_counter()
    logger.warning(f"message {index}")
    times_ms.append(1e3 * (time.perf_counter() - started_s))
print(times_ms[0], statistics.median(times_ms[1:]))
PYTHON

read -r first later <<< "$("$folder/venv/bin/python" "$folder/log.py" plain 2> /dev/null)"
read -r prepared _ <<< "$("$folder/venv/bin/python" "$folder/log.py" prepared 2> /dev/null)"
printf 'first %.1f ms, then %.1f ms; prepared: first %.1f ms\n' "$first" "$later" "$prepared"
"$folder/venv/bin/python" -c "import sys; f, l, p = map(float, sys.argv[1:]); sys.exit(not f > 5 * max(l, p))" "$first" "$later" "$prepared"
