"""One production host for the tests of a module that only use it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.production.host import WORKERS, Host, link_release, put_into_slot, run_host, wait_for_slot


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    """The whole topology in slot blue: nginx, web, live, workers, watcher, PostgreSQL, Redis."""
    root = Path(tempfile.mkdtemp(prefix="image2model-host-"))
    try:
        with run_host(root) as running:
            put_into_slot(running, link_release(running), slot="blue")
            running.start("prepare@blue", "web@blue", "live@blue", *WORKERS)
            wait_for_slot(running, "blue")
            yield running
    finally:
        shutil.rmtree(root, ignore_errors=True)
