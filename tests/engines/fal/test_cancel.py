"""Does a cancel reach FAL, and is its answer understood?"""

from __future__ import annotations

import pytest

from jobs.engines.fal import Failed, FalClient, Transient
from tests.virtual_fal.running import VirtualFal
from tests.virtual_fal.tests.caller import TRIPO

from .conftest import count, submit, wait


@pytest.mark.parametrize("name", ["default", "cancel-requested"])
async def test_it_works(client: FalClient, fal: VirtualFal, name: str) -> None:
    """In the queue: 200 or 202."""
    fal.script({"preset": name, "queue_seconds": 60})
    request_id = await submit(client)
    assert await client.cancel(TRIPO, request_id) == "requested"
    await wait(client, request_id)
    with pytest.raises(Failed) as trouble:
        await client.result(TRIPO, request_id)
    assert trouble.value.is_cancelled


async def test_fal_may_run_on(plain: FalClient, fal: VirtualFal) -> None:
    fal.script({"preset": "cancel-ignored", "run_seconds": 60})
    request_id = await submit(plain)
    assert await plain.cancel(TRIPO, request_id) == "requested"
    fal.finish(request_id)
    result = await plain.result(TRIPO, request_id)
    assert result.billable_units


async def test_it_may_be_too_late(plain: FalClient, fal: VirtualFal) -> None:
    request_id = await submit(plain)
    await wait(plain, request_id)
    assert await plain.cancel(TRIPO, request_id) == "completed"


async def test_fal_may_not_know_it(plain: FalClient, fal: VirtualFal) -> None:
    assert await plain.cancel(TRIPO, "00000000-0000-4000-8000-000000000000") == "not_found"


@pytest.mark.parametrize("name", ["500", "503-nginx", "429", "hang"])
async def test_it_can_be_tried_again(plain: FalClient, fal: VirtualFal, name: str) -> None:
    fal.script(f"cancel-{name}")
    request_id = await submit(plain)
    with pytest.raises(Transient):
        await plain.cancel(TRIPO, request_id)
    assert count(fal, "cancel") == 1
