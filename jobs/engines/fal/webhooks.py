"""Does a webhook come from FAL? Ed25519 over its headers and body, with the keys that FAL publishes."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from .hosts import check_request_id
from .webhook_keys import FetchKeys, KeyCache, KeySet, WebhookRefused, load_keys, refresh_keys

MAX_BODY_BYTES = 1 << 20
_MOST_SKEW_SECONDS = 300
_PREFIX = "x-fal-webhook-"
_TIMESTAMP = re.compile(r"[0-9]{1,12}")
_SIGNATURE = re.compile(r"[0-9a-fA-F]{128}")


@dataclass(frozen=True, kw_only=True)
class WebhookClaim:
    """What a believed webhook says. Its payload is not read: the result is fetched from FAL."""

    request_id: str
    user_id: str


@dataclass(frozen=True, kw_only=True)
class Envelope:
    """The four headers, well-formed and of this moment."""

    request_id: str
    user_id: str
    timestamp: str
    signature: bytes

    def write_message(self, body: bytes) -> bytes:
        """What FAL has signed."""
        return "\n".join((self.request_id, self.user_id, self.timestamp, hashlib.sha256(body).hexdigest())).encode()


async def check_webhook(
    headers: Mapping[str, str], body: bytes, *, cache: KeyCache, fetch: FetchKeys, now: float
) -> WebhookClaim:
    """``verify_webhook`` with cached keys: read anew when they are old, and once when the signature fits none."""
    read_envelope(headers, body, now=now)  # what needs no key is refused before FAL is asked for any
    keys = await load_keys(cache, fetch=fetch, now=now)
    try:
        return verify_webhook(headers, body, jwks=keys, now=now)
    except WebhookRefused as refusal:
        if refusal.code != "webhook_signature_invalid" or not keys.may_be_refreshed(now):
            raise
        newer = await refresh_keys(keys, cache, fetch=fetch, now=now)
        if newer.keys == keys.keys:
            raise
    return verify_webhook(headers, body, jwks=newer, now=now)


def verify_webhook(headers: Mapping[str, str], body: bytes, *, jwks: KeySet, now: float) -> WebhookClaim:
    """The claim of a message that FAL has signed within five minutes of ``now``; raises ``WebhookRefused``."""
    envelope = read_envelope(headers, body, now=now)
    message = envelope.write_message(body)
    if not any(_is_signed(message, envelope.signature, key) for key in jwks.keys):
        raise WebhookRefused("webhook_signature_invalid", "The signature fits none of FAL's keys.")
    if _read_request_id(body) != envelope.request_id:
        raise WebhookRefused("webhook_mismatch", "Header and body name different requests.")
    return WebhookClaim(request_id=envelope.request_id, user_id=envelope.user_id)


def read_envelope(headers: Mapping[str, str], body: bytes, *, now: float) -> Envelope:
    if len(body) > MAX_BODY_BYTES:
        raise WebhookRefused("request_too_large", f"A webhook may have {MAX_BODY_BYTES} bytes.")
    found = {name.lower().removeprefix(_PREFIX): value for name, value in headers.items()}
    request_id, user_id, timestamp, signature = (
        found.get(name, "") for name in ("request-id", "user-id", "timestamp", "signature")
    )
    if not (request_id and user_id and timestamp and _SIGNATURE.fullmatch(signature)):
        raise WebhookRefused("webhook_signature_invalid", "A signature header is missing or malformed.")
    if not _TIMESTAMP.fullmatch(timestamp) or abs(now - int(timestamp)) > _MOST_SKEW_SECONDS:
        raise WebhookRefused("webhook_timestamp_out_of_range", "The timestamp is not of the last five minutes.")
    try:
        check_request_id(request_id)
    except ValueError:
        raise WebhookRefused("webhook_signature_invalid", "The request id is malformed.") from None
    return Envelope(request_id=request_id, user_id=user_id, timestamp=timestamp, signature=bytes.fromhex(signature))


def _read_request_id(body: bytes) -> object:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return said.get("request_id") if isinstance(said, dict) else None


def _is_signed(message: bytes, signature: bytes, key: str) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(key)).verify(signature, message)
    except InvalidSignature:
        return False
    return True
