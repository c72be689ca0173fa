"""The page, its files and the websocket, by aiohttp in a thread of its own."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files

from aiohttp import WSCloseCode, web

from fingertip_contact.keyboard.layout import Layout
from fingertip_contact.resources import PACKAGE
from fingertip_contact.web.client import Client, to_json
from fingertip_contact.web.guard import Guard
from fingertip_contact.web.json_values import make_layout
from fingertip_contact.web.live_state import LiveState

SCHEMA_VERSION = 1
CONTENT_TYPES = {
    "index.html": "text/html",
    "app.js": "text/javascript",
    "charts.js": "text/javascript",
    "style.css": "text/css",
    "icon.svg": "image/svg+xml",
    "schema.json": "application/json",
}
MAX_CLIENTS = 16
# All that a client says is {"overlay": true}.
MAX_REQUEST_BYTES = 256
# A client that has gone without a word is noticed after this and half of it.
HEARTBEAT_S = 10.0
START_TIMEOUT_S = 10.0
# For a client's answer to our goodbye.
CLOSE_TIMEOUT_S = 1.0

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class ServerSettings:
    """token: empty where none is asked for. rate_hz: messages to each client, at most."""

    host: str
    port: int
    token: str
    rate_hz: float


class WebServer:
    """Serves a LiveState until `stop`."""

    def __init__(self, state: LiveState, layout: Layout, settings: ServerSettings) -> None:
        self._state = state
        self._settings = settings
        self._layout = make_layout(layout)
        self._clients: dict[Client, None] = {}
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._started = threading.Event()
        self._error: OSError | None = None
        self._port = settings.port
        self._thread = threading.Thread(target=self._run, name="web", daemon=True)

    @property
    def port(self) -> int:
        """The one in use, also where 0 was asked for: any that is free."""
        return self._port

    @property
    def watcher_count(self) -> int:
        """Clients that want images now."""
        return sum(client.wants_overlay for client in tuple(self._clients))

    def start(self) -> None:
        """Raises OSError that names the address where it cannot be used."""
        self._thread.start()
        is_in_time = self._started.wait(START_TIMEOUT_S)
        address = f"{self._settings.host}:{self._settings.port}"
        if self._error is not None:
            raise OSError(
                f"the page cannot be served at {address}: {self._error.strerror}; choose another port or host"
            )
        if not is_in_time:
            raise OSError(f"the page was not served at {address} within {START_TIMEOUT_S:g} s; try another host")
        self._state.on_change, self._state.on_image = self._announce_change, self._announce_image

    def stop(self) -> None:
        """Says goodbye to all clients."""
        self._state.on_change = self._state.on_image = lambda: None
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(HEARTBEAT_S)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._serve())
        except OSError as error:
            self._error = error
        finally:
            self._started.set()
            self._loop.close()

    async def _serve(self) -> None:
        runner = web.AppRunner(self.make_application(), access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        try:
            site = web.TCPSite(runner, self._settings.host, self._settings.port)
            await site.start()
            self._port = runner.addresses[0][1]
            self._started.set()
            await self._stop.wait()
            await asyncio.gather(*(client.socket.close(code=WSCloseCode.GOING_AWAY) for client in self._clients))
        finally:
            await runner.cleanup()

    def make_application(self) -> web.Application:
        """The routes behind the guard."""
        application = web.Application(middlewares=[Guard(self._settings.token).check], client_max_size=1024)
        application.router.add_get("/", _serve_file)
        application.router.add_get("/layout.json", self._serve_layout)
        application.router.add_get("/state.json", self._serve_state)
        application.router.add_get("/ws", self._serve_client)
        for name in CONTENT_TYPES:
            application.router.add_get(f"/{name}", _serve_file)
        return application

    async def _serve_layout(self, request: web.Request) -> web.Response:
        return web.Response(text=to_json(self._layout), content_type="application/json")

    async def _serve_state(self, request: web.Request) -> web.Response:
        message, _ = self._state.make_message(self._state.event_count)
        return web.Response(text=to_json(message), content_type="application/json")

    async def _serve_client(self, request: web.Request) -> web.StreamResponse:
        if len(self._clients) >= MAX_CLIENTS:
            return web.Response(status=503, text=f"{MAX_CLIENTS} clients are here already; close one\n")
        socket = web.WebSocketResponse(
            timeout=CLOSE_TIMEOUT_S, heartbeat=HEARTBEAT_S, max_msg_size=MAX_REQUEST_BYTES, compress=False
        )
        client = Client(socket)
        self._clients[client] = None  # Before the first await: two that come at once count as two.
        senders: list[asyncio.Task[None]] = []
        try:
            await socket.prepare(request)
            hello = {"type": "hello", "version": SCHEMA_VERSION, "layout": self._layout}
            await socket.send_str(to_json(hello | {"rate_hz": self._settings.rate_hz}))
            tasks = (client.send_states(self._state, 1 / self._settings.rate_hz), client.send_images(self._state))
            senders = [asyncio.create_task(task) for task in tasks]
            await client.receive()
        except ConnectionError:
            logger.debug("a client has gone")
        finally:
            for sender in senders:
                sender.cancel()
            del self._clients[client]
        return socket

    def _announce_change(self) -> None:
        self._call(self._wake_for_change)

    def _announce_image(self) -> None:
        self._call(self._wake_for_image)

    def _wake_for_change(self) -> None:
        for client in self._clients:
            client.changed.set()

    def _wake_for_image(self) -> None:
        for client in self._clients:
            client.has_image.set()

    def _call(self, function: Callable[[], None]) -> None:
        """In the server's thread; from any other."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(function)


async def _serve_file(request: web.Request) -> web.Response:
    """A file of the page: only the names of CONTENT_TYPES have a route."""
    name = request.path[1:] or "index.html"
    content = (files(PACKAGE) / "web" / "page" / name).read_bytes()
    return web.Response(body=content, content_type=CONTENT_TYPES[name], charset="utf-8")
