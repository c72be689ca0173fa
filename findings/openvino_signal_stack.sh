#!/usr/bin/env bash
# openvino 2026.4.0: of two cores that are released in the order in which they were made, the CPU plugin leaves a stack
# for signals behind whose memory is gone: the next signal that Python handles ends the process with a crash.
#
# Behaviour: loading the CPU plugin sets an alternate signal stack (sigaltstack) for the thread; releasing the core puts
# back what was there before and frees its own. Released in the order of their making, the second puts back the stack of
# the first, which is freed. Python's handlers use the alternate stack (SA_ONSTACK). The same happens where another
# thread releases the only core: it puts back the stack of its own thread.
# Source: the plugin's use of sigaltstack (src/plugins/intel_cpu/src/plugin.cpp); the stack as the kernel tells it.
# Seen (Python 3.11, x86_64): "released in reverse: handled", "released in order: signal 11".
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q openvino==2026.4.0

cat > "$folder/release.py" <<'PYTHON'
import gc
import os
import signal
import sys

import numpy as np
import openvino
from openvino import opset13


def make():
    image = opset13.parameter([1, 3, 8, 8], np.float32)
    core = openvino.Core()
    return core, core.compile_model(openvino.Model([opset13.relu(image)], [image]), "CPU")


cores = [make(), make()]
while cores:
    del cores[0 if sys.argv[1] == "order" else -1]
    gc.collect()
signal.signal(signal.SIGINT, lambda *_: print("handled", flush=True))
os.kill(os.getpid(), signal.SIGINT)
PYTHON

try() {
    "$folder/venv/bin/python" - "$folder/release.py" "$1" <<'PYTHON'
import subprocess
import sys

done = subprocess.run([sys.executable, *sys.argv[1:]], capture_output=True, text=True)
print(done.stdout.strip() or f"signal {-done.returncode}")
PYTHON
}

reverse=$(try reverse)
order=$(try order)
echo "released in reverse: $reverse"
echo "released in order: $order"
[ "$reverse" = "handled" ] && [ "$order" = "signal 11" ]
