"""The third generator's hands and typists, with stand-ins for the meshed skins."""

from __future__ import annotations

import numpy as np
import pytest

from fingertip_contact.datatypes import HANDS
from fingertip_contact.keyboard.layout import load_layout
from third_generator import flesh
from third_generator.idle_plan import plan_idleness
from third_generator.motion import Steps
from third_generator.performance import Performance, perform
from third_generator.person import Person, sample_person
from third_generator.skeleton import MAX_ANGLES_RAD, MIN_ANGLES_RAD, make_skeleton, pose_bones
from third_generator.typing_plan import draw_dwell_s, plan_typing
from third_generator_recordings import SCENES
from third_generator_world import mesh_dots

LAYOUT = load_layout("qwerty")
TEXT = "hear it"


@pytest.fixture(scope="module")
def person() -> Person:
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(flesh, "_mesh", mesh_dots)
        return sample_person(1, LAYOUT, "curled")


@pytest.fixture(scope="module")
def typing(person: Person) -> Performance:
    random = np.random.default_rng(3)
    return perform(plan_typing(person, LAYOUT, TEXT, random), person, random)


def test_every_stroke_is_one_contact_within_its_key(typing: Performance) -> None:
    """In the text's order; nothing else touches; it begins and ends within 10 ms of the plan."""
    assert "".join(contact.stroke.text for contact in typing.contacts) == TEXT
    for contact in typing.contacts:
        assert LAYOUT.key_at(*contact.place_m) == LAYOUT.by_name[contact.stroke.key]
        assert contact.press_s == pytest.approx(contact.stroke.press_s, abs=0.010)
        assert contact.release_s == pytest.approx(contact.stroke.release_s, abs=0.010)


def test_the_desk_dents_a_pad_by_a_millimetre_at_most(typing: Performance) -> None:
    """Contact is where a pad is at the desk, and nowhere is it deeper."""
    lowest_m = min(pads_m[:, :, 2].min() for pads_m in typing.pads_m.values())
    assert -0.001 < lowest_m < 0


def test_contact_of_each_time_is_that_of_the_pads(typing: Performance) -> None:
    """Within each contact the pad's height is at most 0; at mid-air times it is above."""
    for hand in HANDS:
        touched = typing.pads_m[hand][:, :, 2] <= 0
        for finger in range(5):
            spans = [c for c in typing.contacts if (c.hand, c.finger) == (hand, finger)]
            inside = np.zeros(len(typing.times_s), bool)
            for contact in spans:
                inside |= (typing.times_s >= contact.press_s - 1e-9) & (typing.times_s < contact.release_s - 1e-9)
            np.testing.assert_array_equal(touched[:, finger], inside)


def test_dwells_are_those_of_measured_taps() -> None:
    """Percentiles 5, 50 and 95: 36, 77 and 220 ms."""
    random = np.random.default_rng(0)
    dwells_s = [draw_dwell_s(random) for _ in range(4000)]
    np.testing.assert_allclose(np.percentile(dwells_s, [5, 50, 95]), [0.036, 0.077, 0.220], rtol=0.08)


def test_a_text_without_keys_is_refused(person: Person) -> None:
    """The error names the character."""
    with pytest.raises(ValueError, match="'é'"):
        plan_typing(person, LAYOUT, "é", np.random.default_rng(0))


def test_idle_hands_rest_but_do_not_type(person: Person) -> None:
    """All contacts are rests, there are some, and at the end the hands are where they came from."""
    random = np.random.default_rng(8)
    idle = perform(plan_idleness(person, 20.0, random), person, random)
    assert idle.contacts
    assert not any(contact.stroke.key for contact in idle.contacts)
    for hand in HANDS:
        assert np.linalg.norm(idle.wrists[hand][-1, :3] - idle.wrists[hand][0, :3]) < 0.02


def test_bones_keep_their_lengths() -> None:
    """In any posture within the limits."""
    skeleton = make_skeleton(1.1, 1.0, np.ones((5, 3)))
    angles_rad = np.random.default_rng(2).uniform(MIN_ANGLES_RAD, MAX_ANGLES_RAD, (20, 5, 4))
    starts_m = pose_bones(skeleton, angles_rad)[:, :, :3, 3].reshape(20, 5, 3, 3)
    lengths_m = np.linalg.norm(np.diff(starts_m, axis=2), axis=-1)
    np.testing.assert_allclose(lengths_m, np.tile(skeleton.lengths_m[:, :2], (20, 1, 1)), atol=1e-9)


def test_a_flexion_goes_to_the_palm() -> None:
    """A bent index ends lower and nearer to the wrist than a stretched one."""
    skeleton = make_skeleton(1.0, 1.0, np.ones((5, 3)))
    angles_rad = np.zeros((2, 5, 4))
    angles_rad[1, 1, 1:3] = 0.6
    last_m = pose_bones(skeleton, angles_rad)[:, 5, :3, 3]
    assert last_m[1, 2] < last_m[0, 2] - 0.02
    assert last_m[1, 1] < last_m[0, 1]


def test_steps_add_up() -> None:
    """A step has its share of the way at its middle, all of it at its end, and a pulse leaves nothing."""
    steps = Steps(np.zeros(1))
    steps.move_to(np.array([2.0]), 1.0, 1.0)
    steps.pulse(np.array([5.0]), 3.0, 0.5, 4.0, 0.5)
    np.testing.assert_allclose(steps.sample(np.array([0.5, 1.5, 2.5, 3.7, 5.0]))[:, 0], [0, 1, 2, 7, 2], atol=1e-9)


def test_no_scene_of_the_test_set_is_in_the_other() -> None:
    """Neither seeds nor texts are shared."""
    for field in ("seed", "text"):
        kept = {getattr(scene, field) for scene in SCENES["third_development"]}
        assert kept & {getattr(scene, field) for scene in SCENES["third_test"]} <= {""}
