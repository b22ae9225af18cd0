"""Which moves are legal, and how is a job's state derived?"""

from __future__ import annotations

import pytest

from jobs.states import ACTIVE, SOURCES, TERMINAL, Status, derive_job_status


def test_it_works():
    assert set(Status) == ACTIVE | TERMINAL
    assert not ACTIVE & TERMINAL
    assert set(SOURCES) == set(Status)


@pytest.mark.parametrize("source", list(Status))
@pytest.mark.parametrize("target", list(Status))
def test_only_the_listed_moves_change_a_row(alice, source, target):
    from django.db.models.functions import Now

    from jobs.models import Generation
    from tests.factories import make_job

    generation = make_job(alice).generations.get()
    Generation.objects.filter(pk=generation.pk).update(status=source, finished_at=Now() if source in TERMINAL else None)
    finished = Now() if target in TERMINAL else None
    moved = Generation.objects.move(generation.pk, target, finished_at=finished)
    generation.refresh_from_db()
    assert moved == (source in SOURCES[target])
    assert generation.status == (target if moved else source)


def count(**numbers: int) -> dict[Status, int]:
    return {status: numbers.get(status.value, 0) for status in Status}


@pytest.mark.parametrize(
    ("numbers", "cancelled", "expected"),
    [
        ({"queued": 2}, False, Status.QUEUED),
        ({"queued": 1, "completed": 1}, False, Status.PROCESSING),
        ({"processing": 1, "failed": 3}, False, Status.PROCESSING),
        ({"completed": 1, "failed": 9}, False, Status.COMPLETED),
        ({"completed": 1, "cancelled": 9}, True, Status.COMPLETED),
        ({"failed": 2}, False, Status.FAILED),
        ({"failed": 1, "cancelled": 1}, False, Status.FAILED),
        ({"failed": 1, "cancelled": 1}, True, Status.CANCELLED),
        ({"cancelled": 2}, False, Status.CANCELLED),
    ],
)
def test_a_job_is_what_its_generations_are(numbers, cancelled, expected):
    assert derive_job_status(count(**numbers), cancelled=cancelled) == expected
