"""Do the threads of one process write one after another, and is nobody kept waiting by what follows a commit?"""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from django.db import connections, transaction
from django.db.models import F

from accounts.models import User
from jobs.models import Feed
from jobs.services.writing import write_in_turn

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]


def run_at_once(*works: Callable[[], None]) -> list[BaseException]:
    problems: list[BaseException] = []

    def run(work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:
            problems.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=100)
    return problems


def test_it_works(alice: User) -> None:
    Feed.objects.get_or_create(owner=alice)
    start = Feed.objects.get(owner=alice).version

    def work() -> None:
        for _ in range(5):
            with write_in_turn():
                feed = Feed.objects.select_for_update().get(owner=alice)
                Feed.objects.filter(owner=alice).update(version=feed.version + 1)

    assert run_at_once(*[work] * 20) == []
    assert Feed.objects.get(owner=alice).version == start + 100


def test_what_follows_a_commit_keeps_nobody_waiting(alice: User) -> None:
    committed, others_wrote, waited = threading.Event(), threading.Event(), []

    def first() -> None:
        with write_in_turn():
            Feed.objects.get_or_create(owner=alice)
            transaction.on_commit(lambda: (committed.set(), waited.append(others_wrote.wait(60))))

    def second() -> None:
        assert committed.wait(60)
        with write_in_turn():
            Feed.objects.filter(owner=alice).update(version=F("version") + 1)
        others_wrote.set()

    assert run_at_once(first, second) == []
    assert waited == [True]


def test_the_turn_ends_with_an_error(alice: User) -> None:
    with pytest.raises(ZeroDivisionError), write_in_turn():
        raise ZeroDivisionError
    with write_in_turn(), write_in_turn():
        assert not Feed.objects.filter(pk=-1).exists()
