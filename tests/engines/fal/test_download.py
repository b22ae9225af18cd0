"""Does a result's file arrive whole or not at all, from FAL's file hosts only, and in bounded time and size?"""

from __future__ import annotations

import asyncio
import hashlib
import time
from dataclasses import replace
from pathlib import Path

import pytest

from jobs.engines.fal import (
    DownloadError,
    DownloadTimeout,
    FalClient,
    FileGone,
    NotAFile,
    TooLarge,
    Truncated,
    UrlNotAllowed,
)
from jobs.engines.fal.sink import Sink
from tests.virtual_fal.running import VirtualFal

from .conftest import LIMITS, count, finish


async def find_model(client: FalClient) -> str:
    url: str = (await finish(client)).payload["model_mesh"]["url"]
    return url


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def test_it_works(client: FalClient, fal: VirtualFal, tmp_path: Path) -> None:
    result = await finish(client)
    model = result.payload["model_mesh"]
    download = await client.download(model["url"], tmp_path / "model.glb")
    content = download.path.read_bytes()
    assert (download.kind, download.size, download.content_type) == ("glb", model["file_size"], model["content_type"])
    assert len(content) == model["file_size"]
    assert hashlib.sha256(content).hexdigest() == download.sha256
    assert names(tmp_path) == ["model.glb"]
    (call,) = fal.ledger(step="download")["requests"]
    assert call["headers"]["accept-encoding"] == "identity"
    assert "authorization" not in call["headers"]


async def test_a_picture_is_known_by_its_bytes(plain: FalClient, fal: VirtualFal, tmp_path: Path) -> None:
    result = await finish(plain)
    download = await plain.download(result.payload["rendered_image"]["url"], tmp_path / "preview")
    assert download.kind == "webp"


@pytest.mark.parametrize(("name", "kind"), [("fbx", "fbx"), ("model-zip", "zip"), ("model-gltf-text", "")])
async def test_other_files_are_known_too(
    plain: FalClient, fal: VirtualFal, tmp_path: Path, name: str, kind: str
) -> None:
    fal.script(name)
    assert (await plain.download(await find_model(plain), tmp_path / "model")).kind == kind


@pytest.mark.parametrize("name", ["download-unsized", "wrong-content-type", "download-slow", "model-empty"])
async def test_what_is_odd_but_whole_is_taken(plain: FalClient, fal: VirtualFal, tmp_path: Path, name: str) -> None:
    fal.script({"preset": name, "glb_mb": 0.05})
    download = await plain.download(await find_model(plain), tmp_path / "model.glb")
    assert download.path.stat().st_size == download.size


async def test_an_older_file_is_replaced(plain: FalClient, fal: VirtualFal, tmp_path: Path) -> None:
    (tmp_path / "model.glb").write_bytes(b"old")
    (tmp_path / "model.glb.part").write_bytes(b"x" * 1_000_000)
    download = await plain.download(await find_model(plain), tmp_path / "model.glb")
    assert (tmp_path / "model.glb").stat().st_size == download.size
    assert names(tmp_path) == ["model.glb"]


@pytest.mark.parametrize("name", ["redirect-loopback", "redirect-http", "redirect-foreign", "redirect-loop"])
async def test_redirects_are_checked(proxied: FalClient, outside: VirtualFal, tmp_path: Path, name: str) -> None:
    """J17, J18: no host outside the list sees one packet."""
    outside.script(f"download-{name}")
    url = await find_model(proxied)
    with pytest.raises(UrlNotAllowed) as trouble:
        await proxied.download(url, tmp_path / "model.glb")
    assert (trouble.value.code, trouble.value.retryable) == ("result_url_not_allowed", False)
    assert outside.ledger()["refused_hosts"] == {}
    assert names(tmp_path) == []


async def test_a_redirect_among_fals_hosts_is_followed(proxied: FalClient, outside: VirtualFal, tmp_path: Path) -> None:
    fault = {"kind": "redirect", "location": "https://v3.fal.media/files/none", "times": 1}
    outside.script({"faults": {"download": fault}})
    url = await find_model(proxied)
    with pytest.raises(FileGone):
        await proxied.download(url, tmp_path / "model.glb")
    assert count(outside, "download") == 2


@pytest.mark.parametrize("name", ["loopback", "metadata", "file", "foreign"])
async def test_addresses_elsewhere_are_refused(
    proxied: FalClient, outside: VirtualFal, tmp_path: Path, name: str
) -> None:
    """J16."""
    outside.script(f"model-url-{name}")
    url = await find_model(proxied)
    with pytest.raises(UrlNotAllowed):
        await proxied.download(url, tmp_path / "model.glb")
    assert outside.ledger()["refused_hosts"] == {}


@pytest.mark.parametrize("name", ["500-twice", "503-nginx-twice", "429-twice", "abort-twice", "close-twice"])
async def test_it_is_tried_three_times(plain: FalClient, fal: VirtualFal, tmp_path: Path, name: str) -> None:
    """J19."""
    fal.script(f"download-{name}")
    assert (await plain.download(await find_model(plain), tmp_path / "model.glb")).kind == "glb"
    assert count(fal, "download") == 3


@pytest.mark.parametrize("name", ["500", "503", "reset"])
async def test_the_file_host_may_be_down(plain: FalClient, fal: VirtualFal, tmp_path: Path, name: str) -> None:
    """J20."""
    fal.script(f"download-{name}")
    url = await find_model(plain)
    with pytest.raises(DownloadError) as trouble:
        await plain.download(url, tmp_path / "model.glb")
    assert (trouble.value.code, trouble.value.retryable) == ("provider_unreachable", True)
    assert names(tmp_path) == []


async def test_half_a_file_is_none(client: FalClient, fal: VirtualFal, tmp_path: Path) -> None:
    """J22."""
    fal.script("download-abort")
    url = await find_model(client)
    with pytest.raises(Truncated) as trouble:
        await client.download(url, tmp_path / "model.glb")
    assert (trouble.value.code, trouble.value.retryable) == ("result_truncated", True)
    assert names(tmp_path) == []


@pytest.mark.parametrize("name", ["download-drip", "download-hang"])
async def test_a_drip_is_given_up(plain: FalClient, fal: VirtualFal, tmp_path: Path, name: str) -> None:
    """J21."""
    fal.script(name)
    url = await find_model(plain)
    began = time.monotonic()
    with pytest.raises(DownloadTimeout) as trouble:
        await plain.download(url, tmp_path / "model.glb")
    assert (trouble.value.code, trouble.value.retryable) == ("result_download_timeout", True)
    assert plain.limits.window_seconds <= time.monotonic() - began < plain.limits.download_seconds / 2
    assert count(fal, "download") == 1
    assert names(tmp_path) == []


async def test_all_of_it_has_a_deadline(fal: VirtualFal, plain: FalClient, tmp_path: Path) -> None:
    """Fast enough for every window, too slow for the whole."""
    fal.script({"preset": "download-slow", "glb_mb": 2.0})
    url = await find_model(plain)
    limits = replace(LIMITS, download_seconds=1.2)
    async with FalClient(fal.key, hosts=plain.hosts, limits=limits) as hurried:
        with pytest.raises(DownloadTimeout):
            await hurried.download(url, tmp_path / "model.glb")


@pytest.mark.parametrize("name", ["download-html", "download-bomb", "model-html"])
async def test_a_page_or_a_bomb_is_no_file(plain: FalClient, fal: VirtualFal, tmp_path: Path, name: str) -> None:
    """J23: packed data is not even unpacked."""
    fal.script(name)
    url = await find_model(plain)
    with pytest.raises(NotAFile) as trouble:
        await plain.download(url, tmp_path / "model.glb")
    assert (trouble.value.code, trouble.value.retryable) == ("result_invalid_glb", False)
    assert count(fal, "download") == 1
    assert names(tmp_path) == []


@pytest.mark.parametrize("name", ["download-404", "download-410", "download-403", "files-expired"])
async def test_the_file_may_be_gone(plain: FalClient, fal: VirtualFal, tmp_path: Path, name: str) -> None:
    fal.script(name)
    url = await find_model(plain)
    with pytest.raises(FileGone) as trouble:
        await plain.download(url, tmp_path / "model.glb")
    assert (trouble.value.code, trouble.value.retryable) == ("result_expired", True)


@pytest.mark.parametrize("name", ["default", "download-unsized"])
async def test_a_file_has_a_largest_size(plain: FalClient, fal: VirtualFal, tmp_path: Path, name: str) -> None:
    """K18, with and without an announced length."""
    fal.script({"preset": name, "glb_bytes": 300_000})
    url = await find_model(plain)
    with pytest.raises(TooLarge) as trouble:
        await plain.download(url, tmp_path / "model.glb", max_bytes=299_999)
    assert (trouble.value.code, trouble.value.retryable) == ("result_too_large", False)
    assert names(tmp_path) == []
    assert (await plain.download(url, tmp_path / "model.glb", max_bytes=300_000)).size == 300_000


async def test_two_hundred_mib_and_one_byte_are_too_much(plain: FalClient, fal: VirtualFal, tmp_path: Path) -> None:
    fal.script("model-over-200-mib")
    url = await find_model(plain)
    with pytest.raises(TooLarge, match="200 MiB"):
        await plain.download(url, tmp_path / "model.glb")


async def test_a_cancelled_download_leaves_nothing(plain: FalClient, fal: VirtualFal, tmp_path: Path) -> None:
    fal.script({"glb_mb": 6.0, "faults": {"download": {"kind": "drip", "rate": 3_000_000}}})
    download = asyncio.create_task(plain.download(await find_model(plain), tmp_path / "model.glb"))
    while not names(tmp_path):
        await asyncio.sleep(0.01)
    download.cancel()
    with pytest.raises(asyncio.CancelledError):
        await download
    assert names(tmp_path) == []


def test_a_discarded_file_takes_no_more(tmp_path: Path) -> None:
    """A thread that comes late must not open it again."""
    sink = Sink(tmp_path / "model.glb")
    sink.write(b"glTF")
    sink.discard()
    with pytest.raises(ValueError, match="closed"):
        sink.write(b"more")
    assert names(tmp_path) == []


async def test_a_full_disk_is_not_fals_fault(plain: FalClient, fal: VirtualFal, tmp_path: Path) -> None:
    url = await find_model(plain)
    with pytest.raises(FileNotFoundError):
        await plain.download(url, tmp_path / "no" / "such" / "folder.glb")
