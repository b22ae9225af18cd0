"""Attempts in the admin: what is known of each paid request, and the three answers to an unknown outcome."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse

from jobs.models import Attempt, Event, Generation, LedgerEntry, Submission
from jobs.services import cancel_generation
from jobs.services.fal import unknown
from tests.factories import make_job
from tests.money import work

pytestmark = [pytest.mark.database, pytest.mark.usefixtures("offer")]
REQUEST_ID = "764cabcf-b745-4b3e-ae38-1200304cf45b"
BUTTONS = ("It ran: here is the request id", "Send again and accept the cost", "Give it up without a model")
ANSWERS = ["it_ran", "send_again", "give_up"]


@pytest.fixture
def attempt(alice) -> Attempt:
    """Sent, and the answer was lost."""
    make_job(alice, names=["mug.png"], engine="tripo-v2.5")
    attempt = work.claim()
    work.begin(attempt)
    assert unknown.mark_unknown(attempt.pk, reason="the connection broke")
    attempt.refresh_from_db()
    return attempt


def place(name: str, attempt: Attempt) -> str:
    return reverse(f"admin:jobs_attempt_{name}", args=[attempt.pk])


def read(response) -> str:
    return " ".join(response.content.decode().split())


def test_it_works(root, attempt):
    """It ran: the request is followed from now on."""
    page = read(root.get(place("change", attempt)))
    for words in (*BUTTONS, "the connection broke", "Unknown"):
        assert words in page
    assert "mug" in read(root.get(place("it_ran", attempt)))
    page = read(root.post(place("it_ran", attempt), {"request_id": f" {REQUEST_ID} "}, follow=True))
    assert "is followed at FAL" in page
    attempt.refresh_from_db()
    assert (attempt.submission, attempt.request_id) == (Submission.ACCEPTED, REQUEST_ID)
    assert Generation.objects.get().stage == "submitted"
    assert "is followed at FAL" in LogEntry.objects.get().change_message
    assert Event.objects.get(kind="found_at_fal").actor == "root@example.org"
    assert not any(words in page for words in BUTTONS)


def test_send_again(root, attempt):
    page = read(root.get(place("send_again", attempt)))
    assert "then both are charged" in page
    root.post(place("send_again", attempt))
    generation = Generation.objects.get()
    assert (generation.status, generation.stage) == ("queued", "waiting")
    assert "may be charged twice" in LogEntry.objects.get().change_message
    assert Event.objects.get(kind="sent_again").actor == "root@example.org"
    assert work.claim().number == 2


def test_give_it_up(root, attempt):
    page = read(root.get(place("give_up", attempt)))
    assert "its estimated cost counts as spent" in page
    root.post(place("give_up", attempt))
    generation = Generation.objects.get()
    assert (generation.status, generation.error_code) == ("failed", "provider_outcome_unknown")
    entry = LedgerEntry.objects.get()
    assert (entry.state, entry.amount) == ("actual", generation.cost_estimated)
    assert "was given up" in LogEntry.objects.get().change_message
    assert Event.objects.get(kind="given_up").actor == "root@example.org"
    assert not any(words in read(root.get(place("change", attempt))) for words in BUTTONS)


def test_a_look_changes_nothing(root, attempt):
    for name in ANSWERS:
        root.get(place(name, attempt))
    attempt.refresh_from_db()
    assert attempt.submission == Submission.UNKNOWN
    assert not LogEntry.objects.exists()


@pytest.mark.parametrize("given", ["", "short", "../../etc/passwd", "a" * 65, "764cabcf b745"])
def test_what_is_no_request_id(root, attempt, given):
    page = root.post(place("it_ran", attempt), {"request_id": given})
    assert page.status_code == 200
    assert "errorlist" in read(page)
    attempt.refresh_from_db()
    assert attempt.submission == Submission.UNKNOWN


def test_the_id_of_another_attempt(root, alice, attempt):
    make_job(alice, names=["vase.png"], engine="tripo-v2.5", first=7)
    other = work.send()
    page = read(root.post(place("it_ran", attempt), {"request_id": other.request_id}, follow=True))
    assert "belongs to another attempt" in page
    assert not LogEntry.objects.exists()


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_that_comes_too_late(root, attempt, name):
    """It was found in the meantime, in another window or by FAL's history."""
    found = str(uuid4())
    assert unknown.adopt(attempt, request_id=found)
    page = read(root.post(place(name, attempt), {"request_id": REQUEST_ID}, follow=True))
    assert "It is known meanwhile what became of this submission." in page
    attempt.refresh_from_db()
    assert attempt.request_id == found
    assert not LogEntry.objects.exists()


def test_what_nobody_waits_for_is_not_sent_again(root, alice, attempt):
    cancel_generation(attempt.generation, actor=str(alice))
    page = read(root.get(place("change", attempt)))
    assert BUTTONS[0] in page  # its cost is still of interest
    assert BUTTONS[1] not in page
    assert BUTTONS[2] in page
    assert root.post(place("send_again", attempt)).status_code == 404


def test_others_have_no_buttons(root, alice, attempt):
    """A request that was accepted has no unknown outcome."""
    unknown.adopt(attempt, request_id=REQUEST_ID)
    assert not any(words in read(root.get(place("change", attempt))) for words in BUTTONS)


@pytest.mark.parametrize("name", ANSWERS)
def test_only_those_who_may_decide(reader, client, alice, attempt, name):
    assert not any(words in read(reader.get(place("change", attempt))) for words in BUTTONS)
    assert reader.post(place(name, attempt), {"request_id": REQUEST_ID}).status_code == 403
    client.force_login(alice)
    assert client.post(place(name, attempt), {"request_id": REQUEST_ID}).status_code == 302
    attempt.refresh_from_db()
    assert attempt.submission == Submission.UNKNOWN


def test_an_attempt_that_is_not_there(root, offer):
    assert root.get(reverse("admin:jobs_attempt_it_ran", args=[4711])).status_code == 404


def test_it_is_told_on_every_page_once_a_person_is_needed(root, reader, attempt):
    Attempt.objects.update(sent_at=attempt.created_at - 2 * unknown.ASK_PERSON_AFTER)
    assert unknown.ask_person() == 1
    for address in ("/admin/", "/admin/jobs/job/"):
        assert "1 submission to FAL of unknown outcome waits for you." in read(root.get(address))
    assert "mug" in read(root.get("/admin/jobs/attempt/?submission__exact=unknown"))
