"""What does the account's own side of FAL tell? Request history, prices, and whether the key is good."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from jobs.engines.fal import AccountProblem, FalClient, HistoryEntry, OutcomeUnknown, Transient
from tests.virtual_fal.running import VirtualFal
from tests.virtual_fal.tests.caller import TRIPO

from .conftest import LIMITS, submit, upload, wait

AN_HOUR_AGO = datetime.now(UTC) - timedelta(hours=1)


async def test_history_works(client: FalClient, fal: VirtualFal) -> None:
    request_id = await submit(client)
    await wait(client, request_id)
    (entry,) = await client.find_requests(TRIPO, since=AN_HOUR_AGO)
    assert (entry.request_id, entry.endpoint, entry.status_code) == (request_id, TRIPO, 200)
    assert entry.sent_at
    assert entry.ended_at
    assert AN_HOUR_AGO < entry.sent_at <= entry.ended_at
    assert entry.has_input(entry.arguments["image_url"])


async def test_a_lost_submit_is_found_by_its_picture(plain: FalClient, fal: VirtualFal) -> None:
    fal.script("submit-reset-created")
    url, other = await upload(plain), await upload(plain)
    with pytest.raises(OutcomeUnknown):
        await plain.submit(TRIPO, {"image_url": url}, webhook_url=None, output_lifetime_seconds=60)
    fal.finish(fal.submits()[0]["request_id"])
    (found,) = [each for each in await plain.find_requests(TRIPO, since=AN_HOUR_AGO) if each.has_input(url)]
    assert found.request_id == fal.submits()[0]["request_id"]
    assert not found.has_input(other)


def test_an_input_is_found_in_lists_and_objects() -> None:
    entry = HistoryEntry(request_id="x", endpoint=TRIPO, arguments={"image_urls": ["a", {"deep": ["b"]}], "n": 5})
    assert entry.has_input("b")
    assert not entry.has_input("c")


async def test_history_has_many_pages(plain: FalClient, fal: VirtualFal) -> None:
    url = await upload(plain)
    arguments = {"image_url": url}
    ids = {await plain.submit(TRIPO, arguments, webhook_url=None, output_lifetime_seconds=60) for _ in range(105)}
    for request_id in ids:
        fal.finish(request_id)
    assert {entry.request_id for entry in await plain.find_requests(TRIPO, since=AN_HOUR_AGO)} == ids


async def test_history_has_a_window(plain: FalClient, fal: VirtualFal) -> None:
    await wait(plain, await submit(plain))
    assert await plain.find_requests(TRIPO, since=AN_HOUR_AGO, until=AN_HOUR_AGO + timedelta(minutes=5)) == []
    assert await plain.find_requests("fal-ai/trellis", since=AN_HOUR_AGO) == []


async def test_history_needs_a_zone(plain: FalClient) -> None:
    with pytest.raises(ValueError, match="zone"):
        await plain.find_requests(TRIPO, since=datetime(2026, 1, 1))  # noqa: DTZ001


@pytest.mark.parametrize("name", ["500", "503-nginx", "404", "422", "429", "hang", "close", "text", "cut"])
async def test_history_may_fail(plain: FalClient, fal: VirtualFal, name: str) -> None:
    fal.script(f"history-{name}")
    with pytest.raises(Transient):
        await plain.find_requests(TRIPO, since=AN_HOUR_AGO)


async def test_prices_work(client: FalClient) -> None:
    price = await client.price("fal-ai/trellis")
    assert price is not None
    assert (price.amount, price.currency) == (Decimal("0.02"), "USD")
    assert price.unit


async def test_an_unknown_endpoint_has_no_price(plain: FalClient) -> None:
    assert await plain.price("nobody/nothing") is None


async def test_prices_may_fail(plain: FalClient, fal: VirtualFal) -> None:
    fal.set_weather("steps", steps=["pricing"], fault={"status": 500})
    with pytest.raises(Transient):
        await plain.price("fal-ai/trellis")


async def test_a_probe_costs_nothing(client: FalClient, fal: VirtualFal) -> None:
    await client.probe()
    assert fal.summary()["submits"] == 0


@pytest.mark.parametrize(("name", "reason"), [("locked", "balance"), ("bad-key", "auth"), ("token-401", "auth")])
async def test_a_probe_tells_of_the_account(plain: FalClient, fal: VirtualFal, name: str, reason: str) -> None:
    fal.script(name)
    with pytest.raises(AccountProblem) as trouble:
        await plain.probe()
    assert trouble.value.reason == reason


async def test_a_probe_tells_of_a_wrong_key(plain: FalClient) -> None:
    async with FalClient("wrong:key", hosts=plain.hosts, limits=LIMITS) as stranger:
        with pytest.raises(AccountProblem):
            await stranger.probe()


@pytest.mark.parametrize("name", ["500", "503-nginx", "404", "429", "hang", "close", "text", "cut"])
async def test_a_probe_may_fail(plain: FalClient, fal: VirtualFal, name: str) -> None:
    fal.script(f"token-{name}")
    with pytest.raises(Transient):
        await plain.probe()
