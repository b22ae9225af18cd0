"""How does a receiver know that a webhook is ours? Standard Webhooks: an HMAC over id, time and body. Pure Python."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable

PREFIX = "whsec_"
SECRET_BYTES = 32


def make_secret() -> str:
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def sign(body: str, *, webhook_id: str, timestamp: int, secret: str) -> str:
    """``v1,…``: one signature."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    digest = hmac.new(key, f"{webhook_id}.{timestamp}.{body}".encode(), hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def list_headers(body: str, *, webhook_id: str, timestamp: int, signed_with: Iterable[str]) -> dict[str, str]:
    """One signature for each secret that is still good, so that receivers can change theirs in their own time."""
    signatures = [sign(body, webhook_id=webhook_id, timestamp=timestamp, secret=secret) for secret in signed_with]
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signatures),
    }
