"""Does one thread answer a request from beginning to end, and the next one, too?"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import override_settings
from django.urls import path

from image2model.handler import Handler
from tests.ops.asgi import ask, make_scope

SEEN: list[tuple[str, int]] = []
GATE = threading.Barrier(2)
OPEN = threading.Event()


def note(where: str) -> None:
    SEEN.append((where, threading.get_ident()))


class Watching:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        note("before")
        try:
            return self.get_response(request)
        finally:
            note("after")


def look(request: HttpRequest) -> HttpResponse:
    note("view")
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return HttpResponse(str(id(connection.connection)))


def meet(request: HttpRequest) -> HttpResponse:
    GATE.wait(timeout=30)
    return look(request)


def linger(request: HttpRequest) -> HttpResponse:
    note("lingering")
    OPEN.wait(timeout=30)
    return look(request)


urlpatterns = [path("look", look), path("meet", meet), path("linger", linger)]


@pytest.fixture
def handler() -> Any:
    SEEN.clear()
    OPEN.clear()
    with override_settings(ROOT_URLCONF=__name__, MIDDLEWARE=[f"{__name__}.Watching"], ALLOWED_HOSTS=["*"]):
        handler = Handler()
        yield handler
        handler.threads.end_idle()


def find_threads(*, of: str) -> list[int]:
    return [thread for where, thread in SEEN if where == of]


@pytest.mark.django_db(transaction=True)
def test_it_works(handler: Handler) -> None:
    answers = [asyncio.run(ask("/look", app=handler)) for _ in range(3)]
    assert [answer.status for answer in answers] == [200, 200, 200]
    assert [where for where, _ in SEEN] == 3 * ["before", "view", "after"]
    assert len({thread for _, thread in SEEN}) == 1
    assert threading.get_ident() not in {thread for _, thread in SEEN}


@pytest.mark.django_db(transaction=True)
def test_sqlite_is_opened_once(handler: Handler) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("a connection of PostgreSQL is given back with each answer")
    assert len({asyncio.run(ask("/look", app=handler)).body for _ in range(3)}) == 1


@pytest.mark.django_db(transaction=True)
def test_two_at_once_have_a_thread_each(handler: Handler) -> None:
    async def ask_both() -> list[Any]:
        return list(await asyncio.gather(ask("/meet", app=handler), ask("/meet", app=handler)))

    answers = asyncio.run(ask_both())
    assert [answer.status for answer in answers] == [200, 200]
    assert len(set(find_threads(of="view"))) == 2


@pytest.mark.django_db(transaction=True)
def test_only_a_few_threads_stay(handler: Handler) -> None:
    handler.threads.most_idle = 1

    async def ask_both() -> None:
        await asyncio.gather(ask("/meet", app=handler), ask("/meet", app=handler))

    asyncio.run(ask_both())
    [kept] = handler.threads._idle
    assert {thread.ident for thread in kept._threads} < set(find_threads(of="view"))


@pytest.mark.django_db(transaction=True)
def test_a_thread_whose_caller_left_is_not_lent_before_it_is_done(handler: Handler) -> None:
    async def leave() -> None:
        messages = iter([{"type": "http.request", "body": b"", "more_body": False}])

        async def receive() -> dict[str, Any]:
            for message in messages:
                return message
            while "lingering" not in dict(SEEN):
                await asyncio.sleep(0.01)  # the pace of looking
            return {"type": "http.disconnect"}

        async def send(message: dict[str, Any]) -> None:
            """Nobody hears it."""

        task = asyncio.ensure_future(handler(make_scope("/linger"), receive, send))
        while "lingering" not in dict(SEEN):
            await asyncio.sleep(0.01)
        await ask("/look", app=handler)
        assert not task.done()
        OPEN.set()
        await task

    asyncio.run(leave())
    assert len(set(find_threads(of="view"))) == 2
    assert len(handler.threads._idle) == 2
