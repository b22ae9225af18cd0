"""What the product tells by itself: once for each outage, and once when it is over"""

from __future__ import annotations

import shutil
import threading
from collections import namedtuple
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core import mail
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import OperationalError
from django.utils import timezone
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from image2model.models import Notice, Outage, Reading, RunningProcess
from image2model.ops import readings
from image2model.ops.alerts import outages, watch
from image2model.ops.alerts.troubles import find_troubles
from image2model.version import VERSION
from jobs.models import Attempt, Generation, Lease, Provider, WorkerHeartbeat
from jobs.services import check
from tests.factories import claim, make_job
from tests.watching.conftest import Receiver

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("processes")]
OPERATOR = "operator@example.org"
Disk = namedtuple("Disk", "total used free")  # as shutil has it


@pytest.fixture(autouse=True)
def _channels(settings, receiver: Receiver) -> None:
    settings.ALERT_EMAILS = [OPERATOR]
    settings.ALERT_WEBHOOK_URL = receiver.url


@pytest.fixture
def empty_balance() -> None:
    Provider.objects.create(
        name="fal", engines=["tripo-v2.5"], paused_reason="balance", paused_at=timezone.now(),
        paused_message="User is locked. Reason: Exhausted balance.",
    )  # fmt: skip
    WorkerHeartbeat.objects.create(name="fal-1", queue="fal", pid=1, host="h", version=VERSION)


def names() -> list[str]:
    return [trouble.name for trouble in find_troubles()]


def end_outage_of_fal() -> None:
    Provider.objects.update(paused_reason="", paused_message="", paused_at=None)


def test_a_quiet_run_tells_nobody(receiver: Receiver) -> None:
    for _ in range(3):
        assert watch.look() == 0

    assert find_troubles() == []
    assert (mail.outbox, receiver.got) == ([], [])
    assert not Outage.objects.exists()


@pytest.mark.usefixtures("empty_balance")
def test_it_works(receiver: Receiver) -> None:
    assert watch.look() == 2

    [message] = mail.outbox
    assert message.to == [OPERATOR]
    assert message.subject == "[Image2Model] The balance at FAL is used up."
    assert "Top it up" in message.body
    [text] = receiver.texts
    assert text.startswith(":rotating_light: The balance at FAL is used up.")


@pytest.mark.usefixtures("empty_balance")
def test_it_is_told_once_for_an_outage_and_once_when_it_is_over(receiver: Receiver) -> None:
    for _ in range(4):
        watch.look(calm=0)
    assert (len(mail.outbox), len(receiver.got)) == (1, 1)

    end_outage_of_fal()
    for _ in range(4):
        watch.look(calm=0)

    assert [each.subject for each in mail.outbox] == [
        "[Image2Model] The balance at FAL is used up.",
        "[Image2Model] Over: The balance at FAL is used up.",
    ]
    assert receiver.texts[1].startswith(":white_check_mark: It is over, after less than a minute:")
    assert len(receiver.got) == 2


@pytest.mark.usefixtures("empty_balance")
def test_a_second_outage_is_told_again(receiver: Receiver) -> None:
    watch.look(calm=0)
    end_outage_of_fal()
    watch.look(calm=0)
    Provider.objects.update(paused_reason="balance")
    watch.look(calm=0)

    assert len(receiver.got) == 3
    assert Outage.objects.count() == 2


@pytest.mark.usefixtures("empty_balance")
def test_a_restart_sends_nothing_again(receiver: Receiver) -> None:
    """Another process takes over with nothing but the database."""
    watch.look(holder="first")
    Lease.objects.filter(name=watch.LEASE).update(until="2020-01-01T00:00:00Z")  # the first one is gone
    assert watch.look(holder="second") == 0

    assert len(receiver.got) == 1


@pytest.mark.usefixtures("empty_balance")
def test_only_one_looks_at_a_time(receiver: Receiver) -> None:
    watch.look(holder="first")
    Notice.objects.all().delete()

    assert watch.look(holder="second") == 0
    assert len(receiver.got) == 1


@pytest.mark.usefixtures("empty_balance")
def test_a_receiver_that_is_down_gets_it_later(receiver: Receiver) -> None:
    receiver.status = 503
    watch.look()
    assert (len(mail.outbox), receiver.got) == (1, [])
    notice = Notice.objects.get(channel="webhook")
    assert (notice.tries, notice.error, notice.sent_at) == (1, "Answered 503.", None)

    receiver.status = 200
    watch.look()
    assert receiver.got == []  # not before its time
    Notice.objects.update(next_try_at=timezone.now())
    watch.look()

    assert (len(mail.outbox), len(receiver.got)) == (1, 1)


@pytest.mark.usefixtures("empty_balance")
def test_what_is_over_before_it_could_be_told_is_not_told(receiver: Receiver) -> None:
    receiver.status = 503
    watch.look(calm=0)
    receiver.status = 200
    end_outage_of_fal()
    Notice.objects.update(next_try_at=timezone.now())
    watch.look(calm=0)

    assert receiver.got == []
    assert [each.subject for each in mail.outbox][1].startswith("[Image2Model] Over:")


@pytest.mark.usefixtures("empty_balance")
def test_what_comes_and_goes_is_one_outage(receiver: Receiver) -> None:
    watch.look()
    end_outage_of_fal()
    watch.look()
    Provider.objects.update(paused_reason="balance")
    watch.look()

    assert len(receiver.got) == 1
    assert Outage.objects.count() == 1


@pytest.mark.usefixtures("empty_balance")
def test_without_channels_it_is_remembered_all_the_same(settings, receiver: Receiver) -> None:
    settings.ALERT_EMAILS, settings.ALERT_WEBHOOK_URL = [], ""
    assert watch.look() == 0
    assert [outage.name for outage in outages.list_recent()] == ["fal_balance"]

    settings.ALERT_WEBHOOK_URL = receiver.url
    assert watch.look() == 1  # it still goes on


def test_what_is_over_within_its_patience_is_not_told(receiver: Receiver) -> None:
    """Two versions at once for a moment are a deployment."""
    RunningProcess.objects.filter(kind="web").update(commit="another")
    watch.look(calm=0)
    assert Outage.objects.get().alarmed_at is None
    RunningProcess.objects.filter(kind="web").update(commit=RunningProcess.objects.get(kind="local").commit)
    watch.look(calm=0)

    assert receiver.got == []
    assert not Outage.objects.exists()


def test_what_outlasts_its_patience_is_told(receiver: Receiver) -> None:
    RunningProcess.objects.filter(kind="web").update(commit="another")
    watch.look()
    Outage.objects.update(began_at=timezone.now() - timedelta(minutes=6))

    assert watch.look() == 2
    assert "commits differ: " in receiver.texts[0]


def test_text_from_elsewhere_makes_no_markup(receiver: Receiver) -> None:
    Outage.objects.create(name="x", summary="<!channel> & more", alarmed_at=timezone.now())
    watch.look()

    assert "&lt;!channel&gt; &amp; more" in receiver.texts[0]


def wait_long(alice) -> None:
    make_job(alice)
    Generation.objects.update(created_at=timezone.now() - timedelta(minutes=16))


def fill_disk(monkeypatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Disk(100, 86, 14))


def leave_orphan(monkeypatch) -> None:
    default_storage.save("artifacts/00/nobody/model.glb", ContentFile(b"glTF"))
    monkeypatch.setattr(check, "GRACE", timedelta(0))
    monkeypatch.setattr(check.find_orphans, "__kwdefaults__", {"grace": timedelta(0)})


def submit_twice(alice) -> None:
    generation = claim(make_job(alice))
    sent = timezone.now()
    Attempt.objects.filter(generation=generation).update(submission="unknown", sent_at=sent)
    Attempt.objects.create(
        generation=generation, number=2, engine="tripo-v2.5", submission="accepted", request_id="r2",
        sent_at=sent + timedelta(seconds=5),
    )  # fmt: skip


def break_redis(monkeypatch) -> None:
    monkeypatch.setattr("jobs.queue.get_connection", lambda: Redis(port=1, retry=Retry(NoBackoff(), 0)))


FAULTS: dict[str, Callable[..., object]] = {
    "fal_auth": lambda **_: Provider.objects.create(name="fal", paused_reason="auth"),
    "fal_balance": lambda **_: Provider.objects.create(name="fal", paused_reason="balance"),
    "fal_locked": lambda **_: Provider.objects.create(name="fal", paused_reason="locked"),
    "fal_unreachable": lambda **_: Provider.objects.create(name="fal", breaker="open"),
    "queue_local": lambda alice, **_: wait_long(alice),
    "disk": lambda monkeypatch, **_: fill_disk(monkeypatch),
    "sweep": lambda **_: readings.keep("sweep", {"succeeded_at": "2026-01-01T00:00:00Z"}),
    "orphans": lambda monkeypatch, **_: leave_orphan(monkeypatch),
    "double_submissions": lambda alice, **_: submit_twice(alice),
    "drift": lambda **_: RunningProcess.objects.filter(kind="web").update(settings={"MAX_FILES": "0"}),
    "workers": lambda **_: WorkerHeartbeat.objects.filter(queue="post").delete(),
    "redis": lambda monkeypatch, **_: break_redis(monkeypatch),
}


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_is_told_and_none_else(name: str, alice, monkeypatch) -> None:
    assert names() == []
    FAULTS[name](alice=alice, monkeypatch=monkeypatch)
    readings.look_at_files()
    readings.look_at_submissions()

    assert names() == [name]
    watch.look()
    Outage.objects.update(began_at=timezone.now() - timedelta(minutes=10))
    watch.look()
    assert len(mail.outbox) == 1


def test_what_waits_for_a_reason_is_not_late(alice) -> None:
    wait_long(alice)
    Generation.objects.update(waiting_reason="budget")

    assert names() == []


def test_a_retry_is_no_double_submission(alice) -> None:
    submit_twice(alice)
    Attempt.objects.filter(number=1).update(finished_at=timezone.now() - timedelta(hours=1))
    readings.look_at_submissions()

    assert names() == []


def test_a_sweep_that_fails_is_noted_and_still_fails() -> None:
    with pytest.raises(OperationalError), readings.note_sweep():
        raise OperationalError("password=secret")
    assert names() == ["sweep"]
    assert "secret" not in str(Reading.objects.get(name="sweep").facts)

    with readings.note_sweep():
        pass
    assert names() == []


def test_a_thread_looks_beside_the_watcher(monkeypatch, receiver: Receiver) -> None:
    looked, stopping = threading.Event(), threading.Event()
    monkeypatch.setattr(watch, "PACE_SECONDS", 0.01)
    monkeypatch.setattr(watch, "look", looked.set)

    thread = watch.look_beside(stopping)
    assert looked.wait(60)
    stopping.set()
    thread.join(30)

    assert not thread.is_alive()
