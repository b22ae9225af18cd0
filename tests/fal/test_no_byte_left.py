"""Is nothing left when a job or an account is deleted? A search for its bytes and names everywhere. (P26)"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db.models.functions import Now

from accounts.models import User
from jobs import queue, services
from jobs.models import Artifact, Job, RemoteCopy, SourceImage
from jobs.services.check import find_faults
from jobs.services.sweep import sweep
from tests.fal.running import Scene
from tests.pictures import draw_blob, encode_png

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]
NAME, TITLE = "holiday-at-the-lake-4711", "The vase nobody may see 4711"
LEDGER = {"ledgerentry"}  # money that was spent stays in the books, by ids alone


@pytest.fixture
def traces(alice: User, scene: Scene) -> list[bytes]:
    """A job with models of both engines and another format; what must be nowhere when it is gone."""
    picture = encode_png(draw_blob(4711, size=96))
    upload = services.Upload(filename=f"{NAME}.png", file=io.BytesIO(picture))
    stored = services.store_images(alice, uploads=[upload])
    wishes = services.Wishes(engine="tripo-v2.5", formats=["stl"], name=TITLE)
    item = services.Item(views={"front": stored[0]})
    scene.run(services.submit_job(alice, items=[item], wishes=wishes).job)
    contents = [path.read_bytes() for path in stored_files()]
    hashes = [*Artifact.objects.values_list("sha256", flat=True), *SourceImage.objects.values_list("sha256", flat=True)]
    assert len(contents) >= 5  # picture, thumbnail, model, preview, format
    words = [NAME, TITLE, *hashes]
    return [*(content[-200:] for content in contents), *(word.encode() for word in words)]


def stored_files() -> list[Path]:
    return [path for path in (settings.DATA_DIR / "files").rglob("*") if path.is_file()]


def everything() -> Iterator[tuple[str, bytes]]:
    """All bytes that the product keeps: files of every kind, rows, Redis."""
    for folder in ("files", "incoming", "logs"):
        for path in (settings.DATA_DIR / folder).rglob("*"):
            if path.is_file():
                yield str(path), path.read_bytes()
    for model in apps.get_models():
        if model._meta.managed and model._meta.model_name not in LEDGER:
            yield model.__name__, repr(list(model._base_manager.values())).encode()
    redis = queue.get_connection()
    for key in redis.scan_iter():
        yield f"redis {key!r}", key + (redis.dump(key) or b"")


def find_traces(traces: list[bytes]) -> list[str]:
    return [place for place, content in everything() if any(trace in content for trace in traces)]


def delete_one_job(alice: User) -> None:
    services.delete_job(Job.objects.get(), actor="alice")


def delete_the_account(alice: User) -> None:
    services.delete_work_of(alice)
    alice.delete()


def let_it_expire(alice: User) -> None:
    settings.RETENTION_DAYS = 0
    Job.objects.update(finished_at=Now())
    sweep()  # hidden
    sweep()  # purged


def clean_up(alice: User) -> None:
    out = io.StringIO()
    call_command("sweep", "--older-than", "0", "--dry-run", stdout=out)
    assert "1 jobs, 5 files" in out.getvalue()
    assert Job.objects.exists()
    call_command("sweep", "--older-than", "0", stdout=out)
    assert "are gone" in out.getvalue()


def test_the_search_finds_what_is_there(traces: list[bytes]):
    places = find_traces(traces)
    assert {"Job", "Generation", "GenerationInput", "SourceImage", "Artifact"} <= set(places)
    assert len([place for place in places if place.startswith("/")]) >= 5
    assert not any(str(settings.DATA_DIR / "logs") in place or "redis" in place for place in places)


@pytest.mark.parametrize("delete", [delete_one_job, delete_the_account, let_it_expire, clean_up])
def test_nothing_is_left(
    alice: User,
    scene: Scene,
    traces: list[bytes],
    delete: Callable[[User], None],
    settings,
):
    settings.RETENTION_DAYS = None  # as before, after each test
    delete(alice)
    assert find_traces(traces) == []
    assert stored_files() == []
    assert list(find_faults()) == []
    scene.follow_until(lambda: not RemoteCopy.objects.exists())
    assert len(scene.fal.ledger(step="payloads")["requests"]) == 1
