"""`fingertip-contact models`: fetch, list and check the weights and meshes made by others."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from fingertip_contact import weights

app = typer.Typer(help="Weights and meshes: fetch, list, check.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="A model, a group (hands, depth, meshes) or all.")]


@app.command()
def pull(name: Name = "hands") -> None:
    """Fetch what is missing and check it against its sha256."""
    console = Console(stderr=True)
    with console.status(f"looking for {name}") as status:
        files = weights.pull(name, status.update)
    for file in files:
        typer.echo(file)


@app.command("list")
def list_models() -> None:
    """Show every model with its source, licence and state on this machine."""
    table = Table("group", "model", "licence", "MB", "state", "what it is", box=SIMPLE_HEAD, pad_edge=False)
    for column in table.columns[:-1]:
        column.no_wrap = True
    for model in weights.models().values():
        size = "" if model.size is None else f"{model.size / 1e6:.1f}"
        about = f"{model.about}, {model.version}"
        table.add_row(model.group, model.name, model.licence, size, _state(model), about)
    Console().print(table)


@app.command()
def verify(name: Name = "all") -> None:
    """Check files against their sha256. Those never pulled are named, and are an error where asked for by name."""
    for model in weights.select(name):
        if name != weights.ALL or model.location.is_file():
            weights.verify(model)
        typer.echo(f"{model.name}: {_state(model)}")


def _state(model: weights.Model) -> str:
    try:
        weights.verify(model)
    except weights.MissingWeightsError:
        return "not here"
    except weights.WeightsError:
        return "damaged"
    return "ready"
