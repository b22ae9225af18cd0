"""How far is a request? And does no odd answer ever end one that is paid for?"""

from __future__ import annotations

import pytest

from jobs.engines.fal import AccountProblem, FalClient, Gone, Transient
from jobs.engines.fal.reading import read_percent
from tests.virtual_fal.running import VirtualFal
from tests.virtual_fal.tests.caller import TRIPO

from .conftest import count, submit, wait


async def test_it_works(client: FalClient, fal: VirtualFal) -> None:
    fal.script({"queue_position": 12_345, "queue_seconds": 60, "run_seconds": 60})
    request_id = await submit(client)
    status = await client.status(TRIPO, request_id)
    assert (status.state, status.percent, status.error) == ("in_queue", None, "")
    assert status.position
    assert 12_000 < status.position <= 12_345
    fal.skip(61)
    status = await client.status(TRIPO, request_id)
    assert (status.state, status.position) == ("in_progress", None)
    fal.finish(request_id)
    assert (await client.status(TRIPO, request_id)).state == "completed"


async def test_the_address_names_owner_and_alias_only(plain: FalClient, fal: VirtualFal) -> None:
    request_id = await submit(plain)
    await plain.status(TRIPO, request_id)
    (call,) = fal.ledger(step="status")["requests"]
    assert call["path"] == f"/tripo3d/tripo/requests/{request_id}/status"


@pytest.mark.parametrize("name", ["progress", "log-levels"])
async def test_the_percentage_is_read_from_the_log(plain: FalClient, fal: VirtualFal, name: str) -> None:
    fal.script({"preset": name, "run_seconds": 100})
    request_id = await submit(plain)
    fal.skip(60)
    percent = (await plain.status(TRIPO, request_id)).percent
    assert percent is not None
    assert 0 < percent <= 99


@pytest.mark.parametrize(
    ("logs", "percent"),
    [
        (None, None),
        ([], None),
        ("progress: 10%", None),
        ([{"message": "Task Progress: 42%"}], 42),
        ([{"message": "PROGRESS=7 %"}], 7),
        ([{"message": "progress 40%"}, {"message": "progress: 30%"}], 40),
        ([{"message": "progress: 100%"}], 99),
        ([{"message": None}, {}, 5, {"message": "70%"}], None),
    ],
)
def test_only_progress_is_a_percentage(logs: object, percent: int | None) -> None:
    assert read_percent(logs) == percent


async def test_a_request_may_go_back_to_the_queue(plain: FalClient, fal: VirtualFal) -> None:
    fal.script({"preset": "requeued", "run_seconds": 0.05})
    request_id = await submit(plain)
    await wait(plain, request_id)


async def test_an_error_is_told_when_it_is_over(plain: FalClient, fal: VirtualFal) -> None:
    fal.script("result-runner-server-error")
    request_id = await submit(plain)
    await wait(plain, request_id)
    status = await plain.status(TRIPO, request_id)
    assert (status.state, status.error_type) == ("completed", "runner_server_error")


@pytest.mark.parametrize(
    "name",
    [
        "500-twice", "502-nginx-twice", "503-twice", "504-nginx-twice", "429-twice", "408-twice", "409-twice",
        "400-twice", "422-twice", "hang-twice", "cut-twice", "text-twice", "foo",
        "missing", "list",
    ],
)  # fmt: skip
async def test_an_odd_answer_means_ask_again(plain: FalClient, fal: VirtualFal, name: str) -> None:
    """J11."""
    fal.script({"preset": f"status-{name}", "run_seconds": 60})
    request_id = await submit(plain)
    for _ in range(2):
        with pytest.raises(Transient) as trouble:
            await plain.status(TRIPO, request_id)
        assert trouble.value.retryable
    assert (await plain.status(TRIPO, request_id)).state == "in_progress"
    assert fal.summary()["submits"] == 1


@pytest.mark.parametrize("name", ["status-close", "status-reset"])
async def test_no_answer_means_ask_again(plain: FalClient, fal: VirtualFal, name: str) -> None:
    """The connection pool itself repeats a GET once when a connection used before was closed."""
    fal.script({"preset": name, "run_seconds": 60})
    request_id = await submit(plain)
    with pytest.raises(Transient):
        await plain.status(TRIPO, request_id)
    assert fal.summary()["submits"] == 1


async def test_keys_may_be_missing(plain: FalClient, fal: VirtualFal) -> None:
    fal.script({"preset": "status-without-keys", "queue_seconds": 60})
    request_id = await submit(plain)
    status = await plain.status(TRIPO, request_id)
    assert (status.state, status.position, status.percent) == ("in_queue", None, None)


async def test_the_status_of_another_request_is_not_taken(plain: FalClient, fal: VirtualFal) -> None:
    fal.script({"faults": {"status": {"kind": "edit", "put": {"request_id": "another"}}}})
    request_id = await submit(plain)
    with pytest.raises(Transient):
        await plain.status(TRIPO, request_id)


async def test_it_may_run_for_ever(plain: FalClient, fal: VirtualFal) -> None:
    """J13: the client says so each time; the deadline is the caller's."""
    fal.script("forever")
    request_id = await submit(plain)
    fal.skip(7 * 24 * 3600)
    assert (await plain.status(TRIPO, request_id)).state == "in_progress"


@pytest.mark.parametrize("name", ["status-404", "status-410"])
async def test_fal_may_not_know_it(plain: FalClient, fal: VirtualFal, name: str) -> None:
    fal.script(name)
    request_id = await submit(plain)
    with pytest.raises(Gone) as trouble:
        await plain.status(TRIPO, request_id)
    assert (trouble.value.code, trouble.value.retryable) == ("provider_request_lost", False)


async def test_the_key_may_not_be_taken_any_more(plain: FalClient, fal: VirtualFal) -> None:
    fal.script("status-401")
    request_id = await submit(plain)
    with pytest.raises(AccountProblem):
        await plain.status(TRIPO, request_id)


async def test_a_page_of_a_firewall_is_no_word_on_the_account(plain: FalClient, fal: VirtualFal) -> None:
    page = {"status": 403, "body": "<html>Forbidden</html>", "content_type": "text/html"}
    fal.script({"faults": {"status": page}})
    request_id = await submit(plain)
    with pytest.raises(Transient):
        await plain.status(TRIPO, request_id)


@pytest.mark.parametrize("weather", ["refuse", "dns", "tls", "mute", "drop"])
async def test_fal_may_be_down(proxied: FalClient, outside: VirtualFal, weather: str) -> None:
    request_id = await submit(proxied)
    outside.set_weather(weather)
    async with FalClient(outside.key, limits=proxied.limits) as later:
        with pytest.raises(Transient) as trouble:
            await later.status(TRIPO, request_id)
    assert trouble.value.code == "provider_unreachable"
    outside.clear_weather()


@pytest.mark.parametrize("request_id", ["", "../../v1/keys", "a/b", "a?x=1", "a b", "ä", "x" * 200])
async def test_an_id_that_is_none_is_never_asked_for(plain: FalClient, fal: VirtualFal, request_id: str) -> None:
    with pytest.raises(ValueError, match="request id"):
        await plain.status(TRIPO, request_id)
    assert count(fal, "status") == 0
