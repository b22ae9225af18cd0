"""What do staff see of webhooks?"""

from __future__ import annotations

import pytest
from django.urls import reverse

from jobs.services import cancel_job
from jobs.services.webhooks.delivering import Outcome, claim_next, record
from tests.factories import UserFactory, make_job

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("name", ["webhook", "webhookdelivery"])
def test_they_are_looked_at(client, alice, webhook, name):
    cancel_job(make_job(alice, names=["secret-plans.png"]), actor="")
    record(claim_next(), outcome=Outcome(status=500, error="Answered 500."))
    client.force_login(UserFactory(is_staff=True, is_superuser=True))
    row = webhook if name == "webhook" else webhook.deliveries.get()
    detail = reverse(f"admin:jobs_{name}_change", args=[row.pk])

    for address in (reverse(f"admin:jobs_{name}_changelist"), detail):
        page = client.get(address, {"q": "hook"} if address != detail else {})
        assert page.status_code == 200
        assert "/hook" in page.content.decode()
        assert webhook.secret not in page.content.decode()
        assert "secret-plans" not in page.content.decode()
    assert client.post(detail, {"url": "https://example.org"}).status_code == 403
    assert client.post(reverse(f"admin:jobs_{name}_delete", args=[row.pk]), {"post": "yes"}).status_code == 403
