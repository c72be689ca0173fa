"""`fingertip-contact keyboard`: layouts, their printed sheets, where a sheet lies, how well its keys are told apart."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from fingertip_contact.cli import options
from fingertip_contact.cli.keyboard_pose import pose

if TYPE_CHECKING:
    from fingertip_research.evaluation.touch_scatter import KeyAccuracy

app = typer.Typer(help="Keyboard layouts: list, show, print, locate.", no_args_is_help=True, add_completion=False)


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
    """Show every key: what it writes, where it lies, which finger types it. A file that is wrong is told why."""
    from fingertip_contact.keyboard.layout import load_layout

    loaded = load_layout(layout)
    table = Table("key", "writes", "with Shift", "centre (mm)", "size (mm)", "finger", box=None)
    for key in loaded.keys:
        center, size = (f"{1000 * x:g}, {1000 * y:g}" for x, y in (key.center_m, key.size_m))
        shifted = key.shifted if key.shifted != key.text else ""
        finger = " ".join(loaded.fingers.get(key.name, ()))
        writes = f"({key.modifier})" if key.modifier else _quote_invisible(key.text)
        table.add_row(key.name, writes, _quote_invisible(shifted), center, size, finger)
    for column in table.columns:
        column.no_wrap = True
    Console().print(table)


@app.command()
def sheet(
    out: Annotated[Path, typer.Option(help="The PDF to write.")],
    layout: options.Layout = "qwerty",
    paper: Annotated[str, typer.Option(help="a4, letter or a3.")] = "a4",
    force: Annotated[bool, typer.Option("--force", help="Overwrite a file that exists.")] = False,
) -> None:
    """Write the sheet of a layout as a PDF, every key and marker exactly as large as the layout says.

    Print it at 100 %, not fitted to the page, and measure the 50 mm line on it.

    Example: fingertip-contact keyboard sheet --layout qwerty --paper a4 --out sheet.pdf
    """
    from fingertip_contact.files import atomic_write
    from fingertip_contact.keyboard.layout import load_layout
    from fingertip_contact.keyboard.sheet_pdf import fit_page, write_pdf

    page = fit_page(load_layout(layout), paper.lower())
    with atomic_write(out, overwrite=force) as temporary_path:
        write_pdf(page, temporary_path)
    width, height = page.size_mm
    typer.echo(f"{page.layout.name} on {width:g} x {height:g} mm, {len(page.markers)} markers; {out}", err=True)
    if page.omitted:
        numbers = ", ".join(map(str, page.omitted))
        typer.echo(f"markers {numbers} do not fit on {paper} and were left out; the others are enough", err=True)


@app.command()
def measure(
    layout: options.Layout = "qwerty",
    scatter_mm: Annotated[
        list[float] | None, typer.Option(min=0.0, max=20.0, help="How far taps scatter about their key, each way.")
    ] = None,
    words: Annotated[str, typer.Option(help="Word list: english, or a file with one word a line.")] = "english",
    typists: Annotated[int, typer.Option(min=2, help="Simulated typists; each writes 40 words.")] = 20,
    seed: Annotated[int, typer.Option(min=0, help="Draws words, typists and taps.")] = 1,
) -> None:
    """Measure on simulated taps how well keys are told apart, and what a word list brings.

    Held-out words: every fifth of the list, read with a model made of the others. Random: characters that make
    no words, as passwords do.

    Example: fingertip-contact keyboard measure --scatter-mm 4 --scatter-mm 6
    """
    from fingertip_contact.keyboard.language import LanguageModel, load_words
    from fingertip_contact.keyboard.layout import load_layout
    from fingertip_research.evaluation.touch_scatter import measure_key_accuracy, sample_random_texts, sample_texts

    loaded, word_counts = load_layout(layout), load_words(words)
    held_out = dict(list(word_counts.items())[::5])
    held_out_model = LanguageModel({word: count for word, count in word_counts.items() if word not in held_out})
    full_model = LanguageModel(word_counts)
    suite = {
        "of the list": (sample_texts(word_counts, loaded, typists, seed), full_model),
        "held out": (sample_texts(held_out, loaded, typists, seed), held_out_model),
        "random": (sample_random_texts(loaded, typists, seed), full_model),
    }
    table = Table("scatter (mm)", "words", "touch alone (%)", "with the word list (%)", title="mean, median typist")
    with Console(stderr=True).status("typing"):
        for scatter in scatter_mm or [3.0, 4.0, 5.0, 6.0]:
            for text_kind, (texts, language) in suite.items():
                accuracies = (
                    measure_key_accuracy(loaded, texts, scatter / 1000, model, seed) for model in (None, language)
                )
                table.add_row(f"{scatter:g}", text_kind, *map(_format_accuracy, accuracies))
    Console().print(table)


def _format_accuracy(accuracy: KeyAccuracy) -> str:
    return f"{100 * accuracy.mean:.1f} +- {100 * accuracy.standard_error:.1f}, {100 * accuracy.median:.1f}"


def _quote_invisible(text: str) -> str:
    """A text as it can be read: spaces and line ends quoted."""
    return text if text.isprintable() and text.strip() == text else repr(text)


app.command()(pose)
