"""The guess of each finger's contact height, by where it is seen from."""

from __future__ import annotations

import numpy as np
import pytest

from fingertip_contact.contact.adaptation.contact_height import ContactHeights
from fingertip_contact.contact.measurement.columns import FINGER_COUNT


def estimate_prior_m(elevation_deg: float, height_m: float = 0.012) -> np.ndarray:
    """Of ten fingers at this height under a camera of this elevation; two of them are not seen."""
    rim_height_m = np.full(FINGER_COUNT, height_m)
    rim_height_m[3:5] = np.nan
    heights = ContactHeights(0.007)
    heights.set_view_elevation(rim_height_m, rim_height_m / np.sin(np.radians(elevation_deg)))
    return heights.estimate_contact_heights_m()


def test_height_prior_grows_with_camera_elevation() -> None:
    """From 60 to 75 degrees every finger's guess rises by 1.8 mm, thumbs too; beyond it stays."""
    assert estimate_prior_m(75.0) - estimate_prior_m(60.0) == pytest.approx(np.full(FINGER_COUNT, 0.0018))
    assert estimate_prior_m(60.0)[1] == pytest.approx(0.007)
    assert estimate_prior_m(90.0) == pytest.approx(estimate_prior_m(75.0))


@pytest.mark.parametrize("height_m", [np.nan, 0.0])
def test_height_prior_is_unchanged_without_observations(height_m: float) -> None:
    """Without a finger that stands clear of the desk the guess stays."""
    assert estimate_prior_m(75.0, height_m) == pytest.approx(ContactHeights(0.007).estimate_contact_heights_m())
