"""One POST, and what becomes of each answer: rows J01 to J09 of the bad inputs."""

from __future__ import annotations

import pytest
from django.db.models.functions import Now

from jobs.errors import JobError
from jobs.models import Attempt, Event, Generation, LedgerEntry, Provider
from jobs.services import cancel_job
from jobs.services.fal import provider, submission
from tests.virtual_fal.scenarios import ROWS

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]


def look() -> tuple[Generation, Attempt]:
    return Generation.objects.get(), Attempt.objects.order_by("-pk")[0]


def test_it_works(alice, scene):
    scene.make_job(alice)
    scene.send()
    generation, attempt = look()
    assert (generation.stage, attempt.submission) == ("submitted", "accepted")
    [sent] = scene.fal.ledger(step="submit")["requests"]
    lifetime = sent["headers"]["x-fal-object-lifecycle-preference"]
    assert '"expiration_duration_seconds": 604800' in lifetime
    [upload] = scene.fal.ledger(step="upload")["requests"]
    assert upload["headers"]["content-type"] == "image/png"
    assert attempt.arguments["image_url"] == attempt.input_urls[0] == scene.fal.submits()[0]["picture_url"]


def test_the_claim_holds_the_money_and_the_post_ties_it(alice, scene):
    scene.make_job(alice)
    assert LedgerEntry.objects.get().attempt is None
    scene.send()
    assert (LedgerEntry.objects.get().attempt, LedgerEntry.objects.get().state) == (1, "held")


@pytest.mark.parametrize("weather", ["refuse", "mute"])
def test_j01_nothing_was_sent(alice, scene, weather):
    scene.make_job(alice)
    scene.fal.set_weather(weather)
    scene.send()
    generation, attempt = look()
    assert (generation.status, generation.stage, generation.crashes) == ("queued", "waiting", 0)
    assert (attempt.submission, attempt.error_code) == ("not_sent", "provider_unreachable")
    assert Provider.objects.get().failures > 0
    scene.fal.clear_weather()
    assert scene.fal.submits() == []


def test_j01_the_post_itself_finds_nobody(alice, scene, monkeypatch):
    """The picture is at FAL already when the way to it breaks."""
    scene.make_job(alice)
    begin = submission.begin_sending

    def begin_and_break(parcels):
        scene.fal.set_weather("refuse")
        return begin(parcels)

    monkeypatch.setattr(submission, "begin_sending", begin_and_break)
    scene.send()
    monkeypatch.undo()
    generation, attempt = Generation.objects.get(), Attempt.objects.order_by("pk")[0]
    assert (generation.status, attempt.submission) == ("queued", "not_sent")
    scene.fal.clear_weather()
    assert scene.fal.submits() == []
    assert LedgerEntry.objects.get(state="held").attempt is None


@pytest.mark.parametrize("scenario", ROWS["J03"])
def test_j03_the_outcome_is_unknown_and_there_is_one_post(alice, scene, scenario):
    scene.make_job(alice)
    scene.fal.script(scenario)
    scene.send()
    scene.send()
    generation, attempt = look()
    assert (generation.status, generation.stage, generation.lease_until) == ("processing", "submit_unknown", None)
    assert (attempt.submission, attempt.request_id, attempt.number) == ("unknown", None, 1)
    assert len(scene.fal.ledger(step="submit")["requests"]) == 1
    assert len(scene.fal.submits()) == ("created" in scenario)
    assert Event.objects.filter(kind="submit_unknown").count() == 1


@pytest.mark.parametrize("scenario", [*ROWS["J05"], "submit-locked"])
def test_j05_the_account_is_paused_and_nothing_is_lost(alice, scene, scenario):
    scene.make_job(alice, pictures=3)
    scene.fal.script(scenario)
    scene.send()
    rows = Generation.objects.all()
    assert {(row.status, row.waiting_reason) for row in rows} <= {("queued", "engine_paused"), ("queued", "queue")}
    paused = Provider.objects.get().paused_reason
    assert paused == ("auth" if scenario in ("submit-401", "submit-bad-key") else "balance")
    before = len(scene.fal.ledger(step="submit")["requests"])
    assert before <= 3
    scene.send()
    assert len(scene.fal.ledger(step="submit")["requests"]) == before  # nobody burns
    from jobs.services.sweep import sweep

    sweep()
    assert {row.waiting_reason for row in Generation.objects.all()} == {"engine_paused"}


def test_j05_it_resumes_when_the_key_works_again(alice, scene):
    job = scene.make_job(alice, pictures=2)
    scene.fal.script("submit-locked", count=None)
    scene.send()
    assert Provider.objects.get().paused_reason == "balance"
    scene.fal.reset()
    Provider.objects.update(next_probe_at=None)
    generation = scene.run(job)
    assert (generation.status, Provider.objects.get().paused_reason) == ("completed", "")
    assert len(scene.fal.submits()) == 2


@pytest.mark.parametrize("scenario", ["submit-400", "submit-422"])
def test_j07_a_refused_input_fails_and_says_why(alice, scene, scenario):
    scene.make_job(alice)
    scene.fal.script(scenario)
    scene.send()
    generation, attempt = look()
    assert (generation.status, generation.error_code, generation.error_retryable) == (
        "failed", "provider_rejected_input", False,
    )  # fmt: skip
    assert attempt.submission == "rejected"
    assert attempt.error_type in ("feature_not_supported", "image_too_small")
    assert len(scene.fal.ledger(step="submit")["requests"]) == 1
    assert not LedgerEntry.objects.filter(state="held").exists()
    assert generation.cost_actual == 0


@pytest.mark.parametrize("scenario", ["result-image-too-small", "result-content-policy-violation"])
def test_j07_a_refusal_that_comes_with_the_result(alice, scene, scenario):
    job = scene.make_job(alice)
    scene.fal.script(scenario)
    generation = scene.run(job)
    assert (generation.error_code, generation.error_retryable) == ("provider_rejected_input", False)
    assert Attempt.objects.get().error_type == scenario.removeprefix("result-").replace("-", "_")
    assert len(scene.fal.submits()) == 1


def test_j09_the_key_goes_to_no_other_host(alice, scene):
    job = scene.make_job(alice)
    scene.fal.script("submit-foreign-urls")
    assert scene.run(job).status == "completed"


@pytest.mark.parametrize("scenario", ["submit-429", "upload-503", "token-503", "upload-close"])
def test_it_waits_when_fal_is_busy(alice, scene, scenario):
    scene.make_job(alice)
    scene.fal.script(scenario) if scenario.startswith("submit") else scene.fal.set_weather(
        "steps", steps=[scenario.split("-")[0]], fault={"kind": "answer", "status": 503}
    )
    scene.send()
    generation, attempt = look()
    assert (generation.status, attempt.submission) == ("queued", "not_sent")
    assert scene.fal.submits() == []


def test_a_gone_endpoint_fails(alice, scene):
    scene.make_job(alice)
    scene.fal.script("submit-404")
    scene.send()
    generation, _ = look()
    assert (generation.status, generation.error_hint) == ("failed", "Choose another engine.")


def test_a_gone_endpoint_is_not_offered_for_an_hour(alice, scene):
    scene.make_job(alice)
    scene.fal.script("submit-404")
    scene.send()
    assert Attempt.objects.get().error_type == provider.ENDPOINT_GONE
    assert "tripo-v2.5" not in Provider.objects.get().engines
    assert "tripo-v2.5-multiview" in Provider.objects.get().engines
    with pytest.raises(JobError, match="not available"):
        scene.make_job(alice, first=1)
    Attempt.objects.update(finished_at=Now() - provider.GONE_FOR)
    provider.publish_offer()
    assert "tripo-v2.5" in Provider.objects.get().engines


def test_cancelled_before_it_is_sent(alice, scene, monkeypatch):
    job = scene.make_job(alice)
    begin = submission.begin_sending

    def cancel_and_begin(parcels):
        cancel_job(job, actor="alice")
        return begin(parcels)

    monkeypatch.setattr(submission, "begin_sending", cancel_and_begin)
    scene.send()
    assert scene.fal.ledger(step="submit")["requests"] == []
    assert Generation.objects.get().status == "cancelled"
    assert not LedgerEntry.objects.filter(state="held").exists()


def test_no_key_at_all(alice, scene, settings):
    scene.make_job(alice)
    settings.FAL_KEY = ""
    assert scene.send() == 0
    settings.FAL_KEY = "not a key"
    scene.send()
    assert Provider.objects.get().paused_reason == "auth"
    assert Generation.objects.get().status == "queued"


def test_without_an_offer_nobody_can_ask_for_it(alice, scene):
    provider.withdraw_offer()
    with pytest.raises(JobError, match="not available"):
        scene.make_job(alice)


def test_the_number_of_a_day_holds_the_rest_back(alice, scene, settings):
    settings.MAX_SUBMISSIONS_PER_DAY = 2
    scene.make_job(alice, pictures=5)
    scene.send()
    scene.send()
    assert len(scene.fal.submits()) == 2
    from jobs.services.sweep import sweep

    sweep()
    waiting = Generation.objects.filter(status="queued").values_list("waiting_reason", flat=True)
    assert set(waiting) == {"budget"}
