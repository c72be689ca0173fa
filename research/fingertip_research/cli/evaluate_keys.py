"""`fingertip-contact evaluate keys`: key accuracy on simulated taps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from fingertip_contact.cli import options

if TYPE_CHECKING:
    from fingertip_research.evaluation.touch_scatter import KeyAccuracy


def keys(
    layout: options.Layout = "qwerty",
    scatter_mm: Annotated[
        list[float] | None,
        typer.Option(min=0.0, max=20.0, help="Scatter (SD) of taps about their key, per axis."),
    ] = None,
    words: Annotated[str, typer.Option(help="Word list: english, or a file with one word per line.")] = "english",
    typists: Annotated[int, typer.Option(min=2, help="Simulated typists; each writes 40 words.")] = 20,
    seed: Annotated[int, typer.Option(min=0, help="Seed of words, typists and taps.")] = 1,
) -> None:
    """Measure key accuracy on simulated taps, with and without a word list.

    Held-out words: every fifth of the list, decoded with a model of the others. Random: characters that do not form
    words, as in passwords.

    Example: fingertip-contact evaluate keys --scatter-mm 4 --scatter-mm 6
    """
    from fingertip_contact.keyboard.language import LanguageModel
    from fingertip_contact.keyboard.layout import load_layout
    from fingertip_contact.keyboard.word_list import load_words
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
