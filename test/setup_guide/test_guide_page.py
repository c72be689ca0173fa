"""The companion page shows what the guide sees and says."""

from __future__ import annotations

import json
import urllib.request

import jsonschema
import pytest

pytest.importorskip("aiohttp")

from fingertip_contact.advice import NO_HANDS
from fingertip_contact.datatypes import Frame, FrameResult, KeyEvent
from fingertip_contact.setup_guide.page import open_page
from keyboard_images import CAMERA
from setup_world import IMAGE, POSE, QWERTY, make_desk, make_press, make_surface
from web_world import read_schema


def test_the_page_follows():
    """Steps, text, the key that is down and advice, as the schema describes them."""
    desk = make_desk(skipped=["camera"])
    press = make_press(7_000_000, ("right", "index"))
    frame = Frame(7_000_000, "camera", CAMERA, IMAGE, None)
    result = FrameResult(
        7_000_000, (), (), (press,), (KeyEvent(press, "qwerty", "h", "h"),), "h", make_surface(POSE), POSE, (NO_HANDS,)
    )
    with open_page(QWERTY, 0) as page:
        page.show_steps(desk.guide.reports)
        page.show(frame, result)
        with urllib.request.urlopen(f"{page.address}state.json", timeout=10) as answer:
            state = json.load(answer)
    jsonschema.validate(state, read_schema())
    assert [step["state"] for step in state["steps"]] == ["skipped", "active", *["waiting"] * 5]
    assert state["steps"][1]["instruction"].startswith("lay the printed sheet of layout qwerty")
    assert (state["text"], state["down"][0]["key"]) == ("h", "h")
    assert state["advice"][0]["code"] == NO_HANDS.code
    assert state["nodes"] == [{"name": "setup", "level": "warning", "message": NO_HANDS.message}]
