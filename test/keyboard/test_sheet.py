"""Rules of printed sheets: the figures of the PDF are read back, in millimetres."""

from __future__ import annotations

import re
import shutil
import subprocess
import zlib
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from cli_harness import run
from fingertip_contact.keyboard.labels import rectangle_m
from fingertip_contact.keyboard.layout import built_in_layouts, load_layout
from fingertip_contact.keyboard.markers import MarkerDetector
from fingertip_contact.keyboard.sheet_page import PAPERS_MM, fit_page

sheet_pdf = pytest.importorskip("fingertip_contact.keyboard.sheet_pdf", reason="needs fpdf2")

MM = 25.4 / 72
DEJAVU = Path("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf")
NUMBER = rb"(-?[\d.]+)"


def make_pdf(layout, paper, folder):
    path = folder / f"{layout.name}_{paper}.pdf"
    sheet_pdf.write_pdf(fit_page(layout, paper), path)
    return path


def read_paper_mm(path):
    """Width and height of the page; the file rounds them to a hundredth of a point."""
    box = re.search(rb"/MediaBox \[ *" + rb" ".join([NUMBER] * 4) + rb" *\]", path.read_bytes())
    return np.round(np.array([float(number) for number in box.groups()])[2:] * MM, 2)


def read_outlines_mm(path):
    """Every filled outline of straight lines, (N, 2) about the page's middle, y up, from the content stream."""
    middle_mm = read_paper_mm(path) / 2
    return [outline for block in read_paths(path) for outline in parse_outlines_mm(block, middle_mm)]


def read_paths(path):
    """The paths of the page's content stream, in the order in which they are painted."""
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", path.read_bytes(), re.DOTALL)
    content = b"\n".join(zlib.decompress(stream) for stream in streams if stream[:1] == b"\x78")
    return [block for block in content.split(b"Q") if b" cm " in block]


def parse_outlines_mm(block, middle_mm):
    """The closed outlines of one path, whose transform flips y: 1 0 0 -1 0 HEIGHT."""
    (height,) = re.findall(rb"q 1 0 0 -1 0 " + NUMBER + rb" cm ", block)
    outlines = []
    for drawn in re.findall(rb"((?:" + NUMBER + rb" " + NUMBER + rb" [ml] )+)h ", block):
        points = np.array(re.findall(NUMBER + rb" " + NUMBER + rb" [ml]", drawn[0]), dtype=np.float64)
        outlines.append((points * (1, -1) + (0, float(height))) * MM - middle_mm)
    return outlines


def is_drawn(corners_mm, outlines):
    """Whether an outline has exactly these corners, within a thousandth of a millimetre."""
    expected_mm = np.array(sorted(np.round(corners_mm, 6).tolist()))
    for outline in outlines:
        found = np.unique(np.round(outline, 6), axis=0)
        if found.shape == expected_mm.shape and np.abs(found - expected_mm).max() < 1e-3:
            return True
    return False


@pytest.mark.parametrize("name", built_in_layouts())
@pytest.mark.parametrize("paper", ["a4", "letter"])
def test_printed_keys_and_markers_match_the_layout(name, paper, tmp_path):
    """Every key's outline, and every marker that fits, is at its position of the layout, to a micrometre."""
    layout = load_layout(name)
    path = make_pdf(layout, paper, tmp_path)
    np.testing.assert_allclose(sorted(read_paper_mm(path)), PAPERS_MM[paper], atol=1e-3)
    outlines = read_outlines_mm(path)
    for key in layout.keys:
        (left, top), (right, bottom) = rectangle_m(key) * 1000
        assert is_drawn([[left, top], [right, top], [right, bottom], [left, bottom]], outlines), key.name
    for marker in fit_page(layout, paper).markers:
        assert is_drawn(marker.corners_m * 1000, outlines), marker.marker_id


def test_moved_key_changes_the_print(tmp_path):
    """The reader of these tests notices a tenth of a millimetre."""
    layout = load_layout("numpad")
    first = layout.keys[0]
    x_m, y_m = first.center_m
    moved = replace(layout, keys=(replace(first, center_m=(x_m + 0.0001, y_m)), *layout.keys[1:]))
    outlines = read_outlines_mm(make_pdf(moved, "a4", tmp_path))
    (left, top), (right, bottom) = rectangle_m(first) * 1000
    assert not is_drawn([[left, top], [right, top], [right, bottom], [left, bottom]], outlines)


@pytest.mark.parametrize("name", built_in_layouts())
def test_both_paper_sizes_fit_keys_and_markers(name):
    """A4 holds every built-in sheet; letter holds all keys, and four markers or more."""
    layout = load_layout(name)
    assert fit_page(layout, "a4").omitted == ()
    assert len(fit_page(layout, "letter").markers) >= 4


def test_oversized_layouts_are_rejected():
    """Keys beyond the paper, too few markers, an unknown paper: an error with the remedy."""
    layout = load_layout("qwerty")
    wide = replace(layout.keys[0], center_m=(-0.140, 0.0))
    with pytest.raises(ValueError, match=r"need 298 x .* choose another paper"):
        fit_page(replace(layout, keys=(wide,)), "a4")
    outer = tuple(marker for marker in layout.markers if marker.marker_id in (0, 4, 5))
    with pytest.raises(ValueError, match="only 0 of the 3 markers"):
        fit_page(replace(layout, markers=outer), "letter")
    with pytest.raises(ValueError, match="a4, letter"):
        fit_page(layout, "b5")


def test_page_orientation_follows_the_sheet():
    """Upright sheets are printed on upright paper."""
    layout = load_layout("numpad")
    markers = tuple(replace(marker, corners_m=marker.corners_m * (0.5, 1.0)) for marker in layout.markers)
    assert fit_page(replace(layout, markers=markers, sheet_size_m=(0.21, 0.297)), "a4").size_mm == (210.0, 297.0)


def test_sheet_pdf_is_reproducible(tmp_path):
    """The file has no date and no random name."""
    layout = load_layout("piano")
    (tmp_path / "again").mkdir()
    assert make_pdf(layout, "a4", tmp_path).read_bytes() == make_pdf(layout, "a4", tmp_path / "again").read_bytes()


def rasterise(path, pixels_per_mm):
    """The page's filled outlines of straight lines, one over the other: (H, W) uint8."""
    size_mm = read_paper_mm(path)
    width, height = (round(side * pixels_per_mm) for side in size_mm)
    image = np.full((height, width), 255, np.uint8)
    for block in read_paths(path):
        outlines = parse_outlines_mm(block, (0, 0))
        pixels = [(outline * (1, -1) + (0, size_mm[1])) * pixels_per_mm - 0.5 for outline in outlines]
        fixed = [np.rint(outline * 256).astype(np.int32) for outline in pixels]
        if fixed:
            (grey,) = re.findall(NUMBER + rb" g ", block)
            cv2.fillPoly(image, fixed, round(255 * float(grey)), cv2.LINE_AA, shift=8)
    return image


@pytest.mark.parametrize("name", built_in_layouts())
def test_printed_markers_are_detectable(name, tmp_path):
    """Drawn from the file's outlines, every marker is found by its number, its corners within 0.2 mm."""
    layout, pixels_per_mm = load_layout(name), 8
    path = make_pdf(layout, "a4", tmp_path)
    found = MarkerDetector(layout.dictionary).detect(rasterise(path, pixels_per_mm))
    for marker in layout.markers:
        corners_mm = (found[marker.marker_id] + 0.5) / pixels_per_mm
        np.testing.assert_allclose((corners_mm - read_paper_mm(path) / 2) * (1, -1), marker.corners_m * 1000, atol=0.2)


@pytest.mark.skipif(shutil.which("pdftoppm") is None, reason="needs pdftoppm (poppler-utils)")
@pytest.mark.parametrize("name", built_in_layouts())
def test_external_pdf_renderer_gives_the_same_page(name, tmp_path):
    """Drawn at 200 dots per inch, every marker is found by its number, its corners within 0.2 mm."""
    layout, resolution = load_layout(name), 200
    path = make_pdf(layout, "a4", tmp_path)
    command = ["pdftoppm", "-r", str(resolution), "-gray", "-png", "-singlefile", path, tmp_path / "page"]
    subprocess.run(command, check=True, timeout=60)
    image = cv2.imread(str(tmp_path / "page.png"), cv2.IMREAD_GRAYSCALE)
    found = MarkerDetector(layout.dictionary).detect(image)
    for marker in layout.markers:
        corners_mm = (found[marker.marker_id] + 0.5) * 25.4 / resolution
        np.testing.assert_allclose((corners_mm - read_paper_mm(path) / 2) * (1, -1), marker.corners_m * 1000, atol=0.2)


def test_label_outside_latin_1_needs_a_font(tmp_path):
    """The error names the label and the remedy, a missing or damaged font is named, and with a font it is printed."""
    layout = load_layout("numpad")
    page = fit_page(replace(layout, keys=(replace(layout.keys[0], label="\u0416"), *layout.keys[1:])), "a4")
    out, damaged = tmp_path / "sheet.pdf", tmp_path / "font.ttf"
    with pytest.raises(ValueError, match=r"'\u0416' cannot be printed: the built-in font .*--font"):
        sheet_pdf.write_pdf(page, out)
    with pytest.raises(FileNotFoundError, match=r"none\.ttf"):
        sheet_pdf.write_pdf(page, out, tmp_path / "none.ttf")
    damaged.write_bytes(b"not a font")
    with pytest.raises(ValueError, match=r"font\.ttf cannot be read as a TrueType font"):
        sheet_pdf.write_pdf(page, out, damaged)
    if not DEJAVU.is_file():
        pytest.skip("needs DejaVu Sans")
    sheet_pdf.write_pdf(page, out, DEJAVU)
    assert b"DejaVu" in out.read_bytes()


def test_keyboard_sheet_command_writes_a_pdf(tmp_path, capsys):
    """`keyboard sheet` writes the file once, lists omitted markers, and refuses to overwrite."""
    out = tmp_path / "sheet.pdf"
    assert run("keyboard", "sheet", "--layout", "qwerty", "--paper", "letter", "--out", out) == 0
    assert "markers 0, 4, 5, 7 do not fit" in capsys.readouterr().err
    before = out.read_bytes()
    assert before.startswith(b"%PDF")
    assert run("keyboard", "sheet", "--out", out) == 2
    assert "--force" in capsys.readouterr().err
    assert out.read_bytes() == before
    assert run("keyboard", "sheet", "--paper", "b5", "--out", tmp_path / "none.pdf") == 2
    assert not (tmp_path / "none.pdf").exists()


def test_keyboard_list_and_show_commands_print_layouts(capsys):
    """`list` names every layout, `show` every key."""
    assert run("keyboard", "list") == 0
    output = capsys.readouterr().out
    assert all(name in output for name in built_in_layouts())
    assert run("keyboard", "show", "qwerty_full") == 0
    shown = capsys.readouterr().out
    assert all(key.name in shown for key in load_layout("qwerty_full").keys)
