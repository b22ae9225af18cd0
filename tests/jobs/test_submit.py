"""How does a job begin?"""

from __future__ import annotations

import io

import pytest

from accounts.models import Limits
from jobs import files, queue, services
from jobs.errors import JobError
from jobs.models import Event, Generation, IdempotencyKey, Job, SourceImage
from tests.factories import make_job, make_picture

pytestmark = pytest.mark.database


def upload(name="chair.png", data=None):
    return services.Upload(filename=name, file=io.BytesIO(make_picture() if data is None else data))


def submit(owner, *, names=("chair.png",), idempotency=None, **wishes):
    stored = services.store_images(owner, uploads=[upload(name, make_picture(n)) for n, name in enumerate(names)])
    items = [services.Item(views={"front": image}) for image in stored]
    return services.submit_job(owner, items=items, wishes=services.Wishes(**wishes), idempotency=idempotency)


@pytest.mark.django_db(transaction=True)
def test_it_works(alice):
    queue.find_queue("local").empty()
    submission = submit(alice, names=("chair.png", "mug.png"))
    job = submission.job
    job.refresh_from_db()
    assert submission.dispatched
    assert (job.status, job.total, job.queued, job.progress) == ("queued", 2, 2, 0)
    assert [g.name for g in job.generations.order_by("position")] == ["chair", "mug"]
    assert Event.objects.get(job=job).kind == "created"
    assert not queue.find_queue("local").is_empty()


def test_it_rings_only_after_the_commit(alice, django_capture_on_commit_callbacks):
    queue.find_queue("local").empty()
    with django_capture_on_commit_callbacks() as callbacks:
        submit(alice)
        assert queue.find_queue("local").is_empty()
    assert callbacks


@pytest.mark.django_db(transaction=True)
def test_a_lost_redis_loses_nothing(alice, monkeypatch):
    from redis.exceptions import ConnectionError as RedisGone

    def fail(*args, **kwargs):
        raise RedisGone("gone")

    monkeypatch.setattr("rq.Queue.enqueue", fail)
    submission = submit(alice)
    assert submission.dispatched is False
    assert Job.objects.get(pk=submission.job.pk).status == "queued"


def test_same_names_get_different_stems(alice):
    job = submit(alice, names=("a.png", "A.png", "a.png")).job
    stems = [g.name for g in job.generations.order_by("position")]
    assert len({stem.casefold() for stem in stems}) == 3


def test_the_same_picture_is_stored_once_for_each_owner(alice, bob):
    make_job(alice)
    make_job(alice)
    make_job(bob)
    assert SourceImage.objects.filter(owner=alice).count() == 1
    assert SourceImage.objects.filter(owner=bob).count() == 1
    assert len({image.path for image in SourceImage.objects.all()}) == 2


def test_views_of_one_object_are_one_generation(alice):
    stored = services.store_images(alice, uploads=[upload("f.png", make_picture(1)), upload("b.png", make_picture(2))])
    item = services.Item(views={"front": stored[0], "back": stored[1]})
    job = services.submit_job(alice, items=[item], wishes=services.Wishes()).job
    assert [entry.view for entry in job.generations.get().inputs.all()] == ["front", "back"]


@pytest.mark.parametrize(
    ("views", "words"),
    [(["back"], "front"), (["front", "side"], "not a view")],
)
def test_it_refuses_wrong_views(alice, views, words):
    stored = services.store_images(alice, uploads=[upload()])[0]
    item = services.Item(views=dict.fromkeys(views, stored))
    with pytest.raises(JobError, match=words) as caught:
        services.submit_job(alice, items=[item], wishes=services.Wishes())
    assert caught.value.code == "invalid_parameter"


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"facelimit": 5000}, "unknown_parameter"),
        ({"face_limit": 1999}, "invalid_parameter"),
        ({"face_limit": 500_001}, "invalid_parameter"),
        ({"face_limit": "many"}, "invalid_parameter"),
        ({"face_limit": True}, "invalid_parameter"),
        ({"face_limit": 2000.5}, "invalid_parameter"),
        ({"texture": "shiny"}, "invalid_parameter"),
        ({"seed": -1}, "invalid_parameter"),
    ],
)
def test_it_refuses_wrong_options(alice, options, code):
    with pytest.raises(JobError) as caught:
        submit(alice, options=options)
    assert caught.value.code == code
    assert not Job.objects.exists()


def test_it_refuses_unknown_engines_and_formats(alice):
    for wishes in ({"engine": "magic"}, {"formats": ["fbx"]}):
        with pytest.raises(JobError) as caught:
            submit(alice, **wishes)
        assert caught.value.code == "invalid_parameter"


def test_one_bad_file_keeps_nothing(alice):
    uploads = [upload("good.png"), upload("empty.png", b""), upload("text.png", b"hello there")]
    with pytest.raises(JobError) as caught:
        services.store_images(alice, uploads=uploads)
    assert caught.value.code == "empty_file"
    assert [entry["index"] for entry in caught.value.details["files"]] == [1, 2]
    assert not SourceImage.objects.exists()
    assert not list(files.list_files(f"{files.IMAGES}/{alice.pk}"))


@pytest.mark.parametrize(("number", "code"), [(0, "no_files"), (26, "too_many_files")])
def test_it_counts_the_files(alice, number, code):
    with pytest.raises(JobError) as caught:
        services.store_images(alice, uploads=[upload() for _ in range(number)])
    assert caught.value.code == code


def test_too_many_active_generations_are_refused(alice):
    Limits.objects.create(user=alice, active_generations=2)
    submit(alice, names=("a.png", "b.png"))
    with pytest.raises(JobError) as caught:
        submit(alice)
    assert caught.value.code == "too_many_active_generations"
    assert caught.value.retry_after
    assert Generation.objects.count() == 2


class TestIdempotency:
    def test_it_works(self, alice):
        key = services.Idempotency(key="k", fingerprint="same")
        first, second = submit(alice, idempotency=key), submit(alice, idempotency=key)
        assert second.is_replay
        assert first.job == second.job
        assert Job.objects.count() == 1

    def test_another_body_is_refused(self, alice):
        submit(alice, idempotency=services.Idempotency(key="k", fingerprint="one"))
        with pytest.raises(JobError) as caught:
            submit(alice, idempotency=services.Idempotency(key="k", fingerprint="two"))
        assert caught.value.code == "idempotency_key_reused"

    def test_another_user_may_use_the_same_key(self, alice, bob):
        key = services.Idempotency(key="k", fingerprint="same")
        assert submit(alice, idempotency=key).job != submit(bob, idempotency=key).job

    def test_a_refused_request_leaves_no_key(self, alice):
        with pytest.raises(JobError):
            submit(alice, options={"no": 1}, idempotency=services.Idempotency(key="k", fingerprint="x"))
        assert not IdempotencyKey.objects.exists()


def test_stored_pictures_of_others_are_not_found(alice, bob):
    image = services.store_images(alice, uploads=[upload()])[0].image
    assert services.find_stored_images(alice, file_ids=[image.pk])
    with pytest.raises(JobError) as caught:
        services.find_stored_images(bob, file_ids=[image.pk])
    assert caught.value.code == "not_found"
