#!/usr/bin/env bash
# cv2.calibrateCameraExtended with CALIB_FIX_ASPECT_RATIO reports a standard deviation of exactly 0 for fx.
#
# Behaviour: with the ratio of the focal lengths held, fx follows from fy and is as uncertain as it. The standard
# deviations that come back have that of fy only; fx has 0, which reads as "known exactly". Without the flag both are
# positive and about equal. A program that quotes the deviation of fx as the accuracy of a calibration says +-0.
# Source: modules/calib3d/src/calibration.cpp (OpenCV 4): with the flag, fx is masked out of the parameters that are solved
# for, and the deviation of what was not solved for is 0.
# Seen (Python 3.11, opencv-python-headless 4.11.0.86): "free: fx 600.7 +- 1.60, fy 601.0 +- 1.45" and
# "fixed aspect: fx 601.2 +- 0.00, fy 601.2 +- 1.41".
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q opencv-python-headless==4.11.0.86 numpy==1.26.4

cat > "$folder/calibrate.py" <<'PYTHON'
import cv2
import numpy as np

random = np.random.default_rng(1)
camera = np.array([[600.0, 0, 320], [0, 600.0, 240], [0, 0, 1]])
grid = np.stack(np.meshgrid(np.arange(9), np.arange(6), [0.0]), axis=-1).reshape(-1, 3).astype(np.float32) * 0.02
points, pixels = [], []
for _ in range(10):
    turn = random.uniform(-0.6, 0.6, 3)
    place = np.array([-0.08, -0.05, 0.4]) + random.uniform(-0.05, 0.05, 3)
    seen, _ = cv2.projectPoints(grid, turn, place, camera, None)
    points.append(grid)
    pixels.append((seen + random.normal(0, 0.2, seen.shape)).astype(np.float32))
deviations = {}
no_distortion = cv2.CALIB_FIX_K1 | cv2.CALIB_FIX_K2 | cv2.CALIB_FIX_K3 | cv2.CALIB_ZERO_TANGENT_DIST
for name, flags in (("free", 0), ("fixed aspect", cv2.CALIB_FIX_ASPECT_RATIO | cv2.CALIB_USE_INTRINSIC_GUESS)):
    start = np.array([[500.0, 0, 320], [0, 500.0, 240], [0, 0, 1]])
    found = cv2.calibrateCameraExtended(points, pixels, (640, 480), start, None, flags=flags | no_distortion)
    matrix, deviations[name] = found[1], found[5].ravel()[:2]
    fx, fy = deviations[name]
    print(f"{name}: fx {matrix[0, 0]:.1f} +- {fx:.2f}, fy {matrix[1, 1]:.1f} +- {fy:.2f}")
free, fixed = deviations["free"], deviations["fixed aspect"]
raise SystemExit(0 if free.min() > 0.01 and fixed[0] == 0 and fixed[1] > 0.01 else 1)
PYTHON
"$folder/venv/bin/python" "$folder/calibrate.py"
