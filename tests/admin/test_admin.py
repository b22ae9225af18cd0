"""What do staff see and do in the admin?"""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse

from jobs.models import Generation, Job
from tests.factories import UserFactory, claim, finish_job, make_job

pytestmark = pytest.mark.database

LISTS = [
    "job",
    "generation",
    "attempt",
    "artifact",
    "sourceimage",
    "conversion",
    "event",
    "workerheartbeat",
    "provider",
]


@pytest.fixture
def staff(client, db):
    client.force_login(UserFactory(email="root@example.org", is_staff=True, is_superuser=True))
    return client


def act(client, action, rows):
    address = reverse(f"admin:jobs_{rows.model._meta.model_name}_changelist")
    data = {"action": action, "_selected_action": [row.pk for row in rows]}
    return client.post(address, data, follow=True)


def test_it_works(staff, alice):
    finish_job(make_job(alice, pictures=2))
    page = staff.get("/admin/").content.decode()
    assert "The last 24 hours, and now" in page
    assert "Models made</a></th><td>2</td>" in page


@pytest.mark.parametrize("name", LISTS)
def test_lists_and_pages_open(staff, alice, name):
    from django.apps import apps

    job = finish_job(make_job(alice))
    model = apps.get_model("jobs", name)
    address = reverse(f"admin:jobs_{name}_changelist")
    assert staff.get(address, {"q": "chair"}).status_code == 200
    for row in model.objects.all()[:1]:
        assert staff.get(reverse(f"admin:jobs_{name}_change", args=[row.pk])).status_code == 200
        assert staff.post(reverse(f"admin:jobs_{name}_change", args=[row.pk]), {}).status_code == 403
        assert staff.get(reverse(f"admin:jobs_{name}_delete", args=[row.pk])).status_code == 403
    assert Job.objects.get(pk=job.pk).status == "completed"


def test_cancel(staff, alice):
    job = make_job(alice, pictures=2)
    page = act(staff, "cancel", Job.objects.all())
    job.refresh_from_db()
    assert "1 cancelled." in page.content.decode()
    assert (job.status, job.events.get(kind="cancel_asked").actor) == ("cancelled", "root@example.org")
    assert LogEntry.objects.get().change_message == "cancelled"


def test_a_refusal_is_told(staff, alice):
    finish_job(make_job(alice))
    assert "already completed" in act(staff, "cancel", Job.objects.all()).content.decode()
    assert not LogEntry.objects.exists()


def test_retry(staff, alice):
    make_job(alice)
    act(staff, "cancel", Generation.objects.all())
    act(staff, "retry", Generation.objects.all())
    assert Generation.objects.get().status == "queued"


def test_requeue_locks_the_worker_out(staff, alice):
    from jobs.services import runs

    generation = claim(make_job(alice))
    act(staff, "requeue", Generation.objects.all())
    with pytest.raises(runs.AttemptLost):
        runs.complete_generation(generation, artifacts=[])
    assert Generation.objects.get().status == "queued"


@pytest.mark.django_db(transaction=True)
def test_delete(staff, alice):
    finish_job(make_job(alice))
    act(staff, "delete_with_files", Job.objects.all())
    assert not Job.objects.exists()
    assert LogEntry.objects.get().change_message == "deleted"


def test_previews_are_for_staff(staff, alice, client):
    generation = finish_job(make_job(alice)).generations.get()
    address = reverse("admin:jobs_generation_preview", args=[generation.artifacts.get(role="preview").pk])
    assert b"".join(staff.get(address)) == b"picture"
    client.force_login(alice)
    assert client.get(address).status_code == 302


def test_hostile_names_are_escaped(staff, alice):
    make_job(alice, names=["<img src=x onerror=alert(1)>.png"])
    for name in ("job", "generation", "event"):
        assert "<img src=x" not in staff.get(reverse(f"admin:jobs_{name}_changelist")).content.decode()


@pytest.mark.parametrize("who", ["nobody", "user"])
def test_others_do_not_get_in(client, alice, who):
    if who == "user":
        client.force_login(alice)
    for address in ("/admin/", "/admin/jobs/job/", "/admin/django_rq/dashboard/"):
        answer = client.get(address)
        assert answer.status_code in (302, 403)
        assert b"alice" not in answer.content


def test_staff_without_rights_see_nothing(client, alice):
    make_job(alice)
    client.force_login(UserFactory(is_staff=True))
    assert client.get("/admin/jobs/job/").status_code == 403


def test_the_queue_dashboard_opens_for_staff(staff):
    page = staff.get("/admin/django_rq/dashboard/", follow=True)
    assert page.status_code == 200
    assert b"local" in page.content
