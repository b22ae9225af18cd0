"""Which FAL do these tests talk to? One virtual FAL for all of them, plain or through the proxy with TLS."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

import pytest

from jobs.engines.fal import FalClient, FalHosts, Limits, Result
from tests.virtual_fal.running import VirtualFal, run_virtual_fal
from tests.virtual_fal.tests.caller import TRIPO, draw_picture
from tests.virtual_fal.tests.conftest import receiver  # noqa: F401 - a fixture

LIMITS = Limits(
    connect_seconds=30, submit_seconds=30, answer_seconds=30, upload_seconds=30, download_seconds=60,
    download_pause_seconds=0.01, window_seconds=30,
)  # fmt: skip
HURRIED = replace(
    LIMITS, connect_seconds=1, submit_seconds=1, answer_seconds=1, upload_seconds=1, window_seconds=0.5
)  # fmt: skip
SILENT = ("hang", "mute", "drip")


@pytest.fixture(scope="session")
def server() -> Iterator[VirtualFal]:
    with run_virtual_fal(run_seconds=0.02, concurrency=0, webhook_retry_seconds=0.05) as fal:
        yield fal


@pytest.fixture
def fal(server: VirtualFal) -> VirtualFal:
    server.reset()
    return server


@pytest.fixture(autouse=True)
def _few_authorities(server: VirtualFal, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading the system's certificates takes longer than most of these tests; there are three readings in each."""
    monkeypatch.setenv("SSL_CERT_FILE", server.ca_file)


@pytest.fixture
def outside(fal: VirtualFal, monkeypatch: pytest.MonkeyPatch) -> VirtualFal:
    """A process that takes the virtual FAL for the real one: nothing but its environment is changed."""
    for name, value in fal.environment().items():
        monkeypatch.setenv(name, value)
    return fal


@pytest.fixture
def limits(request: pytest.FixtureRequest) -> Limits:
    """Little patience where FAL is silent, as the test's name tells; elsewhere that is only a busy machine."""
    return HURRIED if any(word in request.node.name for word in SILENT) else LIMITS


@pytest.fixture
async def plain(fal: VirtualFal, limits: Limits) -> AsyncIterator[FalClient]:
    """All of FAL on one loopback address."""
    async with FalClient(fal.key, hosts=FalHosts.from_base_url(fal.base_url), limits=limits) as client:
        yield client


@pytest.fixture
async def proxied(outside: VirtualFal, limits: Limits) -> AsyncIterator[FalClient]:
    """FAL's own names, TLS and the environment's proxy."""
    async with FalClient(outside.key, limits=limits) as client:
        yield client


@pytest.fixture(params=["plain", "proxied"])
async def client(request: pytest.FixtureRequest, fal: VirtualFal, limits: Limits) -> AsyncIterator[FalClient]:
    if request.param == "plain":
        hosts = FalHosts.from_base_url(fal.base_url)
    else:
        hosts = FalHosts()
        monkeypatch = request.getfixturevalue("monkeypatch")
        for name, value in fal.environment().items():
            monkeypatch.setenv(name, value)
    async with FalClient(fal.key, hosts=hosts, limits=limits) as client:
        yield client


async def upload(client: FalClient, number: int = 0, *, lifetime_seconds: int = 3600) -> str:
    return await client.upload(
        draw_picture(number), content_type="image/png", filename="picture.png", lifetime_seconds=lifetime_seconds
    )


async def submit(client: FalClient, *, webhook_url: str | None = None, picture: int = 0) -> str:
    arguments = {"image_url": await upload(client, picture)}
    return await client.submit(TRIPO, arguments, webhook_url=webhook_url, output_lifetime_seconds=86_400)


async def wait(client: FalClient, request_id: str) -> None:
    async with asyncio.timeout(60):
        while (await client.status(TRIPO, request_id)).state != "completed":
            await asyncio.sleep(0.01)


async def finish(client: FalClient) -> Result:
    """Upload, submit, wait, fetch the result."""
    request_id = await submit(client)
    await wait(client, request_id)
    return await client.result(TRIPO, request_id)


def count(fal: VirtualFal, step: str) -> int:
    """Calls that reached FAL at this step."""
    return len(fal.ledger(step=step)["requests"])
