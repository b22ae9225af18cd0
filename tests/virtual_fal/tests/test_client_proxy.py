"""Does the unmodified fal_client 1.0.3 work with three variables of the environment and nothing else?"""

from __future__ import annotations

import ssl

import aiohttp
import fal_client
import httpx
import pytest

from ..running import VirtualFal
from .caller import TRIPO, draw_picture

pytestmark = [pytest.mark.filterwarnings("ignore::ResourceWarning"), pytest.mark.usefixtures("leaky_library")]


@pytest.fixture
def outside(fal: VirtualFal, monkeypatch: pytest.MonkeyPatch) -> VirtualFal:
    """A process that takes the virtual FAL for the real one."""
    for name, value in fal.environment().items():
        monkeypatch.setenv(name, value)
    return fal


def test_it_works(outside: VirtualFal) -> None:
    client = fal_client.SyncClient()
    url = client.upload(draw_picture(), "image/png", "picture.png")
    assert url.startswith("https://v3.fal.media/files/")
    handle = client.submit(TRIPO, {"image_url": url})
    assert handle.status_url == f"https://queue.fal.run/tripo3d/tripo/requests/{handle.request_id}/status"
    model = handle.get()["model_mesh"]
    assert model["url"].startswith("https://v3b.fal.media/files/")
    content = httpx.get(model["url"]).content
    assert content[:4] == b"glTF"
    assert len(content) == model["file_size"]
    assert {"rest.fal.ai", "v3.fal.media", "queue.fal.run", "v3b.fal.media"} <= set(outside.ledger()["connects"])


async def test_it_works_asynchronously(outside: VirtualFal) -> None:
    client = fal_client.AsyncClient()
    url = await client.upload(draw_picture(), "image/png", "picture.png")
    handle = await client.submit(TRIPO, {"image_url": url})
    assert (await handle.get())["model_mesh"]


async def test_it_works_with_aiohttp(outside: VirtualFal) -> None:
    context = ssl.create_default_context()
    headers = {"Authorization": f"Key {outside.key}"}
    async with aiohttp.ClientSession(trust_env=True, connector=aiohttp.TCPConnector(ssl=context)) as session:
        prices = "https://api.fal.ai/v1/models/pricing?endpoint_id=fal-ai/trellis"
        async with session.get(prices, headers=headers) as response:
            assert (await response.json())["prices"][0]["unit_price"] == 0.02
        async with session.get("https://rest.fal.ai/.well-known/jwks.json") as response:
            assert (await response.json())["keys"]


def test_it_answers_on_the_backup_hosts(outside: VirtualFal) -> None:
    headers = {"Authorization": f"Key {outside.key}"}
    response = httpx.get("https://queue.falrun.com/tripo3d/tripo/requests/none/status", headers=headers)
    assert response.status_code == 404


def test_each_host_knows_its_own_addresses_only(outside: VirtualFal) -> None:
    headers = {"Authorization": f"Key {outside.key}"}
    assert httpx.post(f"https://rest.fal.ai/{TRIPO}", json={}, headers=headers).status_code == 404
    assert httpx.get("https://queue.fal.run/.well-known/jwks.json", headers=headers).status_code == 404
    assert httpx.get("https://queue.fal.run/_control/ledger", headers=headers).status_code == 404
    assert outside.summary()["submits"] == 0


def test_the_proxy_lets_nothing_through_to_other_hosts(outside: VirtualFal) -> None:
    with pytest.raises(httpx.ProxyError):
        httpx.get("https://evil.example/model.glb")
    assert outside.ledger()["refused_hosts"] == {"evil.example:443": 1}


def test_it_runs_directly(outside: VirtualFal) -> None:
    client = fal_client.SyncClient()
    url = client.upload(draw_picture(), "image/png", "picture.png")
    assert client.run(TRIPO, {"image_url": url})["model_mesh"]


def test_it_listens_with_tls_without_proxy(fal: VirtualFal) -> None:
    context = ssl.create_default_context(cafile=fal.ca_file)
    response = httpx.get(f"{fal.tls_url}/.well-known/jwks.json", verify=context, trust_env=False)
    assert response.status_code == 200


def test_nobody_else_trusts_its_certificate(fal: VirtualFal) -> None:
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx.get(f"{fal.tls_url}/.well-known/jwks.json", trust_env=False)
