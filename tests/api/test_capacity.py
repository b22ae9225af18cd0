"""How many large bodies come in at once, and how long is each waited for? Asked of the whole ASGI application."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from accounts.models import User
from jobs.api import admission, patience
from jobs.api.capacity import LARGE_AT_ONCE, LARGE_BYTES, take_place
from jobs.errors import JobError
from tests.api.test_admission import Exchange, make_key
from tests.running import ROOT

pytestmark = pytest.mark.django_db(transaction=True)

FORM = "multipart/form-data; boundary=x"


@pytest.fixture(autouse=True)
def incoming(settings, tmp_path: Path, monkeypatch) -> Path:
    monkeypatch.setattr(admission, "LINGER_SECONDS", 0.05)
    settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path)
    return tmp_path


async def ask(user: User, *, length: int, **headers: str) -> Exchange:
    return Exchange(authorization=await make_key(user), content_type=FORM, content_length=str(length), **headers)


async def test_it_works(alice: User) -> None:
    exchange = await ask(alice, length=LARGE_BYTES + 1)

    assert await exchange.run() == (400, "malformed_multipart")  # it was taken in
    assert exchange.was_read


async def test_a_fifth_large_body_is_told_when_to_come_back(alice: User) -> None:
    exchange = await ask(alice, length=LARGE_BYTES + 1)
    with ExitStack() as places:
        for _ in range(LARGE_AT_ONCE):
            places.enter_context(take_place())

        assert await exchange.run() == (503, "upload_capacity")
        assert int(exchange.headers["retry-after"]) > 0
        assert not exchange.was_read

    exchange = await ask(alice, length=LARGE_BYTES + 1)
    assert await exchange.run() == (400, "malformed_multipart")


async def test_small_bodies_need_no_place(alice: User) -> None:
    with ExitStack() as places:
        for _ in range(LARGE_AT_ONCE):
            places.enter_context(take_place())
        exchange = await ask(alice, length=LARGE_BYTES)

        assert await exchange.run() == (400, "malformed_multipart")


def test_the_places_are_the_machines_and_end_with_their_holder(incoming: Path) -> None:
    hold_all = (
        "import django, time; django.setup(); from contextlib import ExitStack;"
        f"from django.conf import settings; settings.FILE_UPLOAD_TEMP_DIR = {str(incoming)!r};"
        "from jobs.api.capacity import LARGE_AT_ONCE, take_place; stack = ExitStack();"
        "[stack.enter_context(take_place()) for _ in range(LARGE_AT_ONCE)]; print('held', flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", hold_all], cwd=ROOT, stdout=subprocess.PIPE, text=True, env=dict(os.environ)
    ) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(JobError) as caught, take_place():
            pass
        assert caught.value.code == "upload_capacity"
        holder.send_signal(signal.SIGKILL)
    with take_place():
        pass


async def test_a_large_body_of_another_type_is_not_read(alice: User) -> None:
    exchange = Exchange(
        authorization=await make_key(alice), content_type="application/json", content_length=str(LARGE_BYTES)
    )

    assert await exchange.run() == (415, "unsupported_media_type")
    assert not exchange.was_read


@pytest.mark.parametrize("path", ["/login/", "/api/v1/jobs", "/admin/login/", "/nowhere"])
async def test_only_uploads_may_be_large(alice: User, path: str) -> None:
    exchange = Exchange(path=path, authorization=await make_key(alice), content_length=str(5 * 1024 * 1024))

    assert await exchange.run() == (413, "request_too_large")
    assert not exchange.was_read


async def test_a_large_body_for_the_page_of_nobody_is_not_read() -> None:
    exchange = Exchange(path="/upload/", content_type=FORM, content_length=str(LARGE_BYTES))

    assert await exchange.run() == (401, "not_authenticated")
    assert not exchange.was_read


async def test_a_page_takes_no_body_of_unknown_length() -> None:
    exchange = Exchange(path="/login/", transfer_encoding="chunked")

    assert await exchange.run() == (411, "length_required")
    assert not exchange.was_read


class SlowExchange(Exchange):
    """Sends one byte, and then nothing, or a byte in every moment."""

    drips = False

    async def receive(self) -> dict[str, Any]:
        if self.was_asked and not self.drips:
            await asyncio.Event().wait()
        if self.was_asked and self.sent:
            return {"type": "http.disconnect"}
        self.was_asked = True
        await asyncio.sleep(0.01)  # a hundred bytes in a second are fewer than are asked for
        return {"type": "http.request", "body": b"x", "more_body": True}


@pytest.mark.parametrize("drips", [False, True])
async def test_d21_a_body_that_stands_still_is_given_up(alice: User, monkeypatch, drips: bool) -> None:
    monkeypatch.setattr(patience, "SILENT_SECONDS", 0.2)
    monkeypatch.setattr(patience, "GRACE_SECONDS", 0.2)
    exchange = SlowExchange(authorization=await make_key(alice), content_type=FORM, content_length=str(LARGE_BYTES + 1))
    exchange.drips = drips

    assert await exchange.run() == (400, "incomplete_upload")
    assert exchange.headers["connection"] == "close"
    with ExitStack() as places:  # its place is free again
        for _ in range(LARGE_AT_ONCE):
            places.enter_context(take_place())
