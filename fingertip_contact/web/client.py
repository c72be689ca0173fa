"""One websocket of the page: what it is sent, and what it may say."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any

from aiohttp import WSCloseCode, WSMsgType, web

from fingertip_contact.web.live_state import LiveState

# Without changes too, so that a client sees silence.
MAX_PERIOD_S = 1.0

logger = logging.getLogger(__name__)


class Client:
    """A websocket. It is sent what is newest when its turn comes; while it is slow, nothing is kept for it."""

    def __init__(self, socket: web.WebSocketResponse) -> None:
        self.socket = socket
        self.changed = asyncio.Event()
        self.has_image = asyncio.Event()
        self.wants_overlay = False
        self._image_number = 0

    async def send_states(self, state: LiveState, period_s: float) -> None:
        """Until the socket is closed or the task is cancelled."""
        sent = state.event_count
        clock = asyncio.get_running_loop().time
        due_s = clock()
        self.changed.set()
        try:
            while not self.socket.closed:
                await self._wait_for_change()
                await asyncio.sleep(due_s - clock())
                # One message may come early, so that images at this very rate do not wait for their turn each time.
                due_s = max(due_s, clock() - period_s) + period_s
                self.changed.clear()
                message, sent = state.make_message(sent)
                await self.socket.send_str(to_json(message))
        except ConnectionError:
            logger.debug("a client has gone")

    async def send_images(self, state: LiveState) -> None:
        """Each while it is the newest and wanted. Beside the states, which are not to wait for a large image's turn."""
        try:
            while not self.socket.closed:
                await self.has_image.wait()
                self.has_image.clear()
                if not self.wants_overlay:
                    continue
                jpeg, self._image_number = state.get_overlay(self._image_number)
                if jpeg:
                    await self.socket.send_bytes(jpeg)
        except ConnectionError:
            logger.debug("a client has gone")

    async def receive(self) -> None:
        """Until the socket is closed; a client that says anything else than is documented is sent away."""
        async for message in self.socket:
            wanted = _parse_request(message.data) if message.type == WSMsgType.TEXT else None
            if wanted is None:
                await self.socket.close(code=WSCloseCode.POLICY_VIOLATION, message=b'send {"overlay": true} or false')
                return
            self.wants_overlay = wanted
            # The newest one is there already where somebody else watches.
            self.has_image.set()

    async def _wait_for_change(self) -> None:
        try:
            await asyncio.wait_for(self.changed.wait(), MAX_PERIOD_S)
        except asyncio.TimeoutError:
            return


def to_json(value: dict[str, Any]) -> str:
    """Raises ValueError for NaN and infinity, which JSON does not have."""
    return json.dumps(value, allow_nan=False, separators=(",", ":"))


def _parse_request(text: str) -> bool | None:
    """Whether images are wanted; None for anything but that."""
    try:
        request = json.loads(text)
    except ValueError:
        return None
    is_known = isinstance(request, dict) and list(request) == ["overlay"] and isinstance(request["overlay"], bool)
    return request["overlay"] if is_known else None
