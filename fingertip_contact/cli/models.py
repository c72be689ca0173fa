"""`fingertip-contact models`: fetch, list, check and convert third-party weights and meshes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from fingertip_contact import weights
from fingertip_contact.cli import options

app = typer.Typer(help="Weights and meshes: fetch, list, check, convert.", no_args_is_help=True, add_completion=False)

Name = Annotated[str, typer.Argument(help="A model, a group (hands, depth, meshes) or all.")]


@app.command()
def pull(
    name: Name = "hands",
    revision: Annotated[
        str | None, typer.Option(help="Commit or branch on Hugging Face, instead of the one in models.yaml.")
    ] = None,
) -> None:
    """Fetch missing files and check their sha256; an interrupted pull leaves nothing behind.

    Installed files need no network.
    """
    for file in weights.pull(name, lambda message: typer.echo(message, err=True), revision):
        typer.echo(file)


@app.command("list")
def list_models() -> None:
    """Show every model with its source, licence and state on this machine."""
    table = Table("group", "model", "licence", "MB", "state", "description", box=SIMPLE_HEAD, pad_edge=False)
    for column in table.columns[:-1]:
        column.no_wrap = True
    for model in weights.load_models().values():
        size = "" if model.size is None else f"{model.size / 1e6:.1f}"
        description = f"{model.description}, {model.version}"
        table.add_row(model.group, model.name, model.licence, size, _describe_state(model), description)
    Console().print(table)


@app.command()
def verify(name: Name = "all") -> None:
    """Check the sha256 of files. `all` lists the ones that were never pulled; by name they are an error."""
    for model in weights.select_models(name):
        if name != weights.ALL or model.location.is_file():
            weights.verify(model)
        typer.echo(f"{model.name}: {_describe_state(model)}")


@app.command()
def convert(
    checkpoint: options.DepthWeights = None,
    out: Annotated[
        Path | None, typer.Option(help="The .safetensors file to write; by default beside the weights.")
    ] = None,
    max_depth: options.MaxDepth = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite a file that exists.")] = False,
) -> None:
    """Write depth weights as .safetensors, a format that cannot hold code, with a config.json beside them.

    Every weight is checked. Everything else in a training checkpoint (more than a third of the file) is left out.

    Example: fingertip-contact models convert depth_anything_v2_vits_d405_finetuned.pth
    """
    from fingertip_contact.depth import configuration
    from fingertip_contact.depth.checkpoint import load_weights, save_safetensors
    from fingertip_contact.files import atomic_write, require_not_exists

    source = checkpoint or weights.get_verified_path("d405")
    target = out or source.with_suffix(".safetensors")
    if target.suffix != ".safetensors":
        raise ValueError(f"{target} has to end in .safetensors, which distinguishes it from a pickle")
    if not force:
        require_not_exists(target)
    max_depth_m = configuration.resolve_max_depth_m(source, max_depth)
    tensors = load_weights(source)
    with atomic_write(target, overwrite=force) as temporary_path:
        save_safetensors(tensors, temporary_path)
        configuration.write_config(target, max_depth_m)
    typer.echo(target)


def _describe_state(model: weights.Model) -> str:
    try:
        weights.verify(model)
    except weights.MissingWeightsError:
        return "not here"
    except weights.WeightsError:
        return "damaged"
    return "ready"
