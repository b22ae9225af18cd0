"""Does the embedded store start, keep its data through a kill, and stay private?"""

from __future__ import annotations

import os
import signal
import stat
from pathlib import Path

import pytest
import redis

from image2model.supervisor.processes import leftovers
from image2model.supervisor.refusals import Refusal
from image2model.supervisor.valkey import choose_socket, describe_valkey
from tests.supervisor.children import POLITE
from tests.supervisor.conftest import Supervised, wait_until


def connect(data_dir: Path) -> redis.Redis:
    return redis.Redis(unix_socket_path=str(choose_socket(data_dir)))


def start_with_store(supervise) -> Supervised:
    supervised = supervise({"name": "web", "code": POLITE}, valkey=True)
    supervised.wait_for("web      | up")  # starts only after the store answers
    return supervised


def find_server_process(data_dir: Path) -> int:
    return next(pid for pid in leftovers(data_dir) if b"valkey-server" in Path(f"/proc/{pid}/cmdline").read_bytes())


def test_it_works(supervise, tmp_path):
    supervised = start_with_store(supervise)
    with connect(tmp_path) as client:
        settings = client.config_get("*")
    wanted = {"appendonly": "yes", "appendfsync": "everysec", "save": "", "maxmemory-policy": "noeviction", "port": "0"}
    assert {name: settings[name] for name in wanted} == wanted
    assert supervised.stop() == 0
    assert not leftovers(tmp_path)


def test_it_is_its_owners_alone(supervise, tmp_path):
    start_with_store(supervise)
    assert stat.S_IMODE((tmp_path / "valkey").stat().st_mode) == 0o700
    assert stat.S_IMODE(choose_socket(tmp_path).stat().st_mode) == 0o700


def test_it_keeps_its_data_through_kills(supervise, tmp_path):
    supervised = start_with_store(supervise)
    with connect(tmp_path) as client:
        client.rpush("jobs", *range(500))
    os.kill(find_server_process(tmp_path), signal.SIGKILL)
    supervised.wait_for("valkey was ended by SIGKILL")
    wait_until(lambda: count_jobs(tmp_path) == 500, what="the restarted store")
    supervised.process.kill()
    supervised.wait_for_end()
    start_with_store(supervise)
    assert count_jobs(tmp_path) == 500


def count_jobs(data_dir: Path) -> int | None:
    try:
        with connect(data_dir) as client:
            return client.llen("jobs")
    except redis.ConnectionError:
        return None


def test_a_store_that_nobody_ended_is_replaced(supervise, tmp_path):
    """Its supervisor and the kernel's signal both failed it: only the next start is left to end it."""
    supervised = start_with_store(supervise)
    orphan = find_server_process(tmp_path)
    os.kill(orphan, signal.SIGSTOP)
    supervised.process.kill()
    supervised.wait_for_end()
    start_with_store(supervise)
    assert find_server_process(tmp_path) != orphan
    assert orphan not in leftovers(tmp_path)


def test_a_long_path_gets_a_short_private_socket(supervise, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", "/tmp")
    deep = tmp_path / ("deep and spacious " * 6)
    deep.mkdir()
    socket = choose_socket(deep)
    assert len(os.fsencode(socket)) <= 100
    assert stat.S_IMODE(socket.parent.stat().st_mode) == 0o700
    supervise({"name": "web", "code": POLITE}, valkey=True, data_dir=str(deep)).wait_for("web      | up")
    with connect(deep) as client:
        assert client.ping()
    socket.parent.chmod(0o755)
    with pytest.raises(Refusal, match="belongs to somebody else"):
        choose_socket(deep)
    socket.parent.chmod(0o700)


def test_the_address_survives_a_strange_path(tmp_path):
    odd = tmp_path / "50% done? #1"
    odd.mkdir()
    _, url = describe_valkey(odd)
    assert redis.Redis.from_url(url).connection_pool.connection_kwargs["path"] == str(odd / "valkey.sock")
