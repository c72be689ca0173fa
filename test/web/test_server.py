"""Who may see the page, what a client gets, and what it may say."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable

import jsonschema
import pytest

pytest.importorskip("aiohttp")

import aiohttp

from fingertip_contact.keyboard.layout import load_layout
from fingertip_contact.web.client import to_json
from fingertip_contact.web.guard import is_loopback, make_token
from fingertip_contact.web.live_state import LiveState
from fingertip_contact.web.server import CONTENT_TYPES, MAX_CLIENTS, ServerSettings, WebServer
from web_world import fill, make_event, make_jpeg, read_schema, serve

TOKEN = "0123456789abcdef"
DEADLINE_S = 20.0


@pytest.fixture
def state() -> LiveState:
    state = LiveState()
    fill(state)
    return state


def ask(server: WebServer, use: Callable[..., Awaitable[object]], **options: object) -> object:
    """The result of `use`, which gets a session with the server's address."""

    async def run() -> object:
        jar = aiohttp.CookieJar(unsafe=True)  # Else cookies of an address are not kept.
        timeout = aiohttp.ClientTimeout(total=DEADLINE_S)
        base = f"http://127.0.0.1:{server.port}"
        async with aiohttp.ClientSession(base, cookie_jar=jar, timeout=timeout, **options) as session:
            return await asyncio.wait_for(use(session), DEADLINE_S)

    return asyncio.run(run())


def get(server: WebServer, path: str, **headers: str) -> tuple[int, str, dict[str, str]]:
    """Status, text and headers of the response."""

    async def use(session):
        async with session.get(path, headers=headers) as response:
            return response.status, await response.text(), dict(response.headers)

    return ask(server, use)


async def receive_image(socket: aiohttp.ClientWebSocketResponse) -> bytes:
    """The next one."""
    while (message := await socket.receive()).type != aiohttp.WSMsgType.BINARY:
        pass
    return message.data


def test_every_file_is_served_with_its_headers(state):
    """Each with its type, and a policy that lets nothing come from elsewhere; any other path is not there."""
    with serve(state) as server:
        for name, content_type in CONTENT_TYPES.items():
            status, text, headers = get(server, f"/{name}")
            assert (status, headers["Content-Type"].split(";")[0]) == (200, content_type)
            assert "default-src 'none'" in headers["Content-Security-Policy"]
            assert text
        assert get(server, "/../server.py")[0] == 404
        status, text, _ = get(server, "/state.json")
        jsonschema.validate(json.loads(text), read_schema())
        assert {key["name"] for key in json.loads(get(server, "/layout.json")[1])["keys"]} >= {"a", "space"}


@pytest.mark.parametrize("path", ["/", "/ws", "/state.json"])
@pytest.mark.parametrize(
    "headers",
    [
        *({"Host": host} for host in ("evil.example", "127.0.0.1.evil.example:80", "[", "")),
        *({"Origin": origin} for origin in ("http://evil.example", "null", "http://127.0.0.1:1", "http://[")),
    ],
    ids=str,
)
def test_other_sites_are_refused(state, path, headers):
    """A name that was made to lead here, and a page of another site or port."""
    with serve(state) as server:
        assert get(server, path, **headers)[0] in (400, 403)


def test_the_token_is_asked_for(state):
    """By address, header or cookie; the page's address loses it at once."""
    with serve(state, TOKEN) as server:
        for path in ("/", "/ws", "/app.js", f"/?token={TOKEN}x", "/?token=", "/?token=%C3%A9"):
            assert get(server, path)[0] == 401
        assert get(server, "/state.json", Authorization="Bearer wrong")[0] == 401
        assert get(server, "/state.json", Authorization=f"Bearer {TOKEN}")[0] == 200
        assert get(server, f"/state.json?token={TOKEN}")[0] == 200

        async def log_in(session):
            async with session.get(f"/?token={TOKEN}", allow_redirects=False) as response:
                assert (response.status, response.headers["Location"]) == (303, "/")
                assert {"HttpOnly", "SameSite=Strict"} <= set(response.headers["Set-Cookie"].split("; "))
            async with session.get("/") as response:
                return response.status

        assert ask(server, log_in) == 200


def test_a_client_gets_hello_and_then_the_state(state):
    """Each message has the schema; events come once, images only where they are wanted."""

    async def use(session):
        async with session.ws_connect("/ws") as socket:
            hello, first = await socket.receive_json(), await socket.receive_json()
            state.add_event(make_event("e"))
            later = await socket.receive_json()
            await socket.send_json({"overlay": True})
            images = [await receive_image(socket)]
            state.set_overlay(make_jpeg() + b"new")
            images.append(await receive_image(socket))
            return hello, first, later, images

    with serve(state) as server:
        hello, first, later, images = ask(server, use)
    for message in (hello, first, later):
        jsonschema.validate(message, read_schema())
    assert (hello["type"], first["text"], first["events"]) == ("hello", "hello wor", [])
    assert [event["key"] for event in later["events"]] == ["e"]
    assert images == [make_jpeg(), make_jpeg() + b"new"]


def test_messages_are_limited(state):
    """The newest state, no more often than the rate, however fast it changes."""
    duration_s, rate_hz = 1.0, 20.0

    async def use(session):
        count, started_s = 0, time.monotonic()
        async with session.ws_connect("/ws") as socket:
            while time.monotonic() < started_s + duration_s:
                state.add_event(make_event("a"))
                try:
                    await socket.receive(timeout=0.002)
                    count += 1
                except asyncio.TimeoutError:
                    continue
        return count

    with serve(state, rate_hz=rate_hz) as server:
        assert 3 <= ask(server, use) <= duration_s * rate_hz + 3


@pytest.mark.parametrize("text", ["", "x", "[]", '{"overlay": 1}', '{"overlay": true, "a": 1}', "x" * 1000, "[" * 200])
def test_a_client_that_says_anything_else_is_sent_away(state, text):
    """With a code of the protocol; the server goes on."""

    async def use(session):
        async with session.ws_connect("/ws") as socket:
            await socket.send_str(text)
            async for _ in socket:
                pass
            return socket.close_code

    with serve(state) as server:
        assert ask(server, use) in (1008, 1009)
        assert get(server, "/")[0] == 200


def test_clients_are_limited(state):
    """One more than the limit is told so; a place that is left is free again."""

    async def use(session):
        sockets = [await session.ws_connect("/ws") for _ in range(MAX_CLIENTS)]
        async with session.get("/ws", headers={"Upgrade": "websocket", "Connection": "Upgrade"}) as response:
            status = response.status
        await sockets[0].close()
        for _ in range(100):
            try:
                sockets.append(await session.ws_connect("/ws"))
                return status
            except aiohttp.WSServerHandshakeError:
                await asyncio.sleep(0.02)
        return None

    with serve(state) as server:
        assert ask(server, use) == 503


def test_a_server_that_stops_says_goodbye(state):
    """Clients are closed, and the thread ends."""

    async def use(session):
        async with session.ws_connect("/ws") as socket:
            await socket.receive_json()
            stopping = asyncio.create_task(asyncio.to_thread(server.stop))
            async for _ in socket:
                pass
            await stopping
            return socket.close_code

    with serve(state) as server:
        assert ask(server, use) == 1001
        assert not server._thread.is_alive()


def test_an_address_that_is_taken_is_an_error(state):
    """It names the address and the remedy."""
    with serve(state) as server:
        second = WebServer(state, load_layout("qwerty"), ServerSettings("127.0.0.1", server.port, "", 30.0))
        with pytest.raises(OSError, match="choose another port"):
            second.start()


def test_tokens_and_addresses():
    """A token cannot be guessed; this computer's addresses are known."""
    assert len(make_token()) >= 20
    assert make_token() != make_token()
    assert [
        host for host in ("localhost", "127.0.0.1", "::1", "0.0.0.0", "192.168.1.2", "robot") if is_loopback(host)
    ] == [*("localhost", "127.0.0.1", "::1")]


def test_no_message_holds_nan():
    """What is not finite raises, and never leaves."""
    with pytest.raises(ValueError, match="JSON"):
        to_json({"a": float("nan")})
