"""Pages of a job and of a model while FAL has it: why it waits, what happens next, what it costs, the local engine."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.core.cache import cache

from jobs import events
from jobs.models import Artifact, Attempt, Event, Generation, Job, Provider, Submission
from jobs.services import cancel_generation, runs
from jobs.services.fal import breaker, dispatch, following, provider, unknown
from jobs.services.fal.showing import Sight, show
from jobs.states import Stage
from tests.factories import claim as claim_local
from tests.factories import finish_job, make_artifact, make_job
from tests.money import work
from tests.pages.answers import leads_to_login, read, read_messages


@pytest.fixture(autouse=True)
def _offer(db, settings):
    settings.FAL_CONCURRENCY = 1
    cache.clear()
    provider.publish_offer()
    yield
    cache.clear()


@pytest.fixture
def job(alice) -> Job:
    return make_job(alice, names=["mug.png", "vase.png"], engine="tripo-v2.5")


def read_pages(client, job: Job) -> tuple[str, str]:
    """Of the job, and of its first model."""
    first = job.generations.order_by("position")[0]
    return read(client.get(f"/jobs/{job.pk}/")), read(client.get(f"/generations/{first.pk}/"))


def show_at(attempt: Attempt, *, stage: Stage) -> None:
    """As the follower does once it has seen it there."""
    generation = attempt.generation
    show([
        Sight(generation_id=generation.pk, job_id=generation.job_id, attempt=attempt.number, stage=stage, percent=8)
    ])  # fmt: skip


def read_live(job: Job) -> dict:
    return events.read_frame(job.pk).data


def test_it_works(as_alice, job):
    """One runs at FAL, the other waits for its place."""
    show_at(work.send(), stage=Stage.SUBMITTED)
    dispatch.explain_waiting()
    page, model = read_pages(as_alice, job)
    assert "data-words>Handed to FAL<" in page
    assert "data-words>Waiting for a free place at FAL<" in page
    assert "about $0.60" in page
    assert page.count("data-may-switch ") == 1
    assert "data-words>Handed to FAL<" in model
    assert "Tripo v2.5 · about $0.30" in model
    first, second = read_live(job)["generations"]
    assert (first["message"], first["may_switch"]) == ("Handed to FAL", False)
    assert (second["message"], second["may_switch"]) == ("Waiting for a free place at FAL", True)
    assert "sends 1 at a time" in second["hint"]
    assert read_live(job)["cost"] == {"estimated": "0.6000", "actual": None}


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("auth", "FAL refuses the key of this site."),
        ("balance", "The balance of this site at FAL is used up."),
        ("locked", "FAL has locked the account of this site."),
    ],
)
def test_a_paused_account_says_why_and_what_happens_next(as_alice, job, reason, words):
    breaker.pause(reason, message="invalid credentials of key canary-123")
    dispatch.explain_waiting()
    page, model = read_pages(as_alice, job)
    assert page.count(words) == 1  # once, not in each card
    assert words in model
    assert "The administrator is told. It goes on by itself" in page
    assert "data-words>Waiting: FAL is paused<" in page
    assert "canary-123" not in page + model
    live = read_live(job)
    assert live["eta_seconds"] is None  # nobody knows
    assert live["generations"][0]["eta_seconds"] is None
    assert words in live["generations"][0]["hint"]


def test_an_open_breaker(as_alice, job):
    for _ in range(breaker.MAX_FAILURES):
        breaker.note_failure()
    dispatch.explain_waiting()
    page, _ = read_pages(as_alice, job)
    assert "FAL does not answer. It is asked again every 30 seconds" in page
    assert 'class="notice job-wait notice-warn"' in page


def test_the_brake_of_the_day(as_alice, job, settings):
    settings.MAX_SUBMISSIONS_PER_DAY = 0
    dispatch.explain_waiting()
    page, model = read_pages(as_alice, job)
    for text in (page, model):
        assert "data-words>Waiting for tomorrow<" in text
        assert "after midnight (UTC)" in text


def test_the_place_in_fals_queue(as_alice, job):
    attempt = work.send()
    Attempt.objects.filter(pk=attempt.pk).update(provider_position=17)
    show_at(attempt, stage=Stage.IN_ENGINE_QUEUE)
    page, model = read_pages(as_alice, job)
    assert "17 before it" in page
    for text in (page, model):
        assert "data-words>In FAL&#x27;s queue<" in text
    assert read_live(job)["generations"][0]["queue_position"] == 17


def test_a_new_place_in_fals_queue_is_told_live(job):
    attempt = work.send()
    Attempt.objects.filter(pk=attempt.pk).update(provider_position=17, next_poll_at=attempt.created_at)
    show_at(attempt, stage=Stage.IN_ENGINE_QUEUE)
    before = Job.objects.get(pk=job.pk).version
    [followed] = following.take_due(at_most=1, crowd=1)
    following.note_observations([following.Observation(followed=followed, state="in_queue", position=17)])
    assert Job.objects.get(pk=job.pk).version == before  # nothing new
    following.note_observations([following.Observation(followed=followed, state="in_queue", position=9)])
    assert Job.objects.get(pk=job.pk).version > before
    assert read_live(job)["generations"][0]["queue_position"] == 9


def test_an_unknown_outcome_is_told_honestly(as_alice, job):
    attempt = work.claim()
    work.begin(attempt)
    unknown.mark_unknown(attempt.pk, reason="reset")
    page, model = read_pages(as_alice, job)
    for text in (page, model):
        assert "data-words>Asking whether FAL took it<" in text
        assert "It is not sent a second time, so that nothing is paid twice" in text
    Attempt.objects.filter(pk=attempt.pk).update(sent_at=attempt.created_at - 2 * unknown.ASK_PERSON_AFTER)
    assert unknown.ask_person() == 1
    page, model = read_pages(as_alice, job)
    for text in (page, model):
        assert "data-words>Waiting for the administrator<" in text
        assert "the administrator decides" in text


def test_a_cancelled_one_that_fal_has_may_still_be_charged(as_alice, alice, job):
    attempt = work.send()
    generation = Generation.objects.get(pk=attempt.generation_id)
    cancel_generation(generation, actor=str(alice))
    page, model = read_pages(as_alice, job)
    for text in (page, model):
        assert "FAL may still charge for it" in text
    assert "FAL may still charge" in read_live(job)["generations"][0]["hint"]
    Attempt.objects.filter(pk=attempt.pk).update(settled_at=attempt.created_at)
    assert "FAL may still charge" not in read_pages(as_alice, job)[0]


def test_a_cancelled_one_that_was_never_sent_costs_nothing(as_alice, alice, job):
    cancel_generation(job.generations.order_by("position")[0], actor=str(alice))
    assert "FAL may still charge" not in "".join(read_pages(as_alice, job))


def test_a_waiting_one_can_be_made_here_instead(as_alice, job):
    generation = job.generations.order_by("position")[0]
    response = as_alice.post(f"/generations/{generation.pk}/local/")
    assert response["Location"] == f"/jobs/{job.pk}/#g-{generation.pk}"
    generation.refresh_from_db()
    assert (generation.engine, generation.cost_estimated) == ("local", Decimal("0.00"))
    assert Event.objects.get(kind="switched").actor == "alice@example.org"
    assert claim_local(job).pk == generation.pk
    page, _ = read_pages(as_alice, job)
    assert page.count("data-hint>Engine: Local relief<") == 1  # not of the other, which still waits for FAL
    assert next(row["hint"] for row in read_live(job)["generations"]) == "Engine: Local relief"


def test_all_that_wait_can_be_made_here_instead(as_alice, job):
    work.send()
    as_alice.post(f"/jobs/{job.pk}/local/")
    assert list(job.generations.order_by("position").values_list("engine", flat=True)) == ["tripo-v2.5", "local"]


def test_a_model_by_another_engine_than_the_jobs_says_so(as_alice, job):
    as_alice.post(f"/jobs/{job.pk}/local/")
    finish_job(Job.objects.get(pk=job.pk))
    page, model = read_pages(as_alice, job)
    assert page.count("data-hint>Engine: Local relief<") == 2
    assert "<dd>Local relief</dd>" in model
    assert {row["hint"] for row in read_live(job)["generations"]} == {"Engine: Local relief"}


def test_one_that_fal_has_cannot_be_switched(as_alice, job):
    attempt = work.send()
    response = as_alice.post(f"/generations/{attempt.generation_id}/local/")
    assert "Only a generation that waits for its turn can change its engine." in read_messages(response)
    assert Generation.objects.get(pk=attempt.generation_id).engine == "tripo-v2.5"


@pytest.mark.parametrize("place", ["generations", "jobs"])
def test_nobody_else_switches(as_bob, as_nobody, job, place):
    pk = job.pk if place == "jobs" else job.generations.order_by("position")[0].pk
    assert as_bob.post(f"/{place}/{pk}/local/").status_code == 404
    assert leads_to_login(as_nobody.post(f"/{place}/{pk}/local/"))
    assert not job.generations.filter(engine="local").exists()


def test_switching_is_never_a_link(as_alice, job):
    assert as_alice.get(f"/jobs/{job.pk}/local/").status_code == 405


def test_a_result_without_a_glb_is_offered_as_it_came(as_alice, alice):
    job = make_job(alice, names=["mug.png"])
    generation = claim_local(job)
    artifact = make_artifact(generation)
    raw = runs.NewArtifact(**{**vars(artifact), "role": "raw", "format": "fbx", "filename": "mug.fbx"})
    runs.complete_generation(generation, artifacts=[raw], warnings=["no_glb"])
    page = read(as_alice.get(f"/generations/{generation.pk}/"))
    stored = Artifact.objects.get(role="raw")
    assert f"/artifacts/{stored.pk}/?download" in page
    assert "Opens in Blender" in page
    assert "The engine made no GLB" in page
    assert "<model-viewer" not in page
    assert "Try again" not in page
    assert as_alice.get(f"/generations/{generation.pk}/zip/").status_code == 200


def test_a_local_job_asks_nothing_of_fal(as_alice, alice, django_assert_max_num_queries):
    """What is said of FAL costs a local job no query."""
    job = make_job(alice, names=["mug.png"])
    Provider.objects.all().delete()
    as_alice.get(f"/jobs/{job.pk}/")
    with django_assert_max_num_queries(8):
        page = read(as_alice.get(f"/jobs/{job.pk}/"))
    assert "Waiting for its turn" in page
    assert "data-may-switch" not in page
    assert not Attempt.objects.exclude(submission=Submission.PREPARING).exists()
