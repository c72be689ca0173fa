"""web_node: a page with what is typed now, and a websocket for programs: docs/web.md.

Subscribes key_events, contact_events, open_presses, typed_text, suggestions, fingertips and /diagnostics, and
overlay/image while somebody watches. Serves this computer only, unless `host` says otherwise: then only those with the
token, which is part of the address that is printed at the start.
"""

from __future__ import annotations

import socket
from pathlib import Path

from rclpy.clock import Clock, ClockType
from rclpy.node import Node

from fingertip_contact.keyboard.layout import load_layout
from fingertip_contact.resources import PACKAGE
from fingertip_contact.ros.parameter_tables import WebSettings
from fingertip_contact.ros.parameters import NodeParameters
from fingertip_contact.ros.process import ShutdownEvent, run_node
from fingertip_contact.ros.web_topics import WebTopics
from fingertip_contact.web.guard import TOKEN_PARAMETER, is_loopback, make_token
from fingertip_contact.web.live_state import LiveState
from fingertip_contact.web.server import ServerSettings, WebServer

# How soon the overlay comes after somebody begins to watch.
WATCH_PERIOD_S = 0.25
MIN_TOKEN_LENGTH, MAX_TOKEN_LENGTH = 16, 200


class WebNode(Node):
    def __init__(self, shutdown_event: ShutdownEvent) -> None:
        """Raises ValueError or OSError where layout or token cannot be read, or the address cannot be used."""
        self._server: WebServer | None = None
        super().__init__("web_node", namespace=PACKAGE)
        settings = NodeParameters(self, WebSettings).snapshot()
        layout = load_layout(settings.layout)
        token = choose_token(settings)
        state = LiveState()
        server = WebServer(state, layout, ServerSettings(settings.host, settings.port, token, settings.rate_hz))
        self._topics = WebTopics(self, state, settings.image_rate_hz)
        server.start()
        self._server = server
        # Not by the log, which is a topic that everybody can read.
        print(f"the page is at {make_address(settings.host, server.port, token)}", flush=True)
        self.create_timer(WATCH_PERIOD_S, self._follow_watchers, clock=Clock(clock_type=ClockType.STEADY_TIME))

    def destroy_node(self) -> None:
        if self._server is not None:
            self._server.stop()
        super().destroy_node()

    def _follow_watchers(self) -> None:
        self._topics.follow_overlay(self._server is not None and self._server.watcher_count > 0)


def choose_token(settings: WebSettings) -> str:
    """Of the file, else a new one beyond this computer; empty on it, where none is asked for.

    Raises ValueError for a token that is short or has spaces, OSError where the file cannot be read.
    """
    if settings.token_file:
        token = Path(settings.token_file).expanduser().read_text(encoding="utf-8").strip()
        if not (MIN_TOKEN_LENGTH <= len(token) <= MAX_TOKEN_LENGTH and token.isascii() and token.isprintable()):
            raise ValueError(
                f"{settings.token_file} has to hold {MIN_TOKEN_LENGTH} to {MAX_TOKEN_LENGTH} letters and digits: "
                f"openssl rand -hex 16 > {settings.token_file}"
            )
        return token
    return "" if is_loopback(settings.host) else make_token()


def make_address(host: str, port: int, token: str) -> str:
    """To open in a browser; of a server at all addresses by this computer's name."""
    is_anywhere = host in ("0.0.0.0", "::", "")
    name = socket.gethostname() if is_anywhere else f"[{host}]" if ":" in host else host
    return f"http://{name}:{port}/" + (f"?{TOKEN_PARAMETER}={token}" if token else "")


def main() -> None:
    """Entry point, by fingertip_contact.start."""
    run_node(WebNode)
