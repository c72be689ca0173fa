"""`fingertip-contact evaluate suggestions`: the keystrokes that suggestions save."""

from __future__ import annotations

from typing import Annotated

import typer

from fingertip_contact.cli import options
from fingertip_research.cli.evaluate_words import Phrases


def suggestions(
    layout: options.Layout = "qwerty",
    words: Annotated[str, typer.Option(help="Word list: a built-in one, or a file.")] = "english",
    phrases: Phrases = "test",
) -> None:
    """Measure the keystrokes that a typist saves who takes the right suggestion as soon as it is offered.

    Every touch is in the middle of its key; a suggestion counts as one key and writes the space after the word.

    Example: fingertip-contact evaluate suggestions --layout iso_german --words german --phrases german
    """
    from fingertip_contact.keyboard.language import load_language
    from fingertip_contact.keyboard.layout import load_layout
    from fingertip_research.evaluation.suggestion_savings import measure_savings
    from fingertip_research.evaluation.text_decoding import load_phrases

    found = measure_savings(load_layout(layout), load_phrases(phrases), load_language(words))
    typer.echo(
        f"{found.taken_keys} of {found.keys} keys: {found.saved_ratio:.1%} saved; "
        f"{found.taken_words} of {found.words} words suggested before their last letter"
    )
