"""Rules of layout files."""

from __future__ import annotations

import copy
import json

import numpy as np
import pytest
import yaml

from fingertip_contact.keyboard.layout import load_layout
from fingertip_contact.keyboard.sheet import draw_sheet

GOOD = {
    "units": "mm",
    "sheet": {"width": 200, "height": 100},
    "keys": [
        {"name": "a", "char": "a", "center": [-20, 0], "size": [18, 18]},
        {"name": "space", "center": [10, 0], "size": [30, 18]},
    ],
    "markers": {
        "dictionary": "DICT_4X4_50",
        "side": 20,
        "corner_order": "top left, top right, bottom right, bottom left as the typist reads the page",
        "corners": {"3": [[-90, 40], [-70, 40], [-70, 20], [-90, 20]]},
    },
    "fingers": {"a": ["left", "little"]},
    "something": "of later versions",
}


def changed(path, value):
    """GOOD with one place set, or removed where value is None."""
    data = copy.deepcopy(GOOD)
    *parents, last = path
    place = data
    for name in parents:
        place = place[name]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return data


def written(folder, data):
    path = folder / "sheet.yaml"
    path.write_text(yaml.safe_dump(data))
    return path


def test_millimetres_become_metres(tmp_path):
    """A file reads the same as YAML and as JSON; lengths become metres, and unknown fields are left aside."""
    as_json = tmp_path / "sheet.json"
    as_json.write_text(json.dumps(GOOD))
    for path in (written(tmp_path, GOOD), as_json):
        layout = load_layout(path)
        assert layout.sheet_size_m == (0.2, 0.1)
        assert layout.by_name["a"].center_m == pytest.approx((-0.02, 0.0))
        assert layout.by_name["space"].text == " "
        assert layout.fingers == {"a": ("left", "little")}
        np.testing.assert_allclose(layout.markers[0].corners_m[1], (-0.07, 0.04))


def test_another_corner_order_is_followed(tmp_path):
    """Corners that start at the bottom left come out as top left, top right, bottom right, bottom left."""
    data = changed(("markers", "corner_order"), "bottom left, top left, top right, bottom right")
    data["markers"]["corners"] = {"3": [[-90, 20], [-90, 40], [-70, 40], [-70, 20]]}
    expected = load_layout(written(tmp_path, GOOD)).markers[0].corners_m
    np.testing.assert_allclose(load_layout(written(tmp_path, data)).markers[0].corners_m, expected)


def test_a_sheet_without_markers_is_a_sheet(tmp_path):
    """Markers may be missing: the pose then comes from elsewhere."""
    assert load_layout(written(tmp_path, changed(("markers",), None))).markers == ()


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        (("units",), "inch", "units"),
        (("sheet",), None, "sheet"),
        (("sheet", "width"), -5, "sheet.width"),
        (("sheet", "width"), float("nan"), "sheet.width"),
        (("keys",), [], "keys"),
        (("keys",), "a b c", "keys"),
        (("keys", 0, "name"), None, r"keys\[0\].name"),
        (("keys", 1, "name"), "a", "name of its own"),
        (("keys", 0, "center"), None, r"keys\[0\] \(a\).center"),
        (("keys", 0, "center"), [1, "x"], "center"),
        (("keys", 0, "center"), [10, 0], "lies on key"),
        (("keys", 0, "size"), [0, 18], "size"),
        (("markers", "dictionary"), "DICT_9X9", "DICT_9X9"),
        (("markers", "corners", "3"), [[0, 0]] * 3, "four corners"),
        (("markers", "corners", "3"), [[0, 0], [20, 20], [20, 0], [0, 20]], "go round"),
        (("markers", "corners"), {"77": GOOD["markers"]["corners"]["3"]}, "from 0 to 49"),
        (("fingers",), {"a": ["left", "pinkie"]}, "fingers.a"),
        (("fingers",), {"z": ["left", "index"]}, "fingers.z"),
    ],
)
def test_each_mistake_is_named(tmp_path, path, value, named):
    """What is malformed is a ValueError that names the file and the field."""
    with pytest.raises(ValueError, match=named) as raised:
        load_layout(written(tmp_path, changed(path, value)))
    assert "sheet.yaml" in str(raised.value)


def test_what_is_no_layout_is_told(tmp_path):
    """No YAML, another structure, no such file."""
    path = tmp_path / "sheet.yaml"
    for text in ("keys: [", "- a\n- b", "\x00"):
        path.write_text(text)
        with pytest.raises(ValueError, match=r"sheet\.yaml"):
            load_layout(path)
    with pytest.raises(FileNotFoundError, match="qwerty"):
        load_layout("dvorak")


def test_the_built_in_layout_types_english():
    """Every letter, digit and the space bar are there, each with the finger that touch typists use."""
    layout = load_layout("qwerty")
    for text in "abcdefghijklmnopqrstuvwxyz0123456789 ,.'-;/":
        assert layout.by_text[text].name in layout.fingers


def test_the_drawn_sheet_measures_what_the_layout_says():
    """In the picture a marker's black square ends where the layout puts its corners, within half a pixel."""
    layout, scale = load_layout("qwerty"), 4.0
    picture = draw_sheet(layout, scale)
    marker = layout.markers[0]
    center_m = marker.corners_m.mean(axis=0)
    width_m, height_m = layout.sheet_size_m
    row = round((height_m / 2 - center_m[1] - 0.45 * np.ptp(marker.corners_m[:, 1])) * 1000 * scale)
    dark = np.flatnonzero(picture[row, : picture.shape[1] // 6] < 128)
    edges_mm = np.array([dark.min(), dark.max() + 1]) / scale - width_m * 500
    np.testing.assert_allclose(edges_mm, 1000 * np.sort(marker.corners_m[:2, 0]), atol=0.5 / scale)
