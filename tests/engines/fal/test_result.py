"""What became of a finished request? Success, FAL's failure, the model's refusal, or no usable answer yet."""

from __future__ import annotations

from decimal import Decimal

import pytest

from jobs.engines.fal import AccountProblem, Failed, FalClient, FalError, Gone, NotReady, Transient
from tests.virtual_fal.running import VirtualFal
from tests.virtual_fal.scenarios import PRESETS
from tests.virtual_fal.tests.caller import TRIPO

from .conftest import count, finish, submit, wait


async def test_it_works(client: FalClient, fal: VirtualFal) -> None:
    result = await finish(client)
    assert result.payload["model_mesh"]["url"].endswith(".glb")
    assert result.billable_units == Decimal(30)


async def test_it_is_not_ready_before_the_end(client: FalClient, fal: VirtualFal) -> None:
    fal.script({"run_seconds": 60})
    request_id = await submit(client)
    with pytest.raises(NotReady) as trouble:
        await client.result(TRIPO, request_id)
    assert trouble.value.retryable


async def test_completed_may_still_mean_not_ready(plain: FalClient, fal: VirtualFal) -> None:
    fal.script("result-in-progress-twice")
    request_id = await submit(plain)
    await wait(plain, request_id)
    for _ in range(2):
        with pytest.raises(NotReady):
            await plain.result(TRIPO, request_id)
    assert (await plain.result(TRIPO, request_id)).payload


REFUSED = "provider_rejected_input"
FAILURES = {
    "internal-server-error": ("provider_bad_result", True),
    "internal-server-error-final": ("provider_bad_result", False),
    "internal-server-error-retryable": ("provider_bad_result", True),
    "generation-timeout": ("provider_timeout", True),
    "downstream-service-error": ("provider_bad_result", True),
    "downstream-service-error-final": ("provider_bad_result", False),
    "downstream-service-unavailable": ("provider_bad_result", True),
    "content-policy-violation": (REFUSED, False),
    "image-too-small": (REFUSED, False),
    "image-too-large": (REFUSED, False),
    "image-load-error": (REFUSED, False),
    "file-download-error": (REFUSED, False),
    "file-too-large": (REFUSED, False),
    "unsupported-image-format": (REFUSED, False),
    "feature-not-supported": (REFUSED, False),
    "unknown-model-error": (REFUSED, False),
    "validation-list": (REFUSED, False),
    "validation-text": (REFUSED, False),
    "path-not-found": (REFUSED, False),
    "user-timeout": ("provider_timeout", True),
    "cancelled": ("provider_request_lost", True),
    "client-disconnected": ("provider_request_lost", True),
    "request-timeout": ("provider_timeout", True),
    "startup-timeout": ("provider_timeout", True),
    "runner-scheduling-failure": ("provider_unreachable", True),
    "runner-connection-timeout": ("provider_timeout", True),
    "runner-disconnected": ("provider_unreachable", True),
    "runner-connection-refused": ("provider_unreachable", True),
    "runner-connection-error": ("provider_unreachable", True),
    "runner-incomplete-response": ("provider_unreachable", True),
    "runner-server-error": ("provider_unreachable", True),
    "internal-error": ("provider_unreachable", True),
    "bad-request": (REFUSED, False),
}


def test_every_failure_of_fal_is_listed() -> None:
    presets = {name.removeprefix("result-") for name, scenario in PRESETS.items() if scenario.error}
    assert presets - {f"ingress-{status}" for status in (502, 503, 504)} == set(FAILURES)


async def fail(client: FalClient, fal: VirtualFal, name: str) -> FalError:
    fal.script(f"result-{name}")
    request_id = await submit(client)
    await wait(client, request_id)
    with pytest.raises(FalError) as trouble:
        await client.result(TRIPO, request_id)
    return trouble.value


@pytest.mark.parametrize("name", FAILURES)
async def test_a_failure_is_final(plain: FalClient, fal: VirtualFal, name: str) -> None:
    """COMPLETED is not success; the type decides, never the wording."""
    error = await fail(plain, fal, name)
    assert isinstance(error, Failed)
    assert (error.code, error.retryable) == FAILURES[name]
    assert error.message.endswith(".")
    assert error.hint
    assert count(fal, "result") == 1


async def test_fals_own_type_is_kept(plain: FalClient, fal: VirtualFal) -> None:
    error = await fail(plain, fal, "image-too-small")
    assert (error.fal_type, error.detail, error.http_status) == ("image_too_small", "Image too small", 422)
    assert error.message == "FAL refused the picture: it is too small."
    assert error.hint == "Use a larger picture. It takes at least 128 × 128 pixels."


async def test_a_limit_is_told(plain: FalClient, fal: VirtualFal) -> None:
    assert "at most 8 MiB" in (await fail(plain, fal, "file-too-large")).hint


async def test_a_cancelled_request_is_told_apart(plain: FalClient, fal: VirtualFal) -> None:
    error = await fail(plain, fal, "cancelled")
    assert isinstance(error, Failed)
    assert error.is_cancelled
    assert not error.has_never_started


async def test_a_request_that_never_started_is_told_apart(plain: FalClient, fal: VirtualFal) -> None:
    error = await fail(plain, fal, "user-timeout")
    assert isinstance(error, Failed)
    assert error.has_never_started


@pytest.mark.parametrize(
    "name", ["ingress-502", "ingress-503", "ingress-504", "500", "502", "503", "504", "503-nginx", "429", "408", "409"]
)
async def test_what_is_not_the_models_word_means_ask_again(plain: FalClient, fal: VirtualFal, name: str) -> None:
    error = await fail(plain, fal, name)
    assert isinstance(error, Transient)
    assert error.retryable


@pytest.mark.parametrize("name", ["text", "cut", "short", "hang", "close", "reset"])
async def test_an_unreadable_result_means_ask_again(plain: FalClient, fal: VirtualFal, name: str) -> None:
    assert isinstance(await fail(plain, fal, name), Transient)


async def test_an_unreadable_result_can_be_read_later(plain: FalClient, fal: VirtualFal) -> None:
    fal.script("result-cut-twice")
    request_id = await submit(plain)
    await wait(plain, request_id)
    for _ in range(2):
        with pytest.raises(Transient):
            await plain.result(TRIPO, request_id)
    assert (await plain.result(TRIPO, request_id)).payload["model_mesh"]


async def test_a_crash_that_fal_passed_on_is_final(plain: FalClient, fal: VirtualFal) -> None:
    """An app that is not migrated to FAL's error types: a bare text, but with the id that only FAL adds."""
    answer = {"status": 500, "body": {"detail": "Internal Server Error"}, "headers": {"x-fal-request-id": "x"}}
    fal.script({"faults": {"result": answer}})
    request_id = await submit(plain)
    await wait(plain, request_id)
    with pytest.raises(Failed):
        await plain.result(TRIPO, request_id)


@pytest.mark.parametrize("name", ["gone", "404", "410"])
async def test_the_result_may_be_gone(plain: FalClient, fal: VirtualFal, name: str) -> None:
    error = await fail(plain, fal, name)
    assert isinstance(error, Gone)
    assert error.code == "result_expired"


async def test_the_key_may_not_be_taken_any_more(plain: FalClient, fal: VirtualFal) -> None:
    assert isinstance(await fail(plain, fal, "401"), AccountProblem)


@pytest.mark.parametrize(
    "name", ["no-model", "model-null", "model-url-null", "model-url-number", "model-list", "two-models", "extra-fields"]
)
async def test_odd_outputs_are_handed_on_as_they_are(plain: FalClient, fal: VirtualFal, name: str) -> None:
    """J15: what the output means is the catalog's business."""
    fal.script(name)
    result = await finish(plain)
    assert result.payload["task_id"]


async def test_a_result_that_is_no_object_means_ask_again(plain: FalClient, fal: VirtualFal) -> None:
    fal.script({"faults": {"result": {"kind": "text", "body": "[]", "content_type": "application/json"}}})
    request_id = await submit(plain)
    await wait(plain, request_id)
    with pytest.raises(Transient):
        await plain.result(TRIPO, request_id)


@pytest.mark.parametrize("units", ["", "many", "-1", "nan", "inf", "1e30"])
async def test_units_that_are_no_number_are_unknown(plain: FalClient, fal: VirtualFal, units: str) -> None:
    answer = {"status": 200, "body": {"model_mesh": None}, "headers": {"x-fal-billable-units": units}}
    fal.script({"faults": {"result": answer}})
    request_id = await submit(plain)
    await wait(plain, request_id)
    assert (await plain.result(TRIPO, request_id)).billable_units is None
