"""What do tests of webhooks need? A receiver, somebody who carries, and Alice who listens."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from accounts.models import User
from jobs import postman
from jobs.models import Webhook, WebhookDelivery
from jobs.services.webhooks.subscriptions import create_webhook
from tests.api.client import Api
from tests.running import wait_until
from tests.webhooks.receiver import Receiver, run_receiver


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with run_receiver() as running:
        yield running


@pytest.fixture
def private_webhooks(settings) -> None:
    settings.ALLOW_PRIVATE_WEBHOOKS = True


@pytest.fixture
def webhook(alice: User, receiver: Receiver, private_webhooks) -> Webhook:
    return create_webhook(alice, url=receiver.url)


@pytest.fixture
def quick_gaps(monkeypatch) -> None:
    monkeypatch.setattr("jobs.services.webhooks.delivering.GAPS", (0.01,) * 9)
    monkeypatch.setattr("jobs.postman.PACE_SECONDS", 0.05)


@pytest.fixture
def carry(monkeypatch) -> Iterator[Callable[[], None]]:
    """Begin to carry; stopped at the end. Only for tests whose rows are really committed."""
    monkeypatch.setattr("jobs.postman.PACE_SECONDS", 0.05)
    stopping = threading.Event()
    threads: list[threading.Thread] = []

    def begin() -> None:
        threads.append(threading.Thread(target=postman.work, args=(stopping,)))
        threads[-1].start()

    yield begin
    stopping.set()
    for thread in threads:
        thread.join()


@pytest.fixture
def api(alice: User) -> Api:
    return Api(alice)


@pytest.fixture
def stranger(bob: User) -> Api:
    return Api(bob)


def wait_for_status(status: str, number: int = 1) -> list[WebhookDelivery]:
    rows = WebhookDelivery.objects.filter(status=status)
    wait_until(lambda: rows.count() >= number, what=f"{number} {status}", seconds=60)
    return list(rows.order_by("created_at"))
