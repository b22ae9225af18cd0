"""What is told of each request"""

from __future__ import annotations

import logging

import pytest

from image2model.middleware import request_id_var
from image2model.ops.recording import Recorder
from tests.ops.asgi import ask

NAME = "image2model.requests"


async def test_it_works(caplog) -> None:
    with caplog.at_level(logging.INFO, logger=NAME):
        answer = await ask("/api/v1/jobs/not-an-id", headers={"X-Request-ID": "mine-1"})

    [line] = [record for record in caplog.records if record.name == NAME]
    assert answer.status == 401
    assert answer.headers["x-request-id"] == "mine-1"
    assert line.facts["method"] == "GET"
    assert line.facts["route"] == "api/v1/jobs/<str:job_id>"
    assert line.facts["status"] == 401
    assert line.facts["ms"] > 0
    assert line.facts["user_id"] is None
    assert "not-an-id" not in line.getMessage()


@pytest.mark.django_db(transaction=True)
async def test_it_names_the_user(caplog, alice) -> None:
    from asgiref.sync import sync_to_async

    from tests.api.client import Api

    headers = (await sync_to_async(Api)(alice)).headers
    with caplog.at_level(logging.INFO, logger=NAME):
        await ask("/api/v1/jobs", headers=headers)

    assert [record.facts["user_id"] for record in caplog.records if record.name == NAME] == [alice.pk]


async def test_one_id_for_all_behind_it() -> None:
    seen = []

    async def inner(scope, receive, send) -> None:
        seen.append((dict(scope["headers"])[b"x-request-id"].decode(), request_id_var.get()))
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    await ask("/", headers={"X-Request-ID": "bad id\x01"}, app=Recorder(inner))

    [(header, context)] = seen
    assert header == context
    assert "bad" not in header


async def test_an_address_that_no_view_took_is_not_named(caplog) -> None:
    with caplog.at_level(logging.INFO, logger=NAME):
        await ask("/api/v1/secret-name.png")

    [line] = [record for record in caplog.records if record.name == NAME]
    assert line.facts["route"] == "unmatched"
    assert "secret-name" not in line.getMessage()


@pytest.mark.parametrize("path", ["/health", "/static/css/base.css"])
async def test_what_comes_often_is_counted_and_not_logged(path: str, caplog) -> None:
    with caplog.at_level(logging.INFO, logger=NAME):
        await ask(path)

    assert not [record for record in caplog.records if record.name == NAME]


async def test_a_crash_is_told(caplog) -> None:
    async def crash(scope, receive, send) -> None:
        raise RuntimeError

    with caplog.at_level(logging.INFO, logger=NAME), pytest.raises(RuntimeError):
        await ask("/", app=Recorder(crash))

    [line] = [record for record in caplog.records if record.name == NAME]
    assert (line.levelname, line.facts["status"]) == ("WARNING", 500)


async def test_a_client_that_left_is_told(caplog) -> None:
    async def say_nothing(scope, receive, send) -> None:
        return

    app = Recorder(say_nothing)
    with caplog.at_level(logging.INFO, logger=NAME), pytest.raises(IndexError):
        await ask("/", app=app)

    assert [record.facts["status"] for record in caplog.records if record.name == NAME] == [499]
