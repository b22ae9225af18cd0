"""How does FAL announce that a request is over? Signed POSTs, with the faults that a scenario asks for."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import ipaddress
import json
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from .scenarios import Webhook

Message = Mapping[str, Any]
_USER = "virtual-user"
_TIMEOUT = aiohttp.ClientTimeout(total=15)
_MOST_TRIES = 10
_HEADER = "X-Fal-Webhook-"


class Signer:
    """An Ed25519 key that outlives a restart with the same directory."""

    def __init__(self, directory: Path) -> None:
        path = directory / "webhook.key"
        if not path.exists():
            path.write_bytes(Ed25519PrivateKey.generate().private_bytes_raw())
        self._key = Ed25519PrivateKey.from_private_bytes(path.read_bytes())
        self._stranger = Ed25519PrivateKey.generate()

    def publish(self) -> dict[str, Any]:
        """The JWKS: an older key that signs nothing any more, and the one in use."""
        older = Ed25519PrivateKey.from_private_bytes(bytes(32))
        keys = ((older, "virtual-fal-old"), (self._key, "virtual-fal"))
        return {
            "keys": [{"kty": "OKP", "crv": "Ed25519", "use": "sig", "kid": kid, "x": _encode(key)} for key, kid in keys]
        }

    def sign(self, body: bytes, *, request_id: str, timestamp: str, webhook: Webhook) -> dict[str, str]:
        """The four headers, spoilt as the scenario asks."""
        message = "\n".join((request_id, _USER, timestamp, hashlib.sha256(body).hexdigest())).encode()
        if webhook.signature == "bad":
            message += b"!"
        key = self._stranger if webhook.signature == "stranger" else self._key
        signature = "not hexadecimal" if webhook.signature == "text" else key.sign(message).hex()
        headers = {
            f"{_HEADER}Request-Id": request_id,
            f"{_HEADER}User-Id": _USER,
            f"{_HEADER}Timestamp": timestamp,
            f"{_HEADER}Signature": signature,
        }
        return {name: value for name, value in headers.items() if name.removeprefix(_HEADER) not in webhook.omit}


class Courier:
    """Delivers messages to loopback addresses, again while they are not taken."""

    def __init__(self, signer: Signer, *, now: Callable[[], float], pause: float, log: list[dict[str, Any]]) -> None:
        self.signer, self.now, self.pause, self.log = signer, now, pause, log
        self._session: aiohttp.ClientSession | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def dispatch(self, url: str, write: Callable[[], Awaitable[Message]], webhook: Webhook) -> None:
        task = asyncio.get_running_loop().create_task(self._deliver(url, write, webhook))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def deliver_once(self, url: str, message: Message, webhook: Webhook, *, attempt: int = 1) -> bool:
        """One POST; True when the receiver said 2xx."""
        body, request_id = write_body(message, webhook)
        timestamp = webhook.timestamp or str(int(self.now() + webhook.timestamp_offset))
        header_id = webhook.header_request_id or request_id
        headers = self.signer.sign(body, request_id=header_id, timestamp=timestamp, webhook=webhook)
        status, answer = await self._post(url, body, {"Content-Type": "application/json", **headers})
        self.log.append({
            "url": url, "request_id": message["request_id"], "attempt": attempt, "status": status, "answer": answer,
            "at": self.now(),
        })  # fmt: skip
        return status is not None and 200 <= status < 300

    async def close(self) -> None:
        self.forget()
        if self._session:
            await self._session.close()

    def forget(self) -> None:
        for task in list(self._tasks):
            task.cancel()

    async def _deliver(self, url: str, write: Callable[[], Awaitable[Message]], webhook: Webhook) -> None:
        message = await write()
        await asyncio.sleep(webhook.delay)
        for _ in range(webhook.times - 1):
            await self.deliver_once(url, message, webhook)
        for attempt in range(1, _MOST_TRIES + 1):
            if await self.deliver_once(url, message, webhook, attempt=attempt) or not webhook.retry:
                return
            await asyncio.sleep(self.pause * 2 ** (attempt - 1))

    async def _post(self, url: str, body: bytes, headers: dict[str, str]) -> tuple[int | None, str]:
        if not is_loopback_url(url):
            return None, "not a loopback address: nothing leaves this machine"
        self._session = self._session or aiohttp.ClientSession(timeout=_TIMEOUT)
        try:
            async with self._session.post(url, data=body, headers=headers, ssl=False) as response:
                return response.status, (await response.text(errors="replace"))[:500]
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return None, type(error).__name__


def write_body(message: Message, webhook: Webhook) -> tuple[bytes, str]:
    """The raw body with sorted keys, and the request id it names."""
    request_id = webhook.request_id or message["request_id"]
    changed = {**message, "request_id": request_id}
    if webhook.request_id:
        changed["gateway_request_id"] = request_id
    if webhook.payload_error:
        changed["payload"] = None
        changed["payload_error"] = "Response payload is not JSON serializable. Use the queue to fetch the result."
    body = json.dumps(changed, sort_keys=True).encode()
    return body.ljust(webhook.pad_to_bytes), request_id


def is_loopback_url(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _encode(key: Ed25519PrivateKey) -> str:
    return base64.urlsafe_b64encode(key.public_key().public_bytes_raw()).rstrip(b"=").decode()
