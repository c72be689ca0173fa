"""Typing without images, for tests of its evaluation."""

from __future__ import annotations

import pytest

from fingertip_contact.keyboard.layout import load_layout
from fingertip_research.evaluation.fingertip_noise import load_noise_model
from fingertip_research.evaluation.kinematic_suite import Trial, make_conditions, make_simulated_participant, make_trial


@pytest.fixture(scope="session")
def kinematic_trial() -> Trial:
    """One person types ten characters; with the noise of matched depth."""
    person = make_simulated_participant(1, load_layout("qwerty"), characters=10)
    return make_trial(person, make_conditions(1)[0], load_noise_model())
