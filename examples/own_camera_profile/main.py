"""The depth noise of two cameras, by their profiles."""

import numpy as np

from fingertip_contact.cameras.profile import load_camera_profile
from fingertip_contact.numerics import stereo_depth_sigma_m

DISTANCES_M = np.array([0.25, 0.35, 0.45])


def main() -> None:
    print(f"{'standard deviation at':24}", *(f"{distance_m:7.2f} m" for distance_m in DISTANCES_M))
    for name in ("d405", "acme:ACME"):
        camera = load_camera_profile(name)
        sigma_m = stereo_depth_sigma_m(DISTANCES_M, camera.focal_px, camera.baseline_m, camera.disparity_sigma_px)
        print(f"{camera.name:24}", *(f"{1000 * value:6.2f} mm" for value in sigma_m))


if __name__ == "__main__":
    main()
