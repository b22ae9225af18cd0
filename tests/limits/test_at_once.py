"""Eight processes at once: does one more get through than the limit says? Real processes, a real database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from accounts.models import Limits
from accounts.services import KeyLimits, create_api_key
from jobs.models import Generation, IdempotencyKey, Job, KeyUploadWindow, SourceImage, UploadWindow
from tests.limits.hammer import Crowd, count_codes, gather

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database, pytest.mark.stack]
MEGABYTE = 1024 * 1024


@pytest.fixture(scope="module")
def crowd(django_db_setup, django_db_blocker) -> Iterator[Crowd]:
    with django_db_blocker.unblock(), gather() as crowd:
        yield crowd


@pytest.fixture
def key(alice) -> str:
    return create_api_key(alice, name="hammer", scopes=["read", "write"])[1]


def test_d23_forty_uploads_at_a_limit_of_ten(crowd, alice, key):
    results = crowd.call(key, "upload", each=5, RATE_LIMIT_UPLOAD=[10, 60])

    assert count_codes(results) == {(200, ""): 10, (429, "rate_limited"): 30}
    assert Job.objects.filter(owner=alice).count() == SourceImage.objects.count() == 10
    assert len(UploadWindow.objects.get(owner=alice).times) == 10
    left = sorted(int(result.headers["X-RateLimit-Remaining"]) for result in results if result.status == 200)
    assert left == list(range(10))
    assert all(1 <= int(result.headers["Retry-After"]) <= 60 for result in results if result.status == 429)


def test_active_generations(crowd, alice, key):
    Limits.objects.create(user=alice, active_generations=7)

    results = crowd.call(key, "upload", each=3)

    assert count_codes(results) == {(200, ""): 7, (429, "too_many_active_generations"): 17}
    assert Generation.objects.filter(owner=alice).count() == SourceImage.objects.count() == 7


def test_uploads_of_a_limited_key(crowd, alice):
    """The nearer limit is the key's; what it refuses does not count for its user."""
    limits = KeyLimits(uploads_per_minute=10)
    _, limited = create_api_key(alice, name="limited", scopes=["read", "write"], limits=limits)

    results = crowd.call(limited, "upload", each=3, RATE_LIMIT_UPLOAD=[60, 60])

    assert count_codes(results) == {(200, ""): 10, (429, "rate_limited"): 14}
    assert Job.objects.filter(api_key__name="limited").count() == 10
    assert len(KeyUploadWindow.objects.get().times) == len(UploadWindow.objects.get(owner=alice).times) == 10
    left = sorted(int(result.headers["X-RateLimit-Remaining"]) for result in results if result.status == 200)
    assert left == list(range(10))


def test_active_generations_of_a_limited_key(crowd, alice):
    limits = KeyLimits(active_generations=5)
    _, limited = create_api_key(alice, name="limited", scopes=["read", "write"], limits=limits)

    results = crowd.call(limited, "upload", each=2)

    assert count_codes(results) == {(200, ""): 5, (429, "too_many_active_generations"): 11}
    assert Generation.objects.filter(job__api_key__name="limited").count() == SourceImage.objects.count() == 5


def test_storage_quota(crowd, alice, key):
    Limits.objects.create(user=alice, storage_mb=1)

    results = crowd.call(key, "upload_large", each=2)

    sizes = list(SourceImage.objects.values_list("size", flat=True))
    assert count_codes(results) == {(200, ""): len(sizes), (403, "storage_quota_exceeded"): 16 - len(sizes)}
    assert sum(sizes) <= MEGABYTE < sum(sizes) + min(sizes)


def test_p8_one_idempotency_key_makes_one_job(crowd, alice, key):
    results = crowd.call(key, "upload_the_same", each=2)

    assert count_codes(results) == {(200, ""): 16}
    assert {result.job_id for result in results} == {str(Job.objects.get().pk)}
    assert Generation.objects.count() == IdempotencyKey.objects.count() == 1


def test_a_repeated_request_is_not_one_more_generation(crowd, alice, key):
    """Also when it comes before the first was answered."""
    Limits.objects.create(user=alice, active_generations=1)

    results = crowd.call(key, "upload_the_same")

    assert count_codes(results) == {(200, ""): 8}


def test_f08_one_key_for_different_pictures(crowd, alice, key):
    results = crowd.call(key, "upload_under_one_key")

    assert count_codes(results) == {(200, ""): 1, (409, "idempotency_key_reused"): 7}
    assert Job.objects.count() == SourceImage.objects.count() == 1


def test_storing_the_same_picture_under_one_key(crowd, alice, key):
    results = crowd.call(key, "store_the_same")

    assert count_codes(results) == {(201, ""): 8}
    assert SourceImage.objects.count() == IdempotencyKey.objects.count() == 1
