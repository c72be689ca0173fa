#!/usr/bin/env bash
# cv2.solvePnP with SOLVEPNP_IPPE returns the identity for a rotation by exactly half a turn.
#
# Behaviour: a camera looks straight down at a sheet whose x axis points right and whose y axis points up: the rotation is
# half a turn about x. From exact corners IPPE reports success with the rotation vector (0, 0, 0), which puts the sheet's
# far side on the near side; SOLVEPNP_ITERATIVE returns (pi, 0, 0) from the same points. The conversion of the matrix to a
# vector scales the matrix's antisymmetric part, which is zero at half a turn. Symmetric corners in whole pixels, such as
# a person clicks, are enough.
# Source: modules/calib3d/src/ippe.cpp (OpenCV 4), PoseSolver::rot2vec().
# Seen (Python 3.11, opencv-python-headless 4.11.0.86): "IPPE: True, 0.000 0.000 0.000, off by 200.0 px" and
# "ITERATIVE: True, 3.142 0.000 0.000, off by 0.0 px" (signs may differ).
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q opencv-python-headless==4.11.0.86 numpy==1.26.4

cat > "$folder/pose.py" <<'PYTHON'
import cv2
import numpy as np

sheet = np.array([[-0.15, 0.1, 0], [0.15, 0.1, 0], [0.15, -0.1, 0], [-0.15, -0.1, 0]])
pixels = np.array([[170.0, 140.0], [470.0, 140.0], [470.0, 340.0], [170.0, 340.0]])
camera = np.array([[400.0, 0, 320], [0, 400.0, 240], [0, 0, 1]])
errors = {}
for name in ("IPPE", "ITERATIVE"):
    solved, rotation, translation = cv2.solvePnP(sheet, pixels, camera, None, flags=getattr(cv2, f"SOLVEPNP_{name}"))
    projected, _ = cv2.projectPoints(sheet, rotation, translation, camera, None)
    errors[name] = float(np.abs(projected.reshape(-1, 2) - pixels).max())
    vector = " ".join(f"{value:.3f}" for value in np.abs(rotation.ravel()))
    print(f"{name}: {solved}, {vector}, off by {errors[name]:.1f} px")
raise SystemExit(0 if errors["IPPE"] > 100 and errors["ITERATIVE"] < 1 else 1)
PYTHON
"$folder/venv/bin/python" "$folder/pose.py"
