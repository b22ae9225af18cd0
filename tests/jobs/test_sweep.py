"""What was lost on the way, and does it end all the same?"""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db.models.functions import Now
from django.utils import timezone

from jobs import files, queue
from jobs.models import Conversion, ExpiredJob, Generation, IdempotencyKey, Job
from jobs.services import is_expired, request_formats
from jobs.services.check import find_faults
from jobs.services.formats import claim_conversion
from jobs.services.sweep import MAX_CRASHES, sweep
from tests.factories import claim, finish_job, make_job

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]


def let_lease_run_out(rows=Generation):
    rows.objects.filter(status="processing").update(lease_until=Now() - timedelta(seconds=1))


def test_it_works(alice):
    job = make_job(alice)
    claim(job)
    let_lease_run_out()
    queue.find_queue("local").empty()
    swept = sweep()
    job.refresh_from_db()
    assert (swept.handed_back, job.status, job.queued) == (1, "queued", 1)
    assert not queue.find_queue("local").is_empty()


def test_a_run_with_a_lease_is_left_alone(alice):
    claim(make_job(alice))
    assert sweep().handed_back == 0


def test_a_poison_picture_is_given_up(alice):
    job = make_job(alice)
    for _ in range(MAX_CRASHES):
        claim(job)
        let_lease_run_out()
        sweep()
    generation = job.generations.get()
    assert (generation.status, generation.error_code, generation.attempt) == ("failed", "worker_crashed", MAX_CRASHES)


def test_a_flushed_redis_is_rung_again(alice):
    make_job(alice)
    queue.get_connection().flushall()
    assert sweep().rung == 1


def test_one_bell_is_enough(alice):
    make_job(alice)
    queue.get_connection().flushall()
    sweep()
    assert sweep().rung == 0


def test_the_fan_in_is_made_up_for(alice):
    job = finish_job(make_job(alice))
    Job.objects.filter(pk=job.pk).update(status="processing", finished_at=None)
    assert sweep().settled == 1
    job.refresh_from_db()
    assert job.status == "completed"


def test_a_conversion_that_always_dies_is_given_up(alice):
    generation = finish_job(make_job(alice)).generations.get()
    request_formats(generation, formats=["stl"])
    for _ in range(5):
        assert claim_conversion()
        let_lease_run_out(Conversion)
    sweep()
    assert Conversion.objects.get().status == "failed"


def test_old_idempotency_keys_are_forgotten(alice):
    job = make_job(alice)
    row = IdempotencyKey.objects.create(owner=alice, key="k", fingerprint="f", job=job)
    IdempotencyKey.objects.filter(pk=row.pk).update(created_at=Now() - timedelta(hours=25))
    sweep()
    assert not IdempotencyKey.objects.exists()


def test_jobs_are_kept_for_ever_unless_asked(alice, settings):
    job = finish_job(make_job(alice))
    Job.objects.filter(pk=job.pk).update(finished_at=Now() - timedelta(days=400))
    sweep()
    assert Job.objects.owned_by(alice).exists()
    settings.RETENTION_DAYS = 30
    assert sweep().expired == 1
    assert not Job.objects.owned_by(alice).exists()
    assert is_expired(alice, job_id=job.pk)


def test_expired_jobs_are_forgotten_in_the_end(alice):
    for days in (89, 91):
        ExpiredJob.objects.create(job_id=uuid4(), owner=alice)
        ExpiredJob.objects.filter(expired_at__gt=Now() - timedelta(days=1)).update(
            expired_at=Now() - timedelta(days=days)
        )
    sweep()
    assert ExpiredJob.objects.get().expired_at > timezone.now() - timedelta(days=90)


class TestCheck:
    def test_it_works(self, alice):
        finish_job(make_job(alice))
        call_command("sweep", "--check", "--grace", "0")

    def test_an_orphan_a_missing_and_a_changed_file_are_named(self, alice):
        job = finish_job(make_job(alice, pictures=2))
        first, second = (g.artifacts.get(role="model") for g in job.generations.all())
        files.write_file("artifacts/nobody/1/model.glb", b"orphan")
        files.delete_file(first.path)
        files.write_file(second.path, files.read_file(second.path)[:-1] + b"!")
        faults = sorted(find_faults(grace=timedelta()))
        assert faults == [
            f"changed file {second.path}",
            f"missing file {first.path}",
            "orphan file artifacts/nobody/1/model.glb",
        ]
        with pytest.raises(CommandError):
            call_command("sweep", "--check", "--grace", "0")

    def test_a_fresh_file_may_be_on_its_way(self, alice):
        files.write_file("artifacts/nobody/1/model.glb", b"young")
        assert list(find_faults()) == []

    def test_a_sweep_deletes_old_orphans(self, alice):
        files.write_file("artifacts/nobody/1/model.glb", b"orphan")
        call_command("sweep", "--grace", "0")
        assert list(find_faults(grace=timedelta())) == []
