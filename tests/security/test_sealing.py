"""Do secrets that we must read again lie sealed, and do they outlive a change of the key?"""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import TextField
from django.db.models.functions import Cast
from django.test import Client

from accounts.services import create_api_key, find_api_key
from image2model.sealing import MARK, is_fresh, seal, unseal
from jobs.models import JobWebhookSecret, Webhook
from jobs.postman import send
from jobs.services.webhooks.delivering import Try
from jobs.services.webhooks.subscriptions import find_job_secret, rotate_secret

OTHER_KEY = "another-key-0123456789-0123456789-0123456789-0123456789"


def read_stored(row, field: str = "secret") -> str:
    rows = type(row)._default_manager.annotate(stored=Cast(field, TextField()))
    return rows.values_list("stored", flat=True).get(pk=row.pk)


def rotate_key(settings) -> None:
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = OTHER_KEY


def reseal() -> str:
    told = io.StringIO()
    call_command("reseal", stdout=told)
    return told.getvalue()


@pytest.fixture
def webhook(alice) -> Webhook:
    return Webhook.objects.create(owner=alice, url="https://203.0.113.5/", types=["job.failed"])


def test_it_works(settings):
    sealed = seal("canary")
    assert sealed.startswith(MARK)
    assert "canary" not in sealed
    assert seal("canary") != sealed
    assert unseal(sealed) == "canary"
    assert unseal("never sealed") == "never sealed"


def test_another_key_opens_nothing_and_the_log_says_so(settings, caplog):
    sealed = seal("canary")
    settings.SECRET_KEY = OTHER_KEY
    assert unseal(sealed) == ""
    assert "SECRET_KEY_FALLBACKS" in caplog.text
    assert sealed not in caplog.text


def test_a_changed_seal_opens_nothing():
    sealed = seal("canary")
    assert unseal(sealed[:-6] + "AAAAAA") == ""


@pytest.mark.database
def test_webhook_secrets_lie_sealed(webhook, alice):
    former = webhook.secret
    rotate_secret(webhook)
    webhook.refresh_from_db()
    of_jobs = find_job_secret(alice)
    for row, field, text in (
        (webhook, "secret", webhook.secret), (webhook, "former_secret", former), (of_jobs, "secret", of_jobs.secret),
    ):  # fmt: skip
        assert text.startswith("whsec_")
        assert read_stored(row, field).startswith(MARK)
        assert text not in read_stored(row, field)
    assert webhook.list_secrets(datetime.now(UTC)) == [webhook.secret, former]
    assert webhook.list_secrets(datetime.now(UTC) + timedelta(days=2)) == [webhook.secret]


@pytest.mark.database
def test_they_outlive_a_new_key(webhook, settings):
    secret = webhook.secret
    rotate_key(settings)
    assert Webhook.objects.get().secret == secret
    assert not is_fresh(read_stored(webhook))

    assert reseal() == "0 fresh, 1 sealed anew, 0 lost\n"
    settings.SECRET_KEY_FALLBACKS = []
    assert Webhook.objects.get().secret == secret
    assert reseal() == "1 fresh, 0 sealed anew, 0 lost\n"


def test_what_is_lost_is_told(webhook, settings):
    settings.SECRET_KEY = OTHER_KEY
    with pytest.raises(CommandError, match="SECRET_KEY_FALLBACKS"):
        reseal()


async def test_nothing_goes_out_unsigned():
    sent = Try(delivery_id=None, number=1, url="https://203.0.113.5/", event_id="e", body="{}", secrets=[])
    outcome = await send(None, sent)
    assert outcome.status is None
    assert "cannot be read" in outcome.error


def test_sessions_outlive_a_new_key(client, alice, settings):
    client.post("/accounts/login/", {"username": alice.email, "password": "secret-of-tests"})
    rotate_key(settings)
    assert client.get("/accounts/").status_code == 200
    settings.SECRET_KEY_FALLBACKS = []
    assert client.get("/accounts/").status_code == 200  # it was signed anew meanwhile


def test_sessions_end_when_the_former_key_is_dropped_at_once(client, alice, settings):
    client.post("/accounts/login/", {"username": alice.email, "password": "secret-of-tests"})
    settings.SECRET_KEY = OTHER_KEY
    assert client.get("/accounts/").status_code == 302


def test_keys_outlive_a_new_pepper(alice, settings):
    _, raw = create_api_key(alice, name="script", scopes=["read"])
    settings.API_KEY_PEPPER = "first-pepper"
    assert find_api_key(raw)
    settings.API_KEY_PEPPER, settings.API_KEY_PEPPER_FALLBACKS = "second-pepper", ["first-pepper"]
    assert find_api_key(raw)
    settings.API_KEY_PEPPER_FALLBACKS, settings.SECRET_KEY = [], OTHER_KEY
    assert find_api_key(raw)  # hashed anew when it was used
    settings.API_KEY_PEPPER = "third-pepper"
    assert find_api_key(raw) is None


@pytest.mark.django_db(transaction=True)
def test_the_migration_seals_what_lies_in_clear():
    """And gives it back in clear to the release before."""
    clear = "whsec_" + "A" * 44
    try:
        call_command("migrate", "jobs", "0006", verbosity=0)
        user = get_user_model().objects.create_user("alice@example.org", "secret-of-tests")
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO jobs_jobwebhooksecret (secret, former_secret, owner_id) VALUES (%s, '', %s)",
                [clear, user.pk],
            )
        call_command("migrate", "jobs", verbosity=0)
        row = JobWebhookSecret.objects.get()
        assert row.secret == clear
        assert is_fresh(read_stored(row))
        assert row.former_secret == ""

        call_command("migrate", "jobs", "0006", verbosity=0)
        with connection.cursor() as cursor:
            cursor.execute("SELECT secret FROM jobs_jobwebhooksecret")
            assert cursor.fetchone() == (clear,)
    finally:
        call_command("migrate", "jobs", verbosity=0)


def test_a_key_is_refused_from_the_moment_it_is_revoked(alice):
    key, raw = create_api_key(alice, name="script", scopes=["read", "write"])
    headers = {"authorization": f"Bearer {raw}"}
    assert Client().get("/api/v1/jobs", headers=headers).status_code == 200
    assert Client().delete(f"/api/v1/keys/{key.pk}", headers=headers).status_code == 204
    answer = Client().get("/api/v1/jobs", headers=headers)
    assert (answer.status_code, answer.json()["error_code"]) == (401, "invalid_api_key")
