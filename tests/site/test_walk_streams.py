"""Who may listen? Every address of an event stream and of a websocket, as everybody. P11 for what is not Django's."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from asgiref.sync import sync_to_async
from django.conf import settings
from django.test import Client

from accounts.access import make_access_token
from accounts.models import User
from image2model import asgi
from jobs.live import sse
from jobs.models import Job
from tests.factories import UserFactory, make_job
from tests.live.client import Socket, bearer, make_scope, open_stream
from tests.site.places import STREAMS, Place
from tests.site.walking import CANARY

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]

EVENT_STREAMS = sorted(sse.ROUTES.values())
SOCKETS = [entry.pattern.regex.pattern for entry in asgi.websocket_urls]
WHO = ("owner", "stranger", "staff", "superuser", "reader", "writer", "foreign link")


def test_every_stream_has_its_place() -> None:
    assert {*EVENT_STREAMS, *SOCKETS} == set(STREAMS)
    assert len(sse.ADDRESSES) == len(EVENT_STREAMS)


@pytest.fixture
def job(db: None) -> Job:
    return make_job(UserFactory(email=f"{CANARY}@example.org"), names=[f"{CANARY}.png"])


def address_of(route: str, job: Job) -> str:
    socket = route.replace("(?P<job_id>[^/]+)", str(job.pk)).replace("^", "/").replace("/?$", "/")
    path = socket if route in SOCKETS else f"/{route}"
    return path.replace("<job_id>", str(job.pk)).replace("<task_id>", str(job.task_id))


def prepare(who: str, job: Job) -> tuple[dict[str, str], str]:
    """Headers and query of somebody."""
    if who == "foreign link":
        other = make_job(UserFactory(), first=7)
        return {}, f"?access={make_access_token(user_id=other.owner_id, job_id=other.pk, seconds=60)}"
    if who == "owner":
        return cookie_of(job.owner), ""
    if who in ("reader", "writer"):
        return bearer(job.owner, scopes=["read" if who == "reader" else "write"]), ""
    ranks = {"staff": {"is_staff": True}, "superuser": {"is_staff": True, "is_superuser": True}}
    return bearer(UserFactory(**ranks.get(who, {}))), ""


def cookie_of(user: User) -> dict[str, str]:
    client = Client()
    client.force_login(user)
    name = settings.SESSION_COOKIE_NAME
    return {"cookie": f"{name}={client.cookies[name].value}", "origin": "http://testserver"}


@pytest.mark.parametrize("route", EVENT_STREAMS)
@pytest.mark.parametrize("who", WHO)
async def test_who_may_listen(job: Job, route: str, who: str) -> None:
    headers, query = await sync_to_async(prepare)(who, job)
    async with open_stream(address_of(route, job) + query, headers) as stream:
        if who in ("owner", "reader"):
            assert stream.status == 200
            assert CANARY in (await stream.wait_for_frames(1))[0]["data"]["generations"][0]["filename"]
        elif who == "writer":
            assert (stream.status, stream.json()["error_code"]) == (403, "insufficient_scope")
        elif who == "foreign link":
            assert (stream.status, stream.json()["error_code"]) == (401, "not_authenticated")
        elif STREAMS[route] == Place.API_OF_OBJECT:
            assert (stream.status, stream.json()["error_code"]) == (404, "not_found")
        else:
            assert stream.status == 200
    assert who in ("owner", "reader") or CANARY not in stream.text


@pytest.mark.parametrize("route", EVENT_STREAMS)
@pytest.mark.parametrize("slash", ["", "/"])
async def test_nobody_listens(job: Job, route: str, slash: str) -> None:
    async with open_stream(address_of(route, job) + slash) as stream:
        assert (stream.status, stream.json()["error_code"]) == (401, "not_authenticated")
        assert stream.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("route", EVENT_STREAMS)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE"])
async def test_a_stream_is_only_read(job: Job, route: str, method: str) -> None:
    headers = await sync_to_async(bearer)(job.owner, scopes=["read", "write"])
    async with open_stream(address_of(route, job), headers, method=method) as stream:
        assert (stream.status, stream.json()["error_code"]) == (405, "method_not_allowed")


@pytest.mark.parametrize("route", [route for route in EVENT_STREAMS if STREAMS[route] == Place.API_OF_OBJECT])
async def test_a_strangers_job_looks_like_an_unknown_one(job: Job, route: str, bob: User) -> None:
    headers = {**await sync_to_async(bearer)(bob), "x-request-id": "same"}
    unknown = Job(pk=uuid4(), task_id=uuid4())
    async with (
        open_stream(address_of(route, job), headers) as foreign,
        open_stream(address_of(route, unknown), headers) as missing,
    ):
        assert (foreign.status, foreign.text) == (missing.status, missing.text)


async def listen(path: str, headers: dict[str, str], query: str = "") -> tuple[str, int | None]:
    """What came over a websocket until the first frame or its end, and the code of that."""
    scope = make_scope(path + query, headers, kind="websocket")
    socket = Socket(asgi.application, path + query, headers=scope["headers"])
    if not (await socket.connect())[0]:
        return "", None
    told, output = "", await socket.receive_output()
    while output["type"] == "websocket.send" and '"event": "error"' in output["text"]:
        told, output = told + output["text"], await socket.receive_output()
    if output["type"] == "websocket.send":
        await socket.disconnect()
        return output["text"], 101
    return told, output["code"]


def expect_code(route: str, who: str) -> int:
    if STREAMS[route] == Place.OPEN:
        return 4404
    if who in ("owner", "reader"):
        return 101
    if who == "writer":
        return 4403
    return 4401 if who in ("foreign link", "nobody") else 4404


@pytest.mark.parametrize("route", SOCKETS)
@pytest.mark.parametrize("who", [*WHO, "nobody"])
async def test_who_may_listen_by_websocket(job: Job, route: str, who: str) -> None:
    headers, query = await sync_to_async(prepare)(who, job) if who != "nobody" else ({}, "")
    if STREAMS[route] == Place.API and who in ("stranger", "staff", "superuser"):
        await sync_to_async(make_job)(await User.objects.alatest("pk"), first=3)  # hears of jobs of their own
        told, code = await listen(address_of(route, job), headers, query)
        assert (code, CANARY in told) == (101, False)
        return
    told, code = await listen(address_of(route, job), headers, query)
    assert (code, CANARY in told) == (expect_code(route, who), expect_code(route, who) == 101)


@pytest.mark.parametrize("route", SOCKETS[:2])
async def test_a_foreign_page_opens_none(job: Job, route: str) -> None:
    headers: dict[str, Any] = await sync_to_async(cookie_of)(job.owner)
    assert await listen(address_of(route, job), headers | {"origin": "https://evil.example"}) == ("", None)
