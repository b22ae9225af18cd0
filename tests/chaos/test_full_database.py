"""The database takes no writes, for its volume is full or protected: uploads are refused, reading goes on. (row 25)"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.chaos.checker import judge
from tests.chaos.client import Caller
from tests.chaos.conftest import Scene
from tests.chaos.test_disk import fill, mount_small_disk

pytestmark = [pytest.mark.stack, pytest.mark.chaos, pytest.mark.timeout(300)]
REFUSALS = {(503, "storage_full"), (503, "database_unavailable")}


@pytest.fixture(scope="module")
def on_sqlite(open_scene: Callable[..., Scene]) -> Scene:
    """Database, files and what comes in lie on one small disk, as on a small machine."""
    if os.getuid() != 0:
        pytest.skip("only root may mount a disk")
    return open_scene(
        on_postgres=False, furnish=lambda data_dir: mount_small_disk(data_dir, megabytes=40), MIN_FREE_MB="0"
    )


@pytest.fixture(scope="module")
def on_postgres(open_scene: Callable[..., Scene]) -> Scene:
    return open_scene(on_postgres=True)


def make_model(scene: Scene, alice: Caller) -> str:
    job_id = alice.send(scene.fresh(), engine="local").body["job_id"]
    scene.stack.wait_until(lambda: alice.is_over(job_id), what="a model")
    return str(job_id)


def assert_reads_and_does_not_write(scene: Scene, alice: Caller, kept: str) -> None:
    refused = alice.send(scene.fresh(), engine="local", once=True)
    assert (refused.status, refused.error_code) in REFUSALS, refused
    assert int(refused.retry_after) > 0
    assert alice.call("GET", "/api/v1/jobs").status == 200
    job = alice.look(kept)
    assert job is not None
    said = alice.download_some(scene.stack.dice, job)
    assert said is not None
    assert said.status == 200


def test_sqlite_on_a_full_volume(on_sqlite: Scene):
    scene = on_sqlite
    alice = scene.caller()
    kept = make_model(scene, alice)
    scene.stack.note("the disk of the database is full")
    with fill(scene.stack.data_dir):
        assert_reads_and_does_not_write(scene, alice, kept)
    make_model(scene, alice)
    judge(scene.stack, scene.history)


@contextmanager
def refuse_writing(scene: Scene) -> Iterator[None]:
    """As a server does that has become a replica, or whose keeper protects its last bytes."""
    _set(scene, "default_transaction_read_only", "on")
    try:
        yield
    finally:
        _set(scene, "default_transaction_read_only", "off")


def _set(scene: Scene, name: str, value: str) -> None:
    with scene.stack.connect() as connection:
        connection.execute(f"ALTER SYSTEM SET {name} = {value}")
        connection.execute("SELECT pg_reload_conf()")
    scene.stack.wait_until(lambda: _read(scene, name) == value, what=f"{name} to be {value}")


def _read(scene: Scene, name: str) -> str:
    with scene.stack.connect() as connection:
        return str(connection.execute(f"SHOW {name}").fetchone()[0])


def test_a_protected_postgresql(on_postgres: Scene):
    scene = on_postgres
    alice = scene.caller()
    kept = make_model(scene, alice)
    with scene.stack.connect() as connection:  # its use would be noted now, if that could be written
        connection.execute("UPDATE accounts_apikey SET last_used_at = NULL")
    with refuse_writing(scene):
        assert_reads_and_does_not_write(scene, alice, kept)
    make_model(scene, alice)
    judge(scene.stack, scene.history)
