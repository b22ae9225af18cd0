"""Does the key stay out of everything but FAL's own hosts? A canary that no log, error or stranger may hold."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from jobs.engines.fal import FalClient, FalError
from jobs.engines.fal.secret import Secret
from tests.virtual_fal.running import VirtualFal, run_virtual_fal
from tests.virtual_fal.tests.caller import TRIPO

from .conftest import LIMITS, finish, submit, upload, wait

SECRET = "canaryf00dc0ffee5ec2e7"
KEY = f"6f9619ff-8b86-d011-b42d-00c04fc964ff:{SECRET}"
ECHO = {"detail": f"Key {KEY} (secret {SECRET}) is not welcome", "error_type": SECRET}


@pytest.fixture(scope="module")
def birdcage() -> Iterator[VirtualFal]:
    with run_virtual_fal(run_seconds=0.02, concurrency=0, key=KEY) as fal:
        yield fal


@pytest.fixture
def cage(birdcage: VirtualFal, monkeypatch: pytest.MonkeyPatch) -> VirtualFal:
    birdcage.reset()
    for name, value in birdcage.environment().items():
        monkeypatch.setenv(name, value)
    return birdcage


def describe(error: BaseException) -> str:
    """All that a log, an error report or a row could take from it, and from what it is chained to."""
    parts = [str(error), repr(error), str(vars(error)), "".join(traceback.format_exception(error))]
    for linked in (error.__cause__, error.__context__):
        if linked is not None:
            parts += [describe(linked), repr(getattr(getattr(linked, "request", None), "headers", ""))]
    return "\n".join(parts)


async def test_it_reaches_fals_own_hosts_only(cage: VirtualFal, tmp_path: Path) -> None:
    async with FalClient(KEY, limits=LIMITS) as client:
        model = (await finish(client)).payload["model_mesh"]["url"]
        await client.download(model, tmp_path / "model.glb")
        await client.probe()
        await client.price(TRIPO)
    shown = cage.ledger()["requests"]
    bearers = {call["step"] for call in shown if call["headers"].get("authorization", "").startswith("Key ")}
    assert bearers == {"token", "submit", "status", "result", "pricing"}
    assert cage.ledger()["refused_hosts"] == {}


STEPS = ["token", "upload", "submit", "status", "result", "cancel", "history"]
FAULTS = ["401", "422", "500", "close", "cut"]


async def run_into(client: FalClient, step: str) -> None:
    if step in ("token", "upload"):
        await upload(client)
        return
    request_id = await submit(client)
    if step == "history":
        await client.find_requests(TRIPO, since=datetime.now(UTC))
    if step == "status":
        await client.status(TRIPO, request_id)
    if step == "result":
        await wait(client, request_id)
        await client.result(TRIPO, request_id)
    if step == "cancel":
        await client.cancel(TRIPO, request_id)


@pytest.mark.parametrize(
    ("step", "fault"),
    # The body of a cancel's answer is not read, so nothing can be wrong with it.
    [(step, fault) for step in STEPS for fault in FAULTS if (step, fault) != ("cancel", "cut")],
)
async def test_no_error_and_no_log_holds_it(
    cage: VirtualFal, step: str, fault: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """Not even when FAL itself repeats it in its answer."""
    kinds = {"close": {"kind": "close"}, "cut": {"kind": "cut"}}
    answer = {"status": int(fault), "body": ECHO, "headers": {"x-echo": KEY}} if fault.isdigit() else kinds[fault]
    cage.script({"faults": {step: answer}})
    caplog.set_level(logging.DEBUG)
    async with FalClient(KEY, limits=LIMITS) as client:
        with pytest.raises(FalError) as trouble:
            await run_into(client, step)
        assert SECRET not in describe(trouble.value)
        assert SECRET not in repr(client) + str(vars(client))
    printed = capfd.readouterr()
    assert SECRET not in caplog.text + printed.out + printed.err


async def test_a_result_that_repeats_it_is_scrubbed(cage: VirtualFal) -> None:
    cage.script({"output_put": {"note": f"made for {KEY}", "nested": [{"secret": SECRET}]}})
    async with FalClient(KEY, limits=LIMITS) as client:
        result = await finish(client)
    assert result.payload["note"] == "made for [key]"
    assert SECRET not in str(result)


def test_no_form_of_the_secret_shows_it() -> None:
    secret = Secret(KEY)
    assert SECRET not in f"{secret} {secret!r} {[secret]} { ({'k': secret}) }"
    assert secret.reveal() == KEY


def test_short_parts_are_not_hunted_for() -> None:
    """A key such as ``x:y`` would blacken whole texts."""
    assert Secret("x:y").scrub_text("xylophone of x:y") == "xylophone of [key]"
