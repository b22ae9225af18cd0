"""``sweep --check``: is each kind of stuck row and forgotten file named, and nothing that is merely young?"""

from __future__ import annotations

import os
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db.models.functions import Now

from jobs.models import Attempt, Conversion, Generation, Job, Submission
from jobs.services import request_formats
from jobs.services.check import find_faults
from jobs.services.delete import bury_job
from jobs.services.formats import claim_conversion
from tests.factories import claim, finish_job, make_job

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]
PAST = Now() - timedelta(hours=2)


def test_it_works(alice, capsys):
    finish_job(make_job(alice))
    call_command("sweep", "--check")
    assert capsys.readouterr().out == "Rows and files agree.\n"


def test_a_run_without_a_sign_of_life(alice):
    generation = claim(make_job(alice))
    assert list(find_faults()) == []
    Generation.objects.update(lease_until=PAST)
    assert list(find_faults()) == [f"stuck generation {generation.pk}: its lease has run out"]
    with pytest.raises(CommandError, match="1 faults"):
        call_command("sweep", "--check")


def test_a_job_whose_generations_are_over(alice):
    job = finish_job(make_job(alice))
    Job.objects.update(status="processing", finished_at=None)
    assert list(find_faults()) == [f"stuck job {job.pk}: all its generations are over"]


def test_a_conversion_without_a_sign_of_life(alice):
    request_formats(finish_job(make_job(alice)).generations.get(), formats=["stl"])
    conversion = claim_conversion()
    assert list(find_faults()) == []
    Conversion.objects.update(lease_until=PAST)
    assert conversion is not None
    assert list(find_faults()) == [f"stuck conversion {conversion.pk}: its lease has run out"]


def test_a_request_that_nobody_follows(alice):
    claim(make_job(alice))
    Attempt.objects.update(submission=Submission.ACCEPTED, request_id="r-1", next_poll_at=None)
    attempt = Attempt.objects.get()
    assert list(find_faults()) == [f"stuck attempt {attempt.pk}: nobody looks at it again"]


def test_a_deletion_that_stopped_half_way(alice):
    job = finish_job(make_job(alice))
    bury_job(job, actor="alice")
    assert list(find_faults()) == []
    Job.objects.update(deleted_at=PAST)
    assert list(find_faults()) == [f"stuck deletion of job {job.pk}: something of it is still there"]


def test_an_upload_that_broke_off(tmp_path):
    left = Path(settings.FILE_UPLOAD_TEMP_DIR) / "left.upload"
    left.write_bytes(b"half")
    try:
        assert list(find_faults()) == []
        old = time.time() - 7200
        os.utime(left, (old, old))
        assert list(find_faults()) == ["forgotten upload left.upload"]
    finally:
        left.unlink()


def test_a_lock_beside_the_uploads_is_none_of_them():
    lock = Path(settings.FILE_UPLOAD_TEMP_DIR) / ".large-0"
    lock.touch()
    os.utime(lock, (0, 0))
    try:
        assert list(find_faults()) == []
    finally:
        lock.unlink()
