"""Which commands and which secrets does each process of the product get?"""

from __future__ import annotations

from pathlib import Path

import pytest

from image2model.configuration import read_configuration
from image2model.supervisor.instance import Instance
from image2model.supervisor.options import Options
from image2model.supervisor.stack import Plan, draw_plan


def draw(
    data_dir: Path, *, host: str = "127.0.0.1", workers: int = 2, virtual_fal: bool = False, **environment: str
) -> Plan:
    return draw_plan(
        Options(host=host, port=8000, workers=workers, virtual_fal=virtual_fal),
        configuration=read_configuration({"DATA_DIR": str(data_dir), **environment}),
        instance=Instance(data_dir),
    )


@pytest.fixture(autouse=True)
def _no_key(monkeypatch):
    for name in ("FAL_KEY", "FAL_KEY_FILE", "ALLOWED_HOSTS"):
        monkeypatch.delenv(name, raising=False)


def test_it_works(tmp_path):
    plan = draw(tmp_path)
    assert [child.name for child in plan.children] == ["web", "local", "post", "watch"]
    assert plan.store is not None
    assert plan.url == "http://127.0.0.1:8000"
    assert plan.environment["REDIS_URL"] == f"unix://{tmp_path}/valkey.sock?db=0"
    assert plan.environment["SECRET_KEY"] == (tmp_path / "secret_key").read_text()


def test_the_fal_key_reaches_only_those_who_need_it(tmp_path, monkeypatch):
    monkeypatch.setenv("FAL_KEY", "canary")
    plan = draw(tmp_path, FAL_KEY="canary")
    assert "canary" not in plan.environment.values()
    assert [child.name for child in plan.children if "canary" in child.environment.values()] == ["fal+watch"]


def test_a_named_server_is_used_instead_of_our_own(tmp_path):
    plan = draw(tmp_path, REDIS_URL="redis://127.0.0.1:6390/0")
    assert plan.store is None
    assert plan.environment["REDIS_URL"] == "redis://127.0.0.1:6390/0"
    assert (tmp_path / "redis_url").read_text() == "redis://127.0.0.1:6390/0"
    assert (tmp_path / "redis_url").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("host", "url", "hosts"),
    [
        ("0.0.0.0", "http://127.0.0.1:8000", None),
        ("::1", "http://[::1]:8000", "127.0.0.1,localhost,[::1],[::1]"),
        ("192.168.1.5", "http://192.168.1.5:8000", "127.0.0.1,localhost,[::1],192.168.1.5"),
    ],
)
def test_the_address_is_the_one_that_people_open(tmp_path, host, url, hosts):
    plan = draw(tmp_path, host=host)
    assert plan.url == url
    assert plan.environment.get("ALLOWED_HOSTS") == hosts


def test_the_web_stops_before_the_store_and_after_the_workers(tmp_path):
    plan = draw(tmp_path)
    web, *workers = plan.children
    assert plan.store is not None
    assert plan.store.stage < web.stage
    assert {worker.stage > web.stage for worker in workers} == {True}
