"""`fingertip-contact evaluate words`: character error rates on simulated touches."""

from __future__ import annotations

from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.table import Table

from fingertip_contact.cli import options

Phrases = Annotated[
    Literal["development", "test", "german", "french", "spanish"],
    typer.Option(help="Decoding was tuned on `development`, and is reported on the others."),
]


def words(
    layout: options.Layout = "qwerty",
    words: Annotated[str, typer.Option(help="Word list: a built-in one, or a file.")] = "english",
    phrases: Phrases = "test",
    repetitions: Annotated[int, typer.Option(min=1, help="Typists who write each phrase.")] = 3,
    seed: Annotated[int, typer.Option(min=0, help="Seed of typists and touches.")] = 1,
) -> None:
    """Measure the character error rate without and with a word list, for detectors of several qualities.

    Touches are simulated, with calibrated probabilities: false presses, missed taps, strayed touches and wrong fingers.

    Examples: fingertip-contact evaluate words --repetitions 10;
    fingertip-contact evaluate words --layout iso_german --words german --phrases german
    """
    from fingertip_contact.keyboard.language import load_language
    from fingertip_contact.keyboard.layout import load_layout
    from fingertip_research.evaluation.text_decoding import decode_phrases, load_phrases, summarize
    from fingertip_research.evaluation.uncertain_taps import DETECTORS

    loaded, language = load_layout(layout), load_language(words)
    texts = load_phrases(phrases) * repetitions
    table = Table("detector", "CER", "CER with words", "ms per touch", title=f"{len(texts)} phrases ({phrases})")
    with Console(stderr=True).status("typing"):
        for name, errors in DETECTORS.items():
            found = summarize(decode_phrases(loaded, texts, errors, language, seed))
            table.add_row(name, f"{found.cer_without:.3f}", f"{found.cer_with:.3f}", f"{found.cost_ms:.2f}")
    Console().print(table)
