"""Quota, queue and disk: who is told that there is no room, and what is kept then? (nothing)"""

from __future__ import annotations

import errno
import gc
import io
import os
import shutil
import tempfile
import threading
from collections import namedtuple
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.test import Client

from accounts.models import Limits
from jobs import files
from jobs.api import capacity
from jobs.api.capacity import LARGE_BYTES
from jobs.models import Artifact, Generation, Job, SourceImage
from jobs.services import Upload, check_disk, store_images
from tests.api.client import Api, assert_refused
from tests.api.test_admission import Exchange, make_key
from tests.factories import finish_job, make_job, make_picture
from tests.limits.hammer import draw_noise

pytestmark = pytest.mark.django_db

MEGABYTE = 1024 * 1024


def nothing_is_stored() -> bool:
    return not SourceImage.objects.exists() and not Job.objects.exists() and not list(files.list_files(files.IMAGES))


@pytest.fixture
def full_disk(monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(100 * MEGABYTE, 99 * MEGABYTE, MEGABYTE))


# A user's quota


def test_what_fits_in_is_taken(api: Api, alice):
    Limits.objects.create(user=alice, storage_mb=1)

    assert api.upload(draw_noise(1, size=320)).status_code == 200
    assert api.get("/api/v1/account").json()["limits"]["storage_bytes"] == MEGABYTE


def test_d27_what_does_not_is_refused(api: Api, alice):
    Limits.objects.create(user=alice, storage_mb=1)
    large = [draw_noise(number, size=320) for number in range(4)]

    body = assert_refused(api.upload(*large), 403, "storage_quota_exceeded")

    assert body["details"] == {"used_bytes": 0, "limit_bytes": MEGABYTE}
    assert nothing_is_stored()


def test_models_count(api: Api, alice):
    job = finish_job(make_job(alice))
    Artifact.objects.filter(generation__job=job, role="model").update(size=2 * MEGABYTE)
    Limits.objects.create(user=alice, storage_mb=2)
    file_id = str(SourceImage.objects.get().pk)

    body = assert_refused(api.upload(make_picture(7)), 403, "storage_quota_exceeded")

    assert body["details"]["used_bytes"] > body["details"]["limit_bytes"] == 2 * MEGABYTE
    assert SourceImage.objects.count() == 1
    assert_refused(api.post("/api/v1/jobs", {"images": [file_id]}), 403, "storage_quota_exceeded")
    assert_refused(api.send("/api/v1/images", ("files", "a.png", make_picture(8))), 403, "storage_quota_exceeded")


def test_a_picture_that_is_stored_takes_no_more_room(alice):
    Limits.objects.create(user=alice, storage_mb=1)
    pictures = [draw_noise(number, size=320) for number in range(3)]

    def send() -> list:
        return store_images(alice, uploads=[Upload(filename="a.png", file=io.BytesIO(data)) for data in pictures])

    assert [entry.image.pk for entry in send()] == [entry.image.pk for entry in send()]


def test_deleting_makes_room(api: Api, alice):
    Limits.objects.create(user=alice, storage_mb=1)
    first = api.upload(*[draw_noise(number, size=320) for number in range(3)]).json()["job_id"]
    assert api.upload(draw_noise(4, size=320)).status_code == 403
    api.delete(f"/api/v1/jobs/{first}")

    assert api.upload(draw_noise(4, size=320)).status_code == 200


def test_the_site_has_a_quota_for_those_without_one(api: Api, settings):
    settings.STORAGE_MB_PER_USER = 0

    assert_refused(api.upload(make_picture()), 403, "storage_quota_exceeded")
    assert nothing_is_stored()


# The queue


def test_d25_a_full_queue(api: Api, bob, settings):
    make_job(bob, pictures=2)
    before = SourceImage.objects.count()
    settings.MAX_QUEUED_GENERATIONS = 3

    response = api.upload(make_picture(1), make_picture(2))

    assert_refused(response, 503, "queue_full")
    assert int(response["Retry-After"]) > 0
    assert (Job.objects.count(), SourceImage.objects.count()) == (1, before)
    assert api.upload(make_picture(1)).status_code == 200


def test_d25_for_stored_pictures_too(api: Api, alice, settings):
    file_id = str(make_job(alice).generations.get().inputs.get().image_id)
    settings.MAX_QUEUED_GENERATIONS = 1

    assert_refused(api.post("/api/v1/jobs", {"images": [file_id]}), 503, "queue_full")
    assert_refused(api.post("/api/v1/models/generate", {"file_id": file_id}), 503, "queue_full")
    assert Generation.objects.count() == 1


def test_a_finished_job_makes_room_in_the_queue(api: Api, bob, settings):
    settings.MAX_QUEUED_GENERATIONS = 1
    job = make_job(bob)
    assert api.upload(make_picture()).status_code == 503
    finish_job(job)

    assert api.upload(make_picture()).status_code == 200


# The disk


@pytest.mark.parametrize("path", ["/api/v1/upload", "/api/v1/images"])
def test_a_full_disk(api: Api, full_disk, path: str):
    response = api.send(path, ("files", "a.png", make_picture()))

    assert_refused(response, 503, "storage_full")
    assert int(response["Retry-After"]) > 0
    assert nothing_is_stored()


def test_without_a_floor_only_the_disk_itself_says_no(full_disk, settings):
    settings.MIN_FREE_MB = 0

    check_disk()


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
def test_a_disk_that_fills_up_on_the_way_keeps_nothing(api: Api, monkeypatch):
    """The last of five thumbnails finds no room; several are written at once."""
    write, room = files.write_file, threading.Semaphore(4)

    def write_until_full(path: str, data: bytes) -> None:
        if not room.acquire(blocking=False):
            raise OSError(28, "No space left on device")
        write(path, data)

    monkeypatch.setattr(files, "write_file", write_until_full)

    assert_refused(api.upload(*[make_picture(number) for number in range(5)]), 503, "storage_full")
    assert nothing_is_stored()


class LargeBody(Exchange):
    """One that does not fit into memory."""

    async def receive(self) -> dict[str, Any]:
        return {**await super().receive(), "body": bytes(LARGE_BYTES + 1)}


@pytest.mark.django_db(transaction=True)
@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EMFILE])
@pytest.mark.parametrize("place", [(tempfile, "TemporaryFile"), (capacity, "_lock_any")], ids=["body", "place"])
async def test_a_large_body_finds_no_room_on_its_way_in(alice, monkeypatch, place, number: int):
    """Before any view: Django puts it on a disk, and it takes its place among the large ones."""
    key = await make_key(alice)

    def refuse(*arguments: object, **named: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(*place, refuse)
    form = "multipart/form-data; boundary=x"
    exchange = LargeBody(authorization=key, content_type=form, content_length=str(LARGE_BYTES + 1))

    assert await exchange.run() == (503, "storage_full")
    assert int(exchange.headers["retry-after"]) > 0
    assert await sync_to_async(nothing_is_stored)()
    gc.collect()  # Django leaves the body that it could not put down to the collector


def test_reading_works_on_a_full_disk(api: Api, alice, full_disk, settings):
    settings.MIN_FREE_MB = 0
    job = finish_job(make_job(alice))
    settings.MIN_FREE_MB = 100

    assert api.get(f"/api/v1/jobs/{job.pk}").status_code == 200
    assert api.delete(f"/api/v1/jobs/{job.pk}").status_code == 204


# The page


def test_the_page_stores_nothing_either(page: Client, settings):
    settings.MAX_QUEUED_GENERATIONS = 0
    picture = io.BytesIO(make_picture())
    picture.name = "a.png"

    response = page.post("/upload/", {"files": picture, "engine": "local"}, headers={"Accept": "application/json"})

    assert_refused(response, 503, "queue_full")
    assert nothing_is_stored()
