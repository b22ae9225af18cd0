"""Which secrets sign a delivery, and who sees them?"""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models import F

from jobs.models import Webhook, WebhookDelivery
from jobs.services.webhooks.subscriptions import (
    rotate_secret,
    send_test,
)
from tests.factories import finish_job, make_job
from tests.running import wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]


def test_after_a_change_both_secrets_sign(alice, webhook, receiver, carry):
    new = rotate_secret(webhook)
    send_test(webhook)
    carry()

    (call,) = receiver.wait_for(1)
    assert len(call.signatures) == 2
    assert call.is_signed_with(new)
    assert call.is_signed_with(webhook.secret)


def test_a_day_later_only_the_new_one(alice, webhook, receiver, carry):
    new = rotate_secret(webhook)
    Webhook.objects.update(former_until=F("former_until") - timedelta(hours=24))
    send_test(webhook)
    carry()

    (call,) = receiver.wait_for(1)
    assert call.is_signed_with(new)
    assert not call.is_signed_with(webhook.secret)


def test_the_log_holds_no_secrets(alice, webhook, receiver, carry):
    """A receiver echoes all that it was sent, and more."""

    def echo(call):
        words = [*call.headers.values(), webhook.secret, "i2m_abcdefgh_0123", "Bearer abc", "\x00\x1b[31mred"]
        return 400, {}, "\n".join(words).encode()

    receiver.answer = echo
    finish_job(make_job(alice))
    carry()

    wait_until(lambda: WebhookDelivery.objects.get().failures, what="a failure")
    excerpt = WebhookDelivery.objects.get().response_excerpt
    assert "[secret]" in excerpt
    for part in (webhook.secret, "i2m_", "Bearer abc", receiver.calls[0].signatures[0], "\x00", "\x1b"):
        assert part not in excerpt
