"""How does work go away, without a byte left?"""

from __future__ import annotations

import pytest

from jobs import files
from jobs.models import Generation, Job, SourceImage
from jobs.services import delete_job, delete_work_of
from jobs.services.check import find_faults
from jobs.services.delete import bury_job
from jobs.services.sweep import sweep
from tests.factories import claim, finish_job, make_job

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]


def stored_files():
    return [*files.list_files(files.IMAGES), *files.list_files(files.ARTIFACTS)]


def test_it_works(alice):
    delete_job(finish_job(make_job(alice, pictures=2)), actor="a")
    assert not Job.objects.exists()
    assert not SourceImage.objects.exists()
    assert stored_files() == []


def test_a_picture_that_another_job_uses_stays(alice):
    first, second = finish_job(make_job(alice)), finish_job(make_job(alice))
    delete_job(first, actor="a")
    assert SourceImage.objects.count() == 1
    delete_job(second, actor="a")
    assert stored_files() == []


def test_running_work_is_cancelled(alice):
    job = make_job(alice, pictures=2)
    claim(job)
    delete_job(job, actor="a")
    assert not Generation.objects.exists()


def test_a_deletion_cut_short_is_finished_by_the_sweep(alice):
    job = finish_job(make_job(alice))
    bury_job(job, actor="a")
    assert not Job.objects.owned_by(alice).exists()
    assert sweep().purged == 1
    assert stored_files() == []
    assert list(find_faults()) == []


def test_all_work_of_a_user(alice, bob):
    finish_job(make_job(alice))
    kept = finish_job(make_job(bob))
    delete_work_of(alice)
    assert list(Job.objects.all()) == [kept]
    assert len({path.split("/")[1] for path in files.list_files(files.IMAGES)}) == 1
