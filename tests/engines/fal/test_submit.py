"""Is a submit sent once, and is its outcome told apart: accepted, not sent, rejected, unknown?"""

from __future__ import annotations

import json

import pytest

from jobs.engines.fal import AccountProblem, FalClient, FalHosts, NotSent, OutcomeUnknown, Rejected
from tests.virtual_fal.running import VirtualFal
from tests.virtual_fal.tests.caller import TRIPO

from .conftest import LIMITS, count, submit, upload


async def send(client: FalClient, url: str) -> str:
    return await client.submit(TRIPO, {"image_url": url}, webhook_url=None, output_lifetime_seconds=60)


async def test_it_works(client: FalClient, fal: VirtualFal) -> None:
    request_id = await submit(client, webhook_url="https://portal.example/hooks/a b?token=1&x=/")
    (paid,) = fal.submits()
    assert paid["request_id"] == request_id
    assert paid["webhook"] == "https://portal.example/hooks/a b?token=1&x=/"
    (call,) = fal.ledger(step="submit")["requests"]
    wish = json.loads(call["headers"]["x-fal-object-lifecycle-preference"])
    assert wish == {"expiration_duration_seconds": 86_400}
    assert "x-fal-store-io" not in call["headers"]


async def test_each_submit_has_a_connection_of_its_own(plain: FalClient, fal: VirtualFal) -> None:
    url = await upload(plain)
    for _ in range(3):
        await send(plain, url)
    assert [call["headers"]["connection"] for call in fal.ledger(step="submit")["requests"]] == ["close"] * 3


@pytest.mark.parametrize("weather", ["refuse", "dns", "tls", "mute", "drop"])
async def test_nothing_was_sent(proxied: FalClient, outside: VirtualFal, weather: str) -> None:
    """J01: before there is a connection nothing can have been created."""
    url = await upload(proxied)
    outside.set_weather(weather)
    with pytest.raises(NotSent) as trouble:
        await send(proxied, url)
    outside.clear_weather()
    assert (trouble.value.code, trouble.value.retryable) == ("provider_unreachable", True)
    assert (outside.submits(), count(outside, "submit")) == ([], 0)
    assert await send(proxied, url)


async def test_nothing_was_sent_to_a_closed_port(plain: FalClient, fal: VirtualFal) -> None:
    url = await upload(plain)
    fal.set_weather("refuse")
    with pytest.raises(NotSent):
        await send(plain, url)
    fal.clear_weather()


@pytest.mark.parametrize("status", [500, 502, 503, 504, 408, 409])
async def test_the_outcome_of_a_failing_submit_is_unknown(plain: FalClient, fal: VirtualFal, status: int) -> None:
    """J03: exactly one POST, whatever was answered."""
    fal.script(f"submit-{status}")
    with pytest.raises(OutcomeUnknown) as trouble:
        await submit(plain)
    assert (trouble.value.code, trouble.value.retryable) == ("provider_outcome_unknown", False)
    assert trouble.value.http_status == status
    assert count(fal, "submit") == 1


@pytest.mark.parametrize("name", ["500", "503", "504-nginx", "reset", "close", "hang"])
async def test_a_lost_answer_may_have_created_a_request(client: FalClient, fal: VirtualFal, name: str) -> None:
    """J02, J03: the request exists and is paid for, and it is not sent again."""
    fal.script(f"submit-{name}-created")
    with pytest.raises(OutcomeUnknown):
        await submit(client)
    assert count(fal, "submit") == 1
    assert fal.summary()["submits"] == 1


@pytest.mark.parametrize("name", ["text", "cut", "short", "without-id", "odd-id"])
async def test_an_answer_without_a_usable_id_is_unknown(plain: FalClient, fal: VirtualFal, name: str) -> None:
    fal.script(f"submit-{name}")
    with pytest.raises(OutcomeUnknown):
        await submit(plain)
    assert count(fal, "submit") == 1


async def test_a_redirect_is_not_followed(plain: FalClient, fal: VirtualFal) -> None:
    fault = {"kind": "answer", "status": 307, "body": {}, "headers": {"Location": f"{fal.base_url}/{TRIPO}"}}
    fal.script({"faults": {"submit": fault}})
    with pytest.raises(OutcomeUnknown):
        await submit(plain)
    assert count(fal, "submit") == 1


async def test_too_many_requests_created_nothing(plain: FalClient, fal: VirtualFal) -> None:
    fal.script("submit-429")
    with pytest.raises(NotSent) as trouble:
        await submit(plain)
    assert trouble.value.code == "provider_rate_limited"
    assert count(fal, "submit") == 1


@pytest.mark.parametrize(
    ("name", "reason", "code"),
    [
        ("submit-401", "auth", "provider_auth_failed"),
        ("submit-bad-key", "auth", "provider_auth_failed"),
        ("submit-403", "balance", "provider_balance_exhausted"),
        ("submit-locked", "balance", "provider_balance_exhausted"),
    ],
)
async def test_the_account_may_be_the_problem(
    client: FalClient, fal: VirtualFal, name: str, reason: str, code: str
) -> None:
    """J05, J06."""
    fal.script(name)
    with pytest.raises(AccountProblem) as trouble:
        await submit(client)
    assert (trouble.value.reason, trouble.value.code, trouble.value.retryable) == (reason, code, True)
    assert fal.submits() == []


async def test_a_lock_by_fal_is_told_apart(plain: FalClient, fal: VirtualFal) -> None:
    fal.script({"faults": {"submit": {"status": 403, "body": {"detail": "User is locked. Reason: Admin lock."}}}})
    with pytest.raises(AccountProblem) as trouble:
        await submit(plain)
    assert (trouble.value.reason, trouble.value.code) == ("locked", "provider_auth_failed")


async def test_a_wrong_key_is_the_accounts_problem(plain: FalClient, fal: VirtualFal) -> None:
    url = await upload(plain)
    async with FalClient("wrong:key", hosts=plain.hosts, limits=LIMITS) as stranger:
        with pytest.raises(AccountProblem):
            await send(stranger, url)


@pytest.mark.parametrize("key", ["", "  ", "a key", "a\nb", "schlüssel"])
def test_a_key_that_is_none_is_refused_at_once(key: str) -> None:
    with pytest.raises(AccountProblem):
        FalClient(key)


@pytest.mark.parametrize(("status", "fal_type"), [(400, "feature_not_supported"), (422, "image_too_small")])
async def test_the_input_may_be_rejected(plain: FalClient, fal: VirtualFal, status: int, fal_type: str) -> None:
    """J07."""
    fal.script(f"submit-{status}")
    with pytest.raises(Rejected) as trouble:
        await submit(plain)
    error = trouble.value
    assert (error.code, error.fal_type, error.retryable) == ("provider_rejected_input", fal_type, False)
    assert not error.is_endpoint_gone
    assert fal.submits() == []


async def test_the_endpoint_may_be_gone(plain: FalClient, fal: VirtualFal) -> None:
    with pytest.raises(Rejected) as trouble:
        await plain.submit("nobody/nothing/at-all", {}, webhook_url=None, output_lifetime_seconds=60)
    assert trouble.value.is_endpoint_gone


@pytest.mark.parametrize("name", ["submit-foreign-urls", "submit-without-urls"])
async def test_addresses_in_the_answer_are_never_used(proxied: FalClient, outside: VirtualFal, name: str) -> None:
    """J09: the client sends its key to FAL's own hosts only."""
    outside.script(name)
    request_id = await submit(proxied)
    await proxied.status(TRIPO, request_id)
    await proxied.cancel(TRIPO, request_id)
    assert outside.ledger()["refused_hosts"] == {}
    assert (count(outside, "status"), count(outside, "cancel")) == (1, 1)


@pytest.mark.parametrize("endpoint", ["", "one", "a/../b", "a/b?x=1", "a//b", "workflows/a", "/a/b", "a/b#c", "a/.b"])
async def test_an_endpoint_that_is_none_is_never_sent(plain: FalClient, fal: VirtualFal, endpoint: str) -> None:
    with pytest.raises(ValueError, match="endpoint"):
        await plain.submit(endpoint, {}, webhook_url=None, output_lifetime_seconds=60)
    assert count(fal, "submit") == 0


async def test_numbers_that_are_none_are_never_sent(plain: FalClient, fal: VirtualFal) -> None:
    with pytest.raises(ValueError, match="JSON"):
        await plain.submit(TRIPO, {"seed": float("nan")}, webhook_url=None, output_lifetime_seconds=60)
    assert count(fal, "submit") == 0


async def test_it_needs_an_open_client(fal: VirtualFal) -> None:
    closed = FalClient(fal.key, hosts=FalHosts.from_base_url(fal.base_url))
    with pytest.raises(RuntimeError, match="async with"):
        await closed.submit(TRIPO, {}, webhook_url=None, output_lifetime_seconds=60)
