"""`fingertip-contact keyboard`: layouts, their printed sheets, the pose of a sheet, and a camera calibrated on it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from fingertip_contact.cli import options
from fingertip_contact.cli.keyboard_camera import calibrate_camera
from fingertip_contact.cli.keyboard_pose import pose
from fingertip_contact.safe_text import escape_markup

app = typer.Typer(
    help="Keyboard layouts: list, show, print, locate; calibrate a camera on one.",
    no_args_is_help=True,
    add_completion=False,
)


@app.command("list")
def list_layouts() -> None:
    """Show the built-in layouts."""
    from fingertip_contact.keyboard.layout import built_in_layouts, load_layout

    table = Table("layout", "keys", "sheet (mm)", "markers", "writes")
    for name in built_in_layouts():
        layout = load_layout(name)
        width_m, height_m = layout.sheet_size_m
        size = f"{1000 * width_m:g} x {1000 * height_m:g}"
        writes = "".join(sorted(text for text in layout.by_text if text.isprintable())).strip()
        table.add_row(name, str(len(layout.keys)), size, str(len(layout.markers)), writes or "nothing: events only")
    Console().print(table)


@app.command()
def show(layout: Annotated[str, typer.Argument(help="A built-in layout's name, or a file.")] = "qwerty") -> None:
    """Show every key: its text, position, size and finger. Errors in a file are reported."""
    from fingertip_contact.keyboard.layout import load_layout

    loaded = load_layout(layout)
    table = Table("key", "writes", "with Shift", "centre (mm)", "size (mm)", "finger", box=None)
    for key in loaded.keys:
        center, size = (f"{1000 * x:g}, {1000 * y:g}" for x, y in (key.center_m, key.size_m))
        shifted = key.shifted if key.shifted != key.text else ""
        finger = " ".join(loaded.fingers.get(key.name, ()))
        writes = f"({key.modifier})" if key.modifier else _quote_invisible(key.text)
        foreign = (escape_markup(text) for text in (key.name, writes, _quote_invisible(shifted)))
        table.add_row(*foreign, center, size, finger)
    for column in table.columns:
        column.no_wrap = True
    Console().print(table)


@app.command()
def sheet(
    out: Annotated[Path, typer.Option(help="The PDF to write.")],
    layout: options.Layout = "qwerty",
    paper: Annotated[str, typer.Option(help="a4, letter or a3.")] = "a4",
    font: Annotated[
        Path | None, typer.Option(help="A TrueType font (.ttf), for labels that the built-in Latin font lacks.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite a file that exists.")] = False,
) -> None:
    """Write the sheet of a layout as a PDF, every key and marker at its exact size. Needs fpdf2 (extra `print`).

    Print it at 100 %, not fitted to the page, and measure the 50 mm line on it.

    Example: fingertip-contact keyboard sheet --layout qwerty --paper a4 --out sheet.pdf
    """
    from fingertip_contact.files import atomic_write
    from fingertip_contact.keyboard.layout import load_layout
    from fingertip_contact.keyboard.sheet_page import fit_page
    from fingertip_contact.keyboard.sheet_pdf import write_pdf

    page = fit_page(load_layout(layout), paper.lower())
    with atomic_write(out, overwrite=force) as temporary_path:
        write_pdf(page, temporary_path, font)
    width, height = page.size_mm
    typer.echo(f"{page.layout.name} on {width:g} x {height:g} mm, {len(page.markers)} markers; {out}", err=True)
    if page.omitted:
        numbers = ", ".join(map(str, page.omitted))
        typer.echo(f"markers {numbers} do not fit on {paper} and were left out; the others are enough", err=True)


def _quote_invisible(text: str) -> str:
    """The text, in quotes if it has spaces or line ends."""
    return text if text.isprintable() and text.strip() == text else repr(text)


app.command()(pose)
app.command("calibrate-camera")(calibrate_camera)
