"""Stand-ins for the third generator's skins, which scikit-image meshes: dots around the joints."""

from __future__ import annotations

import numpy as np


def mesh_dots(field: object) -> tuple[np.ndarray, np.ndarray]:
    """In place of `third_generator.flesh._mesh`: 60 dots on a sphere around each joint of the fingers."""
    joints_m, radii_m = field.joints_m.reshape(-1, 3), field.radii_m.reshape(-1)  # type: ignore[attr-defined]
    random = np.random.default_rng(1)
    directions = random.standard_normal((60, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    dots_m = joints_m[:, None] + radii_m[:, None, None] * directions
    return dots_m.reshape(-1, 3), np.array([[0, 1, 2]], dtype=np.int32)
