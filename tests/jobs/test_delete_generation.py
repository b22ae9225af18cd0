"""``delete_generation``: one of several goes with its files; the last takes its job along."""

from __future__ import annotations

import pytest
from django.core.files.storage import default_storage

from jobs import services
from jobs.models import Event, Generation, Job, SourceImage
from jobs.services import runs
from jobs.states import Status
from tests.factories import claim, finish_job, make_artifact, make_job

pytestmark = pytest.mark.django_db(transaction=True)


def test_it_works(alice):
    job = finish_job(make_job(alice, names=["mug.png", "vase.png"]))
    generation = job.generations.get(name="mug")
    image = generation.inputs.get().image
    paths = [*generation.artifacts.values_list("path", flat=True), image.path, image.thumbnail_path]

    services.delete_generation(generation, actor="alice")

    job.refresh_from_db()
    assert (job.total, job.completed, job.status) == (1, 1, Status.COMPLETED)
    assert not SourceImage.objects.filter(pk=image.pk).exists()
    assert not any(default_storage.exists(path) for path in paths)
    assert Event.objects.filter(job=job, kind="model_deleted", message="mug", actor="alice").exists()


def test_the_last_takes_its_job_along(alice):
    job = finish_job(make_job(alice))
    services.delete_generation(job.generations.get(), actor="alice")
    assert not Job.objects.exists()
    assert not SourceImage.objects.exists()


def test_a_picture_that_another_generation_uses_stays(alice):
    first, second = finish_job(make_job(alice, names=["a.png", "b.png"])), finish_job(make_job(alice, names=["a.png"]))
    services.delete_generation(first.generations.get(name="a"), actor="alice")
    image = second.generations.get().inputs.get().image
    assert default_storage.exists(image.path)


def test_a_running_one_has_no_say_any_more(alice):
    job = make_job(alice, pictures=2)
    running = claim(job)
    services.delete_generation(running, actor="alice")
    with pytest.raises(runs.AttemptLost):
        runs.complete_generation(running, artifacts=[make_artifact(running)])
    job.refresh_from_db()
    assert (job.total, job.queued, job.status) == (1, 1, Status.QUEUED)


def test_a_job_ends_when_its_last_waiting_one_goes(alice):
    job = make_job(alice, pictures=2)
    done = claim(job)
    runs.complete_generation(done, artifacts=[make_artifact(done)])
    services.delete_generation(job.generations.get(status=Status.QUEUED), actor="alice")
    job.refresh_from_db()
    assert (job.status, job.progress) == (Status.COMPLETED, 100)
    assert job.finished_at is not None


def test_twice_does_no_harm(alice):
    job = finish_job(make_job(alice, pictures=3))
    generation = job.generations.first()
    same = Generation.objects.get(pk=generation.pk)
    services.delete_generation(generation, actor="alice")
    services.delete_generation(same, actor="alice")
    job.refresh_from_db()
    assert job.total == 2
