"""Is a webhook believed only when FAL has signed it, now, for one request?"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest

from jobs.engines.fal import FalClient, FalHosts
from jobs.engines.fal.webhook_keys import KeySet, WebhookRefused, fetch_keys, parse_keys
from jobs.engines.fal.webhooks import check_webhook, verify_webhook
from tests.virtual_fal.running import VirtualFal
from tests.virtual_fal.tests.conftest import Delivery, Receiver

from .conftest import submit, wait

DAY = 24 * 3600.0


class Cache:
    def __init__(self, keys: KeySet | None = None) -> None:
        self.keys = keys

    def get(self) -> KeySet | None:
        return self.keys

    def set(self, keys: KeySet) -> None:
        self.keys = keys


def reach(fal: VirtualFal) -> Callable[[], Awaitable[tuple[str, ...] | None]]:
    return lambda: fetch_keys(FalHosts.from_base_url(fal.base_url))


async def receive(client: FalClient, fal: VirtualFal, receiver: Receiver, **fields: Any) -> tuple[str, Delivery]:
    """The message of a finished request, sent as the fields say."""
    fal.script("webhook-never", count=1)
    request_id = await submit(client, webhook_url=receiver.url)
    await wait(client, request_id)
    await asyncio.to_thread(fal.send_webhook, request_id, **fields)
    return request_id, receiver.wait_for(1)[0]


async def refuse(
    client: FalClient, fal: VirtualFal, receiver: Receiver, *, cache: Cache | None = None, **fields: Any
) -> str:
    _, delivery = await receive(client, fal, receiver, **fields)
    with pytest.raises(WebhookRefused) as refusal:
        await check_webhook(delivery.headers, delivery.body, cache=cache or Cache(), fetch=reach(fal), now=time.time())
    return refusal.value.code


def count_fetches(fal: VirtualFal) -> int:
    return len(fal.ledger(step="jwks")["requests"])


async def test_it_works(plain: FalClient, fal: VirtualFal, receiver: Receiver) -> None:
    """W01."""
    request_id, delivery = await receive(plain, fal, receiver)
    cache = Cache()
    for _ in range(3):
        claim = await check_webhook(delivery.headers, delivery.body, cache=cache, fetch=reach(fal), now=time.time())
        assert claim.request_id == request_id
        assert claim.user_id
    assert count_fetches(fal) == 1


async def test_it_works_with_fals_own_address(proxied: FalClient, outside: VirtualFal, receiver: Receiver) -> None:
    request_id, delivery = await receive(proxied, outside, receiver)
    claim = await check_webhook(delivery.headers, delivery.body, cache=Cache(), fetch=fetch_keys, now=time.time())
    assert claim.request_id == request_id
    assert "rest.fal.ai" in outside.ledger()["connects"]


async def test_header_names_may_have_any_case(plain: FalClient, fal: VirtualFal, receiver: Receiver) -> None:
    _, delivery = await receive(plain, fal, receiver)
    headers = {name.upper(): value for name, value in delivery.headers.items()}
    keys = KeySet(keys=await reach(fal)() or (), fetched_at=1)
    assert verify_webhook(headers, delivery.body, jwks=keys, now=time.time())


@pytest.mark.parametrize("header", ["Signature", "Timestamp", "Request-Id", "User-Id"])
async def test_each_header_is_needed(plain: FalClient, fal: VirtualFal, receiver: Receiver, header: str) -> None:
    """W03."""
    assert await refuse(plain, fal, receiver, omit=[header]) == "webhook_signature_invalid"
    assert count_fetches(fal) == 0


@pytest.mark.parametrize("signature", ["bad", "stranger", "text"])
async def test_the_signature_must_be_fals(
    plain: FalClient, fal: VirtualFal, receiver: Receiver, signature: str
) -> None:
    """W02, W03."""
    assert await refuse(plain, fal, receiver, signature=signature) == "webhook_signature_invalid"


async def test_one_changed_byte_is_too_many(plain: FalClient, fal: VirtualFal, receiver: Receiver) -> None:
    _, delivery = await receive(plain, fal, receiver)
    keys = KeySet(keys=await reach(fal)() or ())
    for headers, body in (
        (delivery.headers, delivery.body + b" "),
        ({**delivery.headers, "x-fal-webhook-user-id": "another"}, delivery.body),
        ({**delivery.headers, "x-fal-webhook-timestamp": str(int(time.time()) - 1)}, delivery.body),
    ):
        with pytest.raises(WebhookRefused) as refusal:
            verify_webhook(headers, body, jwks=keys, now=time.time())
        assert refusal.value.code == "webhook_signature_invalid"


@pytest.mark.parametrize(
    "timestamp",
    ["abc", str(2**63), "-5", "", "1.5", "١٢٣", " 1", "0"],
)
async def test_the_timestamp_must_be_one(plain: FalClient, fal: VirtualFal, receiver: Receiver, timestamp: str) -> None:
    """W05."""
    _, delivery = await receive(plain, fal, receiver)
    headers = {**delivery.headers, "x-fal-webhook-timestamp": timestamp}
    with pytest.raises(WebhookRefused) as refusal:
        verify_webhook(headers, delivery.body, jwks=KeySet(), now=time.time())
    assert refusal.value.code == ("webhook_timestamp_out_of_range" if timestamp else "webhook_signature_invalid")


@pytest.mark.parametrize(("offset", "is_taken"), [(-301, False), (-299, True), (0, True), (299, True), (301, False)])
async def test_the_timestamp_must_be_of_now(
    plain: FalClient, fal: VirtualFal, receiver: Receiver, offset: int, is_taken: bool
) -> None:
    """W05: five minutes either way."""
    _, delivery = await receive(plain, fal, receiver)
    keys = KeySet(keys=await reach(fal)() or ())
    now = float(delivery.headers["x-fal-webhook-timestamp"]) - offset
    if is_taken:
        assert verify_webhook(delivery.headers, delivery.body, jwks=keys, now=now)
        return
    with pytest.raises(WebhookRefused) as refusal:
        verify_webhook(delivery.headers, delivery.body, jwks=keys, now=now)
    assert refusal.value.code == "webhook_timestamp_out_of_range"


async def test_header_and_body_must_name_the_same_request(
    plain: FalClient, fal: VirtualFal, receiver: Receiver
) -> None:
    """W11, the part that needs no attempt."""
    other = "00000000-0000-4000-8000-000000000000"
    assert await refuse(plain, fal, receiver, header_request_id=other) == "webhook_mismatch"


async def test_the_body_has_a_largest_size(plain: FalClient, fal: VirtualFal, receiver: Receiver) -> None:
    """W13: refused before anything is computed."""
    assert await refuse(plain, fal, receiver, pad_to_bytes=1024 * 1024 + 1) == "request_too_large"
    assert count_fetches(fal) == 0


async def test_the_largest_body_is_taken(plain: FalClient, fal: VirtualFal, receiver: Receiver) -> None:
    _, delivery = await receive(plain, fal, receiver, pad_to_bytes=1024 * 1024)
    assert await check_webhook(delivery.headers, delivery.body, cache=Cache(), fetch=reach(fal), now=time.time())


@pytest.mark.parametrize("name", ["rsa", "alg-none", "short-key", "empty", "10000-keys", "5-mb"])
async def test_odd_key_sets_hold_no_key(plain: FalClient, fal: VirtualFal, receiver: Receiver, name: str) -> None:
    """W07."""
    _, delivery = await receive(plain, fal, receiver)
    fal.script(f"jwks-{name}")
    with pytest.raises(WebhookRefused) as refusal:
        await check_webhook(delivery.headers, delivery.body, cache=Cache(), fetch=reach(fal), now=time.time())
    assert refusal.value.code == "webhook_signature_invalid"


@pytest.mark.parametrize("weather", ["503", "close", "hang"])
@pytest.mark.parametrize(("age", "is_taken"), [(23 * 3600.0, True), (25 * 3600.0, False)])
async def test_cached_keys_last_a_day(
    plain: FalClient, fal: VirtualFal, receiver: Receiver, weather: str, age: float, is_taken: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """W09."""
    monkeypatch.setattr("jobs.engines.fal.webhook_keys._FETCH_SECONDS", 0.3)
    _, delivery = await receive(plain, fal, receiver)
    now = time.time()
    cache = Cache(KeySet(keys=await reach(fal)() or (), fetched_at=now - age, asked_at=now - age))
    fal.script(f"jwks-{weather}")
    check = check_webhook(delivery.headers, delivery.body, cache=cache, fetch=reach(fal), now=now)
    if is_taken:
        assert await check
        return
    with pytest.raises(WebhookRefused) as refusal:
        await check
    assert (refusal.value.code, refusal.value.status) == ("webhook_keys_unavailable", 503)
    assert refusal.value.retry_after


async def test_changed_keys_are_read_once(plain: FalClient, fal: VirtualFal, receiver: Receiver) -> None:
    _, delivery = await receive(plain, fal, receiver)
    now = time.time()
    cache = Cache(KeySet(keys=("00" * 32,), fetched_at=now - 3600, asked_at=now - 3600))
    assert await check_webhook(delivery.headers, delivery.body, cache=cache, fetch=reach(fal), now=now)
    assert count_fetches(fal) == 1


@pytest.mark.parametrize("name", ["default", "jwks-503", "jwks-empty"])
async def test_bad_signatures_make_us_ask_once_in_five_minutes(
    plain: FalClient, fal: VirtualFal, receiver: Receiver, name: str
) -> None:
    _, delivery = await receive(plain, fal, receiver, signature="stranger")
    now = time.time()
    keys = await reach(fal)() or ()
    cache = Cache(KeySet(keys=keys, fetched_at=now - 3600, asked_at=now - 3600))
    fal.script(name)
    for _ in range(5):
        with pytest.raises(WebhookRefused) as refusal:
            await check_webhook(delivery.headers, delivery.body, cache=cache, fetch=reach(fal), now=now)
        assert refusal.value.code == "webhook_signature_invalid"
    assert count_fetches(fal) == 2
    assert cache.keys is not None
    assert cache.keys.keys == keys


async def test_keys_that_cannot_be_read_are_not_asked_for_at_each_webhook(
    plain: FalClient, fal: VirtualFal, receiver: Receiver
) -> None:
    _, delivery = await receive(plain, fal, receiver)
    fal.script("jwks-503")
    cache, now = Cache(), time.time()
    for later in (0.0, 1.0, 9.0, 11.0):
        with pytest.raises(WebhookRefused, match="cannot be read"):
            await check_webhook(delivery.headers, delivery.body, cache=cache, fetch=reach(fal), now=now + later)
    assert count_fetches(fal) == 2


def test_a_web_process_loads_neither_the_upload_library_nor_numpy() -> None:
    unwanted = {"fal_client", "httpx", "numpy", "django"}
    program = f"import sys, jobs.engines.fal.webhooks; sys.exit(', '.join({unwanted!r} & set(sys.modules)) or 0)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def write_keys(*keys: Mapping[str, object]) -> bytes:
    return json.dumps({"keys": keys}).encode()


GOOD = {"kty": "OKP", "crv": "Ed25519", "x": "A" * 43}


@pytest.mark.parametrize(
    "document",
    [
        b"", b"[]", b"{}", b'{"keys": 5}', b"\xff", write_keys(), write_keys({}), write_keys({**GOOD, "kty": "RSA"}),
        write_keys({**GOOD, "alg": "none"}), write_keys({**GOOD, "crv": "X25519"}), write_keys({**GOOD, "x": "A" * 41}),
        write_keys({**GOOD, "x": 5}), write_keys({**GOOD, "x": "ä" * 43}), write_keys({**GOOD, "use": "enc"}),
        write_keys(*[GOOD] * 21), write_keys(GOOD) + b" " * (64 << 10),
    ],
)  # fmt: skip
def test_only_ed25519_keys_are_read(document: bytes) -> None:
    assert parse_keys(document) == ()


def test_a_good_key_beside_odd_ones_is_read() -> None:
    assert parse_keys(write_keys({"kty": "RSA"}, {**GOOD, "alg": "EdDSA", "use": "sig"}, GOOD)) == ("00" * 32,) * 2
