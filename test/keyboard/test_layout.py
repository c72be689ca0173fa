"""Rules of layout files."""

from __future__ import annotations

import copy
import hashlib
import json

import numpy as np
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fingertip_contact.keyboard.layout import built_in_layouts, load_layout
from fingertip_contact.keyboard.sheet import draw_sheet
from fingertip_contact.registry import KEY_SHAPES
from repository import ROOT

REMOVED = object()
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
        "corners": {
            "3": [[-90, 40], [-70, 40], [-70, 20], [-90, 20]],
            "4": [[70, 40], [90, 40], [90, 20], [70, 20]],
        },
    },
    "fingers": {"a": ["left", "little"]},
    "something": "of later versions",
}


def modify(path, value):
    """GOOD with one place set, or removed."""
    data = copy.deepcopy(GOOD)
    *parents, last = path
    parent = data
    for name in parents:
        parent = parent[name]
    if value is REMOVED:
        del parent[last]
    else:
        parent[last] = value
    return data


def write_layout(folder, data):
    path = folder / "sheet.yaml"
    path.write_text(yaml.safe_dump(data))
    return path


def test_millimetres_become_metres(tmp_path):
    """A file reads the same as YAML and as JSON; lengths become metres, and unknown fields are ignored."""
    as_json = tmp_path / "sheet.json"
    as_json.write_text(json.dumps(GOOD))
    for path in (write_layout(tmp_path, GOOD), as_json):
        layout = load_layout(path)
        assert layout.sheet_size_m == (0.2, 0.1)
        assert layout.by_name["a"].center_m == pytest.approx((-0.02, 0.0))
        assert layout.by_name["space"].text == " "
        assert layout.fingers == {"a": ("left", "little")}
        np.testing.assert_allclose(layout.markers[0].corners_m[1], (-0.07, 0.04))


def test_another_corner_order_is_followed(tmp_path):
    """Corners that start at the bottom left come out as top left, top right, bottom right, bottom left."""
    data = modify(("markers", "corner_order"), "bottom left, top left, top right, bottom right")
    data["markers"]["corners"] |= {"3": [[-90, 20], [-90, 40], [-70, 40], [-70, 20]]}
    data["markers"]["corners"] |= {"4": [[70, 20], [70, 40], [90, 40], [90, 20]]}
    expected = load_layout(write_layout(tmp_path, GOOD)).markers[0].corners_m
    np.testing.assert_allclose(load_layout(write_layout(tmp_path, data)).markers[0].corners_m, expected)


def test_misspelt_names_are_warned_about(tmp_path, caplog):
    """One warning for each, with the nearest name; the others are read."""
    data = modify(("keys", 0, "chra"), "b")
    for key in data["keys"]:
        key["color"] = "red"
    data["marker"] = data.pop("markers")
    load_layout(write_layout(tmp_path, data))
    messages = sorted(record.getMessage().removeprefix(str(tmp_path)) for record in caplog.records)
    assert messages == [
        "/sheet.yaml, keys: 'chra' is not read; did you mean 'char'?",
        "/sheet.yaml, keys: 'color' is not read",
        "/sheet.yaml: 'marker' is not read; did you mean 'markers'?",
        "/sheet.yaml: 'something' is not read",
    ]


@pytest.mark.parametrize("name", built_in_layouts())
def test_built_in_layouts_hold_no_unknown_names(name, caplog):
    """And no field is missing in the lists of known ones."""
    load_layout(name)
    assert not caplog.records


def test_sheet_may_have_no_markers(tmp_path):
    """A layout file may have no markers."""
    assert load_layout(write_layout(tmp_path, modify(("markers",), REMOVED))).markers == ()


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        (("units",), "inch", "units"),
        (("sheet",), REMOVED, "sheet"),
        (("sheet", "width"), -5, "sheet.width"),
        (("sheet", "width"), float("nan"), "sheet.width"),
        (("keys",), [], "keys"),
        (("keys",), "a b c", "keys"),
        (("keys", 0, "name"), REMOVED, r"keys\[0\].name"),
        (("keys", 1, "name"), "a", "name of its own"),
        (("keys", 0, "center"), REMOVED, r"keys\[0\] \(a\).center"),
        (("keys", 0, "center"), [1, "x"], "center"),
        (("keys", 0, "center"), [10, 0], "lies on key"),
        (("keys", 0, "size"), [0, 18], "size"),
        (("keys", 0, "center"), [150, 0], "beyond the sheet of 200.0 x 100.0 mm"),
        (("keys", 0, "char"), "\x07", "printable"),
        (("keys", 0, "char"), True, "put it in quotes"),
        (("keys", 0, "char"), ["a"], "put it in quotes"),
        (("keys", 0, "modifier"), "hyper", "shift, caps_lock"),
        (("keys", 0, "modifier"), ["shift"], "shift, caps_lock"),
        (("keys", 0, "modifier"), "shift", "modifiers and backspace write nothing"),
        (("keys", 0, "name"), "backspace", "modifiers and backspace write nothing"),
        (("keys", 0, "raised"), "yes", "true or false"),
        (("keys", 0, "label"), 1.5, "label"),
        (("keys", 0, "shape"), "heart", r"keys\[0\] \(a\).shape.*rectangle"),
        (("keys", 0, "shape"), "none_such:Shape", "choose one of"),
        (("keys", 0, "shape"), "os:abort", "choose one of"),
        (("keys", 0, "shape"), ["rectangle"], "put it in quotes"),
        (("keys", 0), {"name": "k", "shift": "K", "center": [0, 0], "size": [9, 9]}, "give it a char"),
        (("keys", 0, "altgr"), "\x07", "printable"),
        (("keys", 0), {"name": "k", "altgr": "K", "center": [0, 0], "size": [9, 9]}, r"altgr.*give it a char"),
        (("keys", 0, "dead"), "yes", "true or false"),
        (("keys", 0, "dead"), True, "none of its characters is an accent"),
        (("keys", 0, "code"), "z", r"keys\[0\] \(a\).code.*KEY_SEMICOLON"),
        (("keys", 0), "a", "name, center and size"),
        (("markers", "side"), 0, "markers.side"),
        (("markers", "side"), 30, "edges are 20, 20, 20, 20 mm and side is 30"),
        (("markers", "corners", "3"), [[190, 40], [210, 40], [210, 20], [190, 20]], "beyond the sheet"),
        (("markers", "corners", "3"), {"a": 1}, "four corners"),
        (("markers", "corner_order"), "left, right", "corner_order"),
        (("markers", "dictionary"), "DICT_9X9", "DICT_9X9"),
        (("markers", "corners", "3"), [[0, 0]] * 3, "four corners"),
        (("markers", "corners", "3"), [[0, 0], [20, 20], [20, 0], [0, 20]], "go round"),
        (("markers", "corners"), {"77": GOOD["markers"]["corners"]["3"]}, "from 0 to 49"),
        (("markers", "corners", "3"), [[-70, 40], [-90, 40], [-90, 20], [-70, 20]], "mirrored"),
        (("markers", "corner_order"), "top right, top left, bottom left, bottom right", "mirrored"),
        (("markers", "corners", "4"), [[-85, 40], [-65, 40], [-65, 20], [-85, 20]], "lies on marker 3"),
        (("markers", "corners", "4"), REMOVED, "found by 2 markers or more"),
        (
            ("markers", "corners"),
            dict(zip(("8", "47"), GOOD["markers"]["corners"].values(), strict=True)),
            "read the same in a mirror",
        ),
        (("keys",), [{}] * 1001, "at most 1000"),
        (("fingers",), {"a": ["left", "pinkie"]}, "fingers.a"),
        (("fingers",), {"z": ["left", "index"]}, "fingers.z"),
    ],
)
def test_layout_errors_name_file_and_field(tmp_path, path, value, named):
    """Malformed fields raise a ValueError that names the file and the field."""
    with pytest.raises(ValueError, match=named) as raised:
        load_layout(write_layout(tmp_path, modify(path, value)))
    assert "sheet.yaml" in str(raised.value)


def test_invalid_layout_file_is_reported(tmp_path):
    """Invalid YAML, another structure, a missing file."""
    path = tmp_path / "sheet.yaml"
    twice = "units: mm\nkeys: []\nkeys: []\n"
    for text in (
        "keys: [",
        "- a\n- b",
        "\x00",
        twice,
        "when: 2001-99-99",
        "[" * 10_000,
        "? [a]\n: b",
        "!!python/none x",
    ):
        path.write_text(text)
        with pytest.raises(ValueError, match=r"sheet\.yaml"):
            load_layout(path)
    with pytest.raises(FileNotFoundError, match="qwerty"):
        load_layout("dvorak")


def test_duplicate_entries_are_reported(tmp_path):
    """Duplicate fields are an error; YAML would silently use the last one."""
    path = tmp_path / "sheet.yaml"
    path.write_text("units: mm\nunits: mm\n" + yaml.safe_dump(modify(("units",), REMOVED)))
    with pytest.raises(ValueError, match=r"sheet\.yaml.*'units' is listed twice.*line 2"):
        load_layout(path)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=8,
)
FIELD_PATHS = [
    *(("units",), ("sheet",), ("sheet", "width"), ("keys",), ("keys", 0), ("markers",), ("fingers",), ("fingers", "a")),
    *(("keys", 0, name) for name in ("name", "char", "shift", "modifier", "raised", "label", "shape")),
    *(("keys", 0, name) for name in ("center", "size")),
    *(("markers", name) for name in ("dictionary", "side", "corner_order", "corners")),
    ("markers", "corners", "3"),
    ("keys", 0, "center", 0),
]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200, deadline=None)
@given(st.sampled_from(FIELD_PATHS), json_values)
def test_invalid_values_raise_only_documented_errors(tmp_path, path, value):
    """With any value in a field, the file is read, or rejected with an error that names the file."""
    data = modify(path, value)
    file = tmp_path / "sheet.json"
    file.write_text(json.dumps(data))
    try:
        layout = load_layout(file)
    except ValueError as error:
        refused = str(error)
    else:
        assert np.all(np.isfinite(layout.centers_m))
        assert np.all(layout.sizes_m > 0)
        return
    assert refused.startswith(f"{file}: ")


class Disc:
    """A round key; of its size only the width counts."""

    def edge_distance_m(self, offsets_m, size_m):
        return np.maximum(np.linalg.norm(offsets_m, axis=1) - size_m[0] / 2, 0.0)


@pytest.fixture
def disc():
    KEY_SHAPES.register("disc")(Disc)
    yield
    KEY_SHAPES.unregister("disc")


@pytest.mark.usefixtures("disc")
def test_registered_shape_decides_which_points_are_on_a_key(tmp_path):
    """The corner of a round key is not on it; keys of other shapes are unaffected."""
    layout = load_layout(write_layout(tmp_path, modify(("keys", 0, "shape"), "disc")))
    points_m = np.array([[-0.0201, 0.0], [-0.0115, 0.0085], [-0.031, 0.0], [0.024, 0.0085]])
    distances_m = layout.edge_distances_m(points_m)
    np.testing.assert_allclose(
        distances_m[:, 0], [0, np.hypot(0.0085, 0.0085) - 0.009, 0.002, np.hypot(0.044, 0.0085) - 0.009]
    )
    np.testing.assert_array_equal(
        distances_m[:, 1], load_layout(write_layout(tmp_path, GOOD)).edge_distances_m(points_m)[:, 1]
    )
    assert layout.key_at(-0.0115, 0.0085) is None
    assert layout.key_at(-0.02, 0.0085).name == "a"


def test_rectangle_is_the_default_shape(tmp_path):
    """Named or not, keys are rectangles, whose distances are those of numpy's clip."""
    layout = load_layout("qwerty_full")
    points_m = np.random.default_rng(1).uniform(-0.2, 0.2, (200, 2))
    offsets_m = points_m[:, None] - layout.centers_m
    outside_m = offsets_m - np.clip(offsets_m, -layout.sizes_m / 2, layout.sizes_m / 2)
    np.testing.assert_allclose(layout.edge_distances_m(points_m), np.linalg.norm(outside_m, axis=2), atol=1e-12)
    named = load_layout(write_layout(tmp_path, modify(("keys", 0, "shape"), "rectangle")))
    assert named.keys == load_layout(write_layout(tmp_path, GOOD)).keys


def test_letter_capitals_are_implied():
    """A letter's capital is implied, the shifted character of a sign is not."""
    layout = load_layout("qwerty_full")
    assert (layout.by_name["a"].shifted, layout.by_name["1"].shifted, layout.by_name["space"].shifted) == (
        "A",
        "!",
        " ",
    )


def test_full_keyboard_writes_every_printable_character():
    """All of ASCII, with or without Shift; each key has its finger."""
    layout = load_layout("qwerty_full")
    written = {text for key in layout.keys for text in (key.text, key.shifted)}
    assert written >= {chr(code) for code in range(32, 127)} | {"\n", "\t"}
    assert set(layout.fingers) == {key.name for key in layout.keys}
    assert {key.modifier for key in layout.keys} >= {"shift", "caps_lock", "ctrl", "alt", "meta"}


def test_raised_keys_take_precedence():
    """On a black key the black key is found, in front of it the white one."""
    piano = load_layout("piano")
    x_m, y_m = piano.by_name["c_sharp4"].center_m
    assert piano.key_at(x_m + 0.006, y_m).name == "c_sharp4"
    assert piano.key_at(x_m + 0.006, -0.04).name == "d4"
    assert piano.key_at(x_m - 0.006, -0.04).name == "c4"


def test_built_in_layouts_use_distinct_markers():
    """A sheet is never mistaken for another one."""
    numbers = [marker.marker_id for name in built_in_layouts() for marker in load_layout(name).markers]
    assert len(numbers) == len(set(numbers))


def test_default_layout_is_unchanged():
    """Keys and markers of `qwerty` stay where they are: printed sheets and recordings depend on them."""
    layout = load_layout("qwerty")
    keys = [
        (key.name, key.text, np.round(key.center_m, 7).tolist(), np.round(key.size_m, 7).tolist())
        for key in layout.keys
    ]
    markers = [(marker.marker_id, np.round(marker.corners_m, 7).tolist()) for marker in layout.markers]
    digest = hashlib.sha256(json.dumps([keys, markers, layout.sheet_size_m]).encode()).hexdigest()
    assert digest[:16] == "a36167adf9dfc92c"


def test_default_layout_covers_english():
    """Every letter, digit and the space bar exist, each with the finger that touch typists use."""
    layout = load_layout("qwerty")
    for text in "abcdefghijklmnopqrstuvwxyz0123456789 ,.'-;/":
        assert layout.by_text[text].name in layout.fingers


def test_drawn_sheet_matches_the_layout():
    """In the image a marker's black square ends at the corners of the layout, within half a pixel."""
    layout, scale = load_layout("qwerty"), 4.0
    image = draw_sheet(layout, scale)
    marker = layout.markers[0]
    center_m = marker.corners_m.mean(axis=0)
    width_m, height_m = layout.sheet_size_m
    row = round((height_m / 2 - center_m[1] - 0.45 * np.ptp(marker.corners_m[:, 1])) * 1000 * scale)
    dark = np.flatnonzero(image[row, : image.shape[1] // 6] < 128)
    edges_mm = np.array([dark.min(), dark.max() + 1]) / scale - width_m * 500
    np.testing.assert_allclose(edges_mm, 1000 * np.sort(marker.corners_m[:2, 0]), atol=0.5 / scale)


def test_documented_example_is_valid(tmp_path):
    """The example in docs/layout-file.md is a valid layout file."""
    page = (ROOT / "docs" / "layout-file.md").read_text(encoding="utf-8")
    path = tmp_path / "sheet.yaml"
    path.write_text(page.split("```yaml\n")[1].split("```")[0], encoding="utf-8")
    layout = load_layout(path)
    assert (layout.name, layout.by_name["shift_left"].modifier, len(layout.markers)) == ("my_sheet", "shift", 2)
