"""What does every test with FAL have? The virtual FAL as a real server, and workers that run when a test says so."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.cache import cache

from jobs import catalog
from jobs.engines.fal import Limits
from jobs.fal import client as fal_client
from jobs.fal import follower, prices
from jobs.services.fal import pacing, provider
from tests.fal.running import Scene
from tests.virtual_fal.running import VirtualFal, run_virtual_fal

ENGINE = "tripo-v2.5"


@pytest.fixture(scope="session")
def fal_server() -> Iterator[VirtualFal]:
    with run_virtual_fal(run_seconds=0.2, concurrency=0, proxy_port=None) as fal:
        yield fal


@pytest.fixture
def fal(fal_server: VirtualFal) -> VirtualFal:
    fal_server.reset()
    return fal_server


def choose_limits(test: str) -> Limits:
    """Little patience where FAL is silent, as the test's name tells; elsewhere that is only a busy machine."""
    if any(word in test for word in ("hang", "mute", "drip")):
        return Limits(
            connect_seconds=1, submit_seconds=2, answer_seconds=1.5, upload_seconds=2, download_seconds=30,
            download_pause_seconds=0.05, window_seconds=0.5,
        )  # fmt: skip
    return Limits(
        connect_seconds=30, submit_seconds=30, answer_seconds=30, upload_seconds=30, download_seconds=60,
        download_pause_seconds=0.05, window_seconds=30,
    )  # fmt: skip


@pytest.fixture
def scene(
    transactional_db: None, fal: VirtualFal, settings, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[Scene]:
    """FAL is offered, and its engine is one that takes a second, so that nothing is waited for long."""
    settings.FAL_KEY, settings.FAL_BASE_URL, settings.FAL_CONCURRENCY = fal.key, fal.base_url, 50
    cache.clear()
    entry = catalog.ENGINES[ENGINE]
    monkeypatch.setitem(catalog.ENGINES, ENGINE, type(entry)(**{**vars(entry), "typical_seconds": 1}))
    monkeypatch.setattr(fal_client, "limits", choose_limits(request.node.name))
    monkeypatch.setattr(pacing, "QUICK", 0.1)
    monkeypatch.setattr(pacing, "BACKOFF_MOST", 0.3)
    monkeypatch.setattr(follower, "TICK_SECONDS", 0.05)
    prices._known.clear()
    provider.publish_offer()
    yield Scene(fal=fal)
    cache.clear()
