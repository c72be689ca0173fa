"""`fingertip-contact web`: the page with what is typed now."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer


def web(
    host: Annotated[str, typer.Option(help="Address to serve the page at; 0.0.0.0: to the network.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port of the page; 0: any that is free.")] = 8420,
    layout: Annotated[str, typer.Option(help="Keyboard layout to draw: a built-in name or a file.")] = "qwerty",
    token_file: Annotated[
        Path | None, typer.Option(help="File with the token, beyond this computer; by default a new one each time.")
    ] = None,
    namespace: Annotated[str, typer.Option(help="Namespace of the nodes that are shown.")] = "/fingertip_contact",
) -> None:
    """Serve a page that shows what is typed now: camera, keys, text, heights, latency, advice. Ctrl-C ends it.

    The nodes run already, e.g. by ros2 launch; `web:=true` of the launch files does the same. docs/web.md describes the
    websocket, for programs of your own.
    """
    parameters = {"host": host, "port": port, "layout": layout}
    if token_file is not None:
        parameters["token_file"] = str(token_file)
    settings = [text for name, value in parameters.items() for text in ("-p", f"{name}:={value}")]
    node = [sys.executable, "-m", "fingertip_contact.start", "web_node"]
    sys.stdout.flush()
    # In place of this process, so that signals reach the node.
    os.execv(sys.executable, [*node, "--ros-args", "-r", f"__ns:={namespace}", *settings])
