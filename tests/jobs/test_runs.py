"""How does a generation run: claimed by one, reported on, ended once?"""

from __future__ import annotations

import pytest
from django.db.models.functions import Now

from jobs.models import Artifact, Attempt, Event, Generation, Job
from jobs.services import cancel_job, runs
from jobs.services.runs import AttemptLost, Failure
from jobs.states import Stage
from tests.factories import claim, finish_job, make_artifact, make_job

pytestmark = pytest.mark.database


def test_it_works(alice):
    job = finish_job(make_job(alice, pictures=2))
    assert (job.status, job.completed, job.progress) == ("completed", 2, 100)
    assert job.finished_at
    assert Artifact.objects.filter(generation__job=job, role="model").count() == 2
    assert set(Attempt.objects.values_list("outcome", flat=True)) == {"completed"}
    kinds = list(Event.objects.filter(job=job).values_list("kind", flat=True))
    assert kinds == ["created", "started", "model_completed", "started", "completed", "model_completed"]


def test_nothing_waits(db):
    assert runs.claim_next("local", worker="w") is None


def test_a_claim_is_an_attempt_with_a_lease(alice):
    generation = claim(make_job(alice), worker="w1")
    attempt = Attempt.objects.get()
    assert (generation.attempt, attempt.number, attempt.worker) == (1, 1, "w1")
    assert Generation.objects.filter(pk=generation.pk, lease_until__gt=Now()).exists()


def test_two_claims_one_winner(alice):
    generation = make_job(alice).generations.get()
    stale = Generation.objects.get(pk=generation.pk)
    assert runs.start_attempts([generation], worker="a") == [generation]
    assert runs.start_attempts([stale], worker="b") == []
    assert Attempt.objects.count() == 1


def test_turns_go_round_the_owners(alice, bob):
    for number in range(4):
        make_job(alice, pictures=3, first=10 * number)
    make_job(bob)
    picks = [runs.claim_next("local", worker="w").owner for _ in range(4)]
    assert bob in picks[:2]


def test_turns_go_round_the_jobs_of_an_owner(alice):
    big, small = make_job(alice, pictures=5), make_job(alice, first=50)
    picks = [runs.claim_next("local", worker="w").job_id for _ in range(3)]
    assert small.pk in picks[:2]
    assert big.pk in picks


def test_progress_grows_and_never_falls(alice):
    generation = claim(make_job(alice, pictures=2))
    for percent in (40, 10):
        runs.record_progress(generation, stage=Stage.GENERATING, percent=percent)
    generation.refresh_from_db()
    job = Job.objects.get()
    assert (generation.progress, job.progress, generation.stage) == (40, 20, "generating")


def test_every_change_raises_the_version(alice):
    job = make_job(alice)
    before = Job.objects.get().version
    generation = claim(job)
    runs.record_progress(generation, stage=Stage.GENERATING, percent=50)
    assert Job.objects.get().version == before + 2


def test_a_late_worker_is_locked_out(alice):
    late = claim(make_job(alice))
    assert runs.hand_back(late, reason="it was silent")
    new = runs.claim_next("local", worker="other")
    with pytest.raises(AttemptLost):
        runs.record_progress(late, stage=Stage.GENERATING, percent=90)
    with pytest.raises(AttemptLost):
        runs.complete_generation(late, artifacts=[])
    assert not runs.fail_generation(late, failure=Failure(code="timeout", message="late"))
    new.refresh_from_db()
    assert (new.status, new.attempt) == ("processing", 2)


def test_a_cancelled_run_hears_it_at_its_next_report(alice):
    job = make_job(alice)
    generation = claim(job)
    cancel_job(job, actor="alice")
    with pytest.raises(AttemptLost):
        runs.record_progress(generation, stage=Stage.GENERATING, percent=50)


def test_a_failure_says_why(alice):
    generation = claim(make_job(alice))
    failure = Failure(code="no_object", message="Nothing stands out.", hint="Use a plain ground.")
    assert runs.fail_generation(generation, failure=failure)
    generation.refresh_from_db()
    assert (generation.error_code, generation.error_hint) == ("no_object", "Use a plain ground.")
    assert Job.objects.get().status == "failed"
    assert Attempt.objects.get().error_code == "no_object"


def test_handing_back_sweeps_the_files_it_left(alice, django_capture_on_commit_callbacks):
    from jobs import files

    generation = claim(make_job(alice))
    left = make_artifact(generation)
    with django_capture_on_commit_callbacks(execute=True):
        runs.hand_back(generation, reason="test")
    assert left.path not in list(files.list_files(files.ARTIFACTS))


def test_a_run_of_a_deleted_job_is_lost(alice):
    job = make_job(alice)
    generation = claim(job)
    Generation.objects.filter(pk=generation.pk).get().inputs.all().delete()
    job.delete()
    with pytest.raises(AttemptLost):
        runs.record_progress(generation, stage=Stage.GENERATING, percent=50)
