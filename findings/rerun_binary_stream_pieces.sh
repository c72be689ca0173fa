#!/usr/bin/env bash
# rerun-sdk 0.41.0: a recording read from its BinaryStream in pieces is a file that `rerun rrd verify` refuses.
#
# Behaviour: RecordingStream.binary_stream() gives what was logged as bytes of an .rrd file. Read once, at the end, the
# bytes are a valid file. Read several times, the pieces joined, as the growing of its buffer suggests, they are not:
# each piece closes the file with a manifest of its own.
# Source: rerun_py/rerun_sdk/rerun/recording_stream.py, class BinaryStream.
# Seen (Python 3.11): "one piece: 0", "three pieces: 1", "More than one RRD manifest".
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q rerun-sdk==0.41.0

cat > "$folder/write.py" <<'PYTHON'
import sys

import rerun

path, pieces = sys.argv[1], int(sys.argv[2])
recording = rerun.RecordingStream("pieces")
stream = recording.binary_stream()
with open(path, "wb") as file:
    for piece in range(pieces):
        for step in range(10):
            recording.set_time("step", sequence=10 * piece + step)
            recording.log("value", rerun.Scalars(float(step)))
        file.write(stream.read())
PYTHON

for pieces in 1 3; do
    "$folder/venv/bin/python" "$folder/write.py" "$folder/$pieces.rrd" "$pieces"
    code=0
    "$folder/venv/bin/rerun" rrd verify "$folder/$pieces.rrd" > "$folder/$pieces.log" 2>&1 || code=$?
    echo "$pieces: $code" | sed 's/^1:/one piece:/; s/^3:/three pieces:/'
    echo "$code" > "$folder/$pieces.code"
done
grep -o "More than one RRD manifest" "$folder/3.log" | head -1
[ "$(cat "$folder/1.code")" = 0 ] && [ "$(cat "$folder/3.code")" = 1 ]
