"""Who may see the page: requests of other sites are refused, and beyond this computer those without the token.

A site that is open in the same browser could otherwise read what is typed: browsers let any page open a websocket to
localhost (hence the check of Origin), and a name of that site may be made to lead here (hence that of Host).
"""

from __future__ import annotations

import hmac
import ipaddress
import secrets
import socket
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from aiohttp import web

COOKIE = "fingertip_contact_token"
TOKEN_PARAMETER = "token"
HEADERS = {
    # Nothing from anywhere else, no inline scripts or styles; blob: are the images of the websocket.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def is_loopback(host: str) -> bool:
    """Whether only programs of this computer reach a server at this address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def make_token() -> str:
    """A new one, which nobody can guess: 128 bits."""
    return secrets.token_urlsafe(16)


class Guard:
    """token: empty where none is asked for."""

    def __init__(self, token: str) -> None:
        self._token = token
        name = socket.gethostname().lower()
        self._names = {"localhost", name, f"{name}.local"}

    @web.middleware
    async def check(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Refuses with 403 (another site) or 401 (no token)."""
        if reason := self._find_foreign(request):
            response: web.StreamResponse = web.Response(status=403, text=f"{reason}\n")
        elif not self._is_known(request):
            response = web.Response(
                status=401, text="open the address with ?token=..., which web_node prints when it starts\n"
            )
        elif self._token and request.path == "/" and TOKEN_PARAMETER in request.query:
            response = self._make_login(request)
        else:
            try:
                response = await handler(request)
            except web.HTTPException as error:
                response = web.Response(status=error.status, text=f"{error.reason}\n")
        if not response.prepared:
            response.headers.update(HEADERS)
        return response

    def _find_foreign(self, request: web.Request) -> str:
        """Why a request is not of our own page; empty where it is, or of a program that is no browser."""
        name, _ = _split(f"//{request.host}")
        if name not in self._names and not _is_address(name):
            return "this name is not of this computer; use its address"
        origin = request.headers.get("Origin")
        if origin is not None and _split(origin)[1] != request.host.lower():
            return "another site may not read this"
        return ""

    def _is_known(self, request: web.Request) -> bool:
        if not self._token:
            return True
        bearer = request.headers.get("Authorization", "").removeprefix("Bearer ")
        given = (request.query.get(TOKEN_PARAMETER, ""), request.cookies.get(_name_cookie(request), ""), bearer)
        # Each in constant time; bytes, because texts beyond ASCII would raise.
        expected = self._token.encode()
        return any(hmac.compare_digest(text.encode(errors="surrogateescape"), expected) for text in given)

    def _make_login(self, request: web.Request) -> web.Response:
        """Keeps the token in a cookie, so that it does not stay in the address and the history."""
        response = web.Response(status=303, headers={"Location": "/"})
        response.set_cookie(_name_cookie(request), self._token, httponly=True, samesite="Strict", path="/")
        return response


def _name_cookie(request: web.Request) -> str:
    """Browsers keep one set of cookies for all ports of a computer; each camera may have a page of its own."""
    return f"{COOKIE}_{request.url.port}"


def _split(address: str) -> tuple[str, str]:
    """Name, and name with port; both empty where it is no address."""
    try:
        parts = urlsplit(address.lower())
        return parts.hostname or "", parts.netloc
    except ValueError:
        return "", ""


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
