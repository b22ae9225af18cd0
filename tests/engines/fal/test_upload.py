"""Does a picture arrive at FAL as it is, through the unmodified library, and without the key?"""

from __future__ import annotations

import asyncio
import gc

import httpx
import pytest

from jobs.engines.fal import AccountProblem, FalClient, FalHosts, Rejected, Transient
from jobs.engines.fal.storage import tidy_filename
from tests.virtual_fal.running import VirtualFal
from tests.virtual_fal.tests.caller import draw_picture

from .conftest import LIMITS, count, upload


async def test_it_works(client: FalClient, fal: VirtualFal) -> None:
    url = await upload(client, lifetime_seconds=7200)
    assert client.hosts.check_file_url(url) == url
    (call,) = fal.ledger(step="upload")["requests"]
    headers = call["headers"]
    assert headers["content-type"] == "image/png"
    assert '"expiration_duration_seconds": 7200' in headers["x-fal-object-lifecycle"]
    assert headers["user-agent"].startswith("fal-client/1.0.3")


async def test_the_bytes_arrive_unchanged(plain: FalClient, fal: VirtualFal) -> None:
    url = await upload(plain, 3)
    assert httpx.get(url, trust_env=False).content == draw_picture(3)


async def test_nothing_stays_open(plain: FalClient, fal: VirtualFal) -> None:
    """A socket left to the garbage collector warns, and a warning fails the test."""
    async with FalClient(fal.key, hosts=plain.hosts, limits=LIMITS) as client:
        await upload(client)
        await client.probe()
    del client
    gc.collect()


async def test_each_upload_has_an_address_of_its_own(plain: FalClient, fal: VirtualFal) -> None:
    """The request history is matched by it."""
    assert len({await upload(plain) for _ in range(3)}) == 3


async def test_many_at_once_share_a_token(plain: FalClient, fal: VirtualFal) -> None:
    urls = await asyncio.gather(*(upload(plain, number) for number in range(12)))
    assert len(set(urls)) == 12
    assert count(fal, "token") == 1


@pytest.mark.parametrize("name", ["429-twice", "503-nginx-twice", "close-twice", "reset-twice"])
async def test_it_is_repeated_a_little(plain: FalClient, fal: VirtualFal, name: str) -> None:
    fal.script(f"upload-{name}")
    assert await upload(plain)
    assert count(fal, "upload") == 3


@pytest.mark.parametrize("name", ["500", "503", "503-nginx", "429", "404", "hang", "close", "text", "cut", "short"])
async def test_a_failing_upload_can_be_tried_again(plain: FalClient, fal: VirtualFal, name: str) -> None:
    fal.script(f"upload-{name}")
    with pytest.raises(Transient) as trouble:
        await upload(plain)
    assert trouble.value.retryable
    assert count(fal, "upload") <= 3
    assert count(fal, "initiate") == 0  # the library's second way would send the key to a bucket


@pytest.mark.parametrize("name", ["500", "503-nginx", "429", "404", "close", "text", "cut"])
async def test_a_failing_token_can_be_tried_again(plain: FalClient, fal: VirtualFal, name: str) -> None:
    fal.script(f"token-{name}")
    with pytest.raises(Transient):
        await upload(plain)
    assert count(fal, "initiate") == 0


@pytest.mark.parametrize(("name", "reason"), [("locked", "balance"), ("bad-key", "auth"), ("upload-403", "balance")])
async def test_the_account_may_be_the_problem(plain: FalClient, fal: VirtualFal, name: str, reason: str) -> None:
    fal.script(name)
    with pytest.raises(AccountProblem) as trouble:
        await upload(plain)
    assert trouble.value.reason == reason


@pytest.mark.parametrize("status", [400, 422])
async def test_the_picture_may_be_rejected(plain: FalClient, fal: VirtualFal, status: int) -> None:
    fal.script(f"upload-{status}")
    with pytest.raises(Rejected) as trouble:
        await upload(plain)
    assert trouble.value.code == "provider_rejected_input"


async def test_a_worn_out_token_is_replaced(plain: FalClient, fal: VirtualFal) -> None:
    await upload(plain)
    fal.script({"faults": {"upload": {"kind": "answer", "status": 401, "times": 1}}})
    with pytest.raises(Transient):
        await upload(plain, 1)
    assert await upload(plain, 1)
    assert count(fal, "token") == 2


@pytest.mark.parametrize("address", ["https://evil.example/x.png", "http://127.0.0.1:1/x.png", 5, None])
async def test_an_address_elsewhere_is_not_taken(plain: FalClient, fal: VirtualFal, address: object) -> None:
    fal.script({"faults": {"upload": {"kind": "edit", "put": {"access_url": address}}}})
    with pytest.raises(Transient):
        await upload(plain)


@pytest.mark.parametrize("weather", ["refuse", "dns", "tls", "drop"])
async def test_fal_may_be_down(outside: VirtualFal, weather: str) -> None:
    outside.set_weather(weather)
    async with FalClient(outside.key, limits=LIMITS) as client:
        with pytest.raises(Transient):
            await upload(client)
    outside.clear_weather()


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("Grüße an Oma.png", "Gr-e-an-Oma.png"),
        ("../../etc/passwd", "etc-passwd"),
        ("", "picture"),
        ("日本", "picture"),
        ("a\r\nX: y.png", "a-X-y.png"),
        ("x" * 300 + ".webp", "x" * 75 + ".webp"),
    ],
)
def test_a_name_is_made_fit_for_a_header(given: str, sent: str) -> None:
    assert tidy_filename(given) == sent


async def test_it_needs_no_environment(plain: FalClient, fal: VirtualFal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAL_KEY", "another:key")
    assert await upload(plain)
    assert FalHosts() != plain.hosts
