"""The page Operations of the admin: for those without Prometheus"""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from rq import Queue

from image2model.models import Outage, RunningProcess
from image2model.ops import readings
from image2model.ops.alerts import watch
from image2model.ops.presence import COMMIT_SHOWN, describe_build
from image2model.version import VERSION
from jobs.models import Generation, Provider, WorkerHeartbeat
from tests.factories import UserFactory, make_job
from tests.watching.conftest import Receiver

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("processes")]


def read(client: Client) -> str:
    response = client.get(reverse("admin:operations"))
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def test_it_works(staff: Client) -> None:
    readings.look_at_files()
    readings.look_at_submissions()
    with readings.note_sweep():
        pass

    page = read(staff)

    assert "Everything works" in page
    assert page.count('class="card is-healthy"') == 6
    assert "All run the same code with the same settings" in page
    for kind in ("web", "local", "post", "watch"):
        assert f'<th scope="row">{kind} <span' in page
    build = describe_build()
    assert f"<td>{VERSION}</td>" in page
    assert build.commit[:COMMIT_SHOWN] in page
    assert build.schema in page
    assert "Nobody is told" in page
    assert "not looked for yet" not in page


def test_the_start_page_leads_there(staff: Client) -> None:
    assert reverse("admin:operations") in staff.get(reverse("admin:index")).content.decode()


def test_what_waits_longest_is_named_and_linked(staff: Client, alice) -> None:
    make_job(alice, names=["chair.png"])
    Generation.objects.update(created_at=timezone.now() - timedelta(minutes=40))

    page = read(staff)

    assert reverse("admin:jobs_generation_change", args=[Generation.objects.get().pk]) in page
    assert "for 40 minutes" in page
    assert "It works, but not all is well" in page


def test_processes_that_differ_are_red(staff: Client) -> None:
    RunningProcess.objects.filter(kind="web").update(settings={**describe_build().settings, "MAX_FILES": "other"})

    page = read(staff)

    assert "Settings differ: MAX_FILES." in page
    assert 'class="card is-unhealthy"> <h3>Workers and processes</h3>' in page


def test_an_outage_and_who_was_told_is_shown(staff: Client, settings, receiver: Receiver) -> None:
    settings.ALERT_WEBHOOK_URL = receiver.url
    Provider.objects.create(name="fal", engines=["tripo-v2.5"], paused_reason="balance", paused_at=timezone.now())
    WorkerHeartbeat.objects.create(name="fal-1", queue="fal", pid=1, host="h", version=VERSION)
    watch.look()

    page = read(staff)

    assert "The balance at FAL is used up." in page
    assert "goes on" in page
    assert "webhook " in page
    assert "Balance exhausted" in page


def test_without_redis_it_still_shows_the_rest(staff: Client, monkeypatch) -> None:
    broken = Redis(port=1, retry=Retry(NoBackoff(), 0))
    monkeypatch.setattr("jobs.queue.get_connection", lambda: broken)
    monkeypatch.setattr("jobs.queue.find_queue", lambda name: Queue(name, connection=broken))

    page = read(staff)

    assert 'class="card is-unhealthy"> <h3>Redis</h3>' in page
    assert page.count("<td>unknown</td>") == 4


def test_text_from_elsewhere_is_only_text(staff: Client) -> None:
    Outage.objects.create(name="x", summary="<script>alert(1)</script>", alarmed_at=timezone.now())
    RunningProcess.objects.filter(kind="web").update(host="<b>host</b>")

    page = read(staff)

    assert "<script>alert(1)" not in page
    assert "<b>host" not in page


def test_it_tells_no_secrets(staff: Client, settings) -> None:
    settings.ALERT_WEBHOOK_URL = "https://hooks.example.org/T0/secret-of-the-hook"
    settings.ALERT_EMAILS = ["private@example.org"]

    page = read(staff)

    assert "secret-of-the-hook" not in page
    assert "private@example.org" not in page
    assert settings.SECRET_KEY not in page


@pytest.mark.parametrize("kind", ["nobody", "user"])
def test_strangers_are_sent_away(kind: str) -> None:
    client = Client()
    if kind == "user":
        client.force_login(UserFactory())

    assert client.get(reverse("admin:operations")).status_code == 302
    assert client.post(reverse("admin:operations_test")).status_code == 302
    assert not Outage.objects.exists()


def test_a_test_message_goes_out_and_is_over_by_itself(staff: Client, settings, receiver: Receiver) -> None:
    settings.ALERT_WEBHOOK_URL = receiver.url

    staff.post(reverse("admin:operations_test"))
    staff.post(reverse("admin:operations_test"))  # a second click changes nothing
    watch.look()
    assert len(receiver.got) == 1
    assert "This is a test" in receiver.texts[0]

    Outage.objects.update(seen_at=timezone.now() - timedelta(minutes=2))
    watch.look()
    assert receiver.texts[1].startswith(":white_check_mark:")


def test_a_test_without_channels_is_refused(staff: Client) -> None:
    page = staff.post(reverse("admin:operations_test"), follow=True).content.decode()

    assert "Nobody would hear of it" in page
    assert not Outage.objects.exists()


def test_only_superusers_send_tests(settings, receiver: Receiver) -> None:
    settings.ALERT_WEBHOOK_URL = receiver.url
    client = Client()
    reader = UserFactory(is_staff=True)
    reader.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    client.force_login(reader)

    assert "Send a test message" not in read(client)
    assert client.post(reverse("admin:operations_test")).status_code == 403


def test_a_test_is_sent_by_post_alone(staff: Client) -> None:
    assert staff.get(reverse("admin:operations_test")).status_code == 405
