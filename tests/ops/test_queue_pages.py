"""django-rq's pages in the admin: what is not there is 404, what cannot be done is said, and no Redis is 503."""

from __future__ import annotations

import pytest
from django.test import Client
from django_rq import get_queue
from redis.exceptions import ConnectionError

from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
PLACE = "/admin/django_rq/dashboard/"


@pytest.fixture
def staff(client: Client) -> Client:
    client.force_login(UserFactory(is_staff=True))
    return client


@pytest.fixture
def bell() -> str:
    return get_queue("post").enqueue("jobs.tasks.drain_post").id


def test_it_works(staff: Client, bell: str) -> None:
    assert "post" in staff.get(PLACE).content.decode()
    assert bell in staff.get(f"{PLACE}queues/1/{bell}/").content.decode()


@pytest.mark.parametrize(
    "path",
    ["queues/99/", "queues/0/no-job/", "queues/0/no-job/delete/", "workers/0/nobody/", "schedulers/0/", "1/change/"],
)  # fmt: skip
def test_what_is_not_there(staff: Client, path: str) -> None:
    assert staff.get(PLACE + path).status_code == 404


def test_what_cannot_be_done_is_said(staff: Client, bell: str) -> None:
    answer = staff.post(f"{PLACE}queues/1/{bell}/requeue/", follow=True)

    assert answer.status_code == 200
    assert "This cannot be done with a job in this state." in answer.content.decode()


def test_other_methods_are_refused(staff: Client, bell: str) -> None:
    assert staff.put(f"{PLACE}queues/1/{bell}/delete/").status_code == 405


def test_without_redis_it_says_so(staff: Client, monkeypatch) -> None:
    def fail(*args, **kwargs):
        raise ConnectionError

    monkeypatch.setattr("redis.connection.AbstractConnection.connect", fail)
    monkeypatch.setattr("redis.connection.ConnectionPool.get_connection", fail)

    answer = staff.get(PLACE)

    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert "The queue cannot be reached" in answer.content.decode()


def test_the_admins_start_page_leads_there(client: Client) -> None:
    client.force_login(UserFactory(is_staff=True, is_superuser=True))

    assert PLACE in client.get("/admin/").content.decode()
