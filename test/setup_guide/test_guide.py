"""The guide leads from nothing to a text: one step at a time, each with what to do and what was found."""

from __future__ import annotations

import pytest

from fingertip_contact.advice import MARKERS_COVERED, NO_SHEET
from fingertip_contact.setup_guide.step import StepReport
from fingertip_contact.setup_guide.steps import STEP_NAMES
from setup_world import ALL_FINGERS, make_desk

NAMES = list(STEP_NAMES)


def list_states(desk) -> dict[str, str]:
    return {report.name: report.state for report in desk.guide.reports}


def test_all_steps_in_a_row():
    """Each is active after the one before it is done; the profile is saved once, at the end."""
    saved: list[str] = []
    desk = make_desk(saved=saved)
    order: list[str] = []
    for _ in range(90):
        if not order or order[-1] != desk.guide.active.name:
            order.append(desk.guide.active.name)
        desk.show()
    assert order == NAMES[:5]
    assert tuple(list_states(desk)) == STEP_NAMES
    for finger in ALL_FINGERS:
        assert desk.guide.active.name == "fingers"
        desk.show(0.2, presses=[finger])
    assert desk.guide.active.name == "typing"
    desk.type("hello")
    desk.show(0.1)
    assert saved == ["desk"]
    assert desk.guide.is_over
    assert not desk.guide.has_failed
    assert list_states(desk) == dict.fromkeys(NAMES, "done")
    assert desk.find("profile").text == "saved as desk.yaml"


def test_a_step_that_others_need_ends_the_guide():
    """Without a sheet there are no keys: nothing is saved, and the steps after it say why they were not tried."""
    saved: list[str] = []
    desk = make_desk(timeout_s=2.0, saved=saved)
    desk.pose, desk.advice = None, (NO_SHEET,)
    desk.show(5)
    assert desk.guide.is_over
    assert desk.find("sheet").text == f"not within 2 s: {NO_SHEET.text}"
    assert desk.find("sheet").remedy == NO_SHEET.remedy
    assert list_states(desk) == {"camera": "done", "sheet": "failed", **dict.fromkeys(NAMES[2:], "skipped")}
    assert "needs" in desk.find("typing").text
    assert saved == []


def test_a_step_that_others_do_not_need_is_left():
    """Fingers that were not read are named, and typing is tried all the same; the result is a failure."""
    desk = make_desk(timeout_s=4.0)
    desk.show(3)
    desk.show(4.5, presses=ALL_FINGERS[1:])
    assert desk.find("fingers").state == "failed"
    assert "left thumb" in desk.find("fingers").text
    assert "--skip fingers" in desk.find("fingers").remedy
    assert desk.guide.active.name == "typing"
    desk.type("hello")
    desk.show(0.1)
    assert desk.find("profile").state == "done"
    assert desk.guide.has_failed


def test_time_is_that_of_the_frames():
    """A step's limit counts from its own beginning; a clock that steps back begins it anew."""
    desk = make_desk(skipped=["camera", "sheet", "placement", "surface"], timeout_s=2.0)
    desk.show(1.5)
    desk.index = 0
    desk.show(1.5)
    assert desk.guide.active.name == "fingers"
    desk.show(1.0)
    assert desk.find("fingers").state == "failed"


def test_steps_are_left_out_by_name():
    """They are told as skipped; a name that there is not is refused with the nearest one."""
    desk = make_desk(skipped=NAMES[:-1])
    assert desk.find("typing").state == "skipped"
    assert desk.guide.active == StepReport("profile", desk.find("profile").instruction, "active")
    with pytest.raises(ValueError, match="no step 'finger' to skip; did you mean 'fingers'"):
        make_desk(skipped=["finger"])


def test_no_more_images():
    """What was typed until then counts; a step that saw nothing has failed, with a remedy."""
    desk = make_desk()
    desk.show(3)
    desk.show(0.2, presses=ALL_FINGERS)
    desk.type("hell")
    desk.guide.end()
    assert desk.find("typing").state == "done"
    assert "read 'hell'" in desk.find("typing").text
    blank = make_desk()
    blank.guide.end()
    assert blank.find("camera").state == "failed"
    assert blank.find("camera").remedy


def test_advice_is_told_while_a_step_waits():
    """And forgotten once its cause is gone."""
    desk = make_desk(skipped=["camera", "sheet", "placement", "surface", "fingers"])
    desk.advice = (MARKERS_COVERED,)
    desk.show()
    assert desk.guide.active.text == MARKERS_COVERED.text
    desk.advice = ()
    desk.show()
    assert desk.guide.active.text == ""


def test_a_slow_typist_is_scored():
    """What was typed within the limit counts."""
    desk = make_desk(skipped=NAMES[:5], timeout_s=3.0, target="hello world")
    desk.type("hello wor", interval_s=0.35)
    assert desk.find("typing").state == "done"
    assert "read 'hello wor'" in desk.find("typing").text
