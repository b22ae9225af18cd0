"""Who should be told that most of a budget is spent? Looked at every while; each threshold is told once a month."""

from __future__ import annotations

from decimal import Decimal
from uuid import NAMESPACE_URL, uuid5

from accounts.models import User
from jobs.models import Webhook
from jobs.models.webhooks import WebhookType
from jobs.services import money
from jobs.services.webhooks.outbox import tell_user

THRESHOLDS = (80, 100)  # percent, money held for work under way included


def note_budgets() -> None:
    """Tell the webhooks that want to know."""
    by_owner: dict[User, list[Webhook]] = {}
    for webhook in Webhook.objects.filter(active=True).select_related("owner"):
        if WebhookType.BUDGET_THRESHOLD in webhook.types:
            by_owner.setdefault(webhook.owner, []).append(webhook)
    for owner, webhooks in by_owner.items():
        _note_budget(owner, webhooks=webhooks)


def _note_budget(owner: User, *, webhooks: list[Webhook]) -> None:
    budget = money.read_budget(owner)
    if not budget.limit:
        return
    for percent in THRESHOLDS:
        if budget.spent >= budget.limit * Decimal(percent) / 100:
            tell_user(
                owner,
                webhooks=webhooks,
                event_id=_name_event(owner, budget=budget, percent=percent),
                kind=WebhookType.BUDGET_THRESHOLD,
                data={"threshold_percent": percent, "currency": "USD", **money.describe_budget(owner)},
            )


def _name_event(owner: User, *, budget: money.Budget, percent: int) -> str:
    """The same for the same threshold of the same limit in the same month: the outbox takes it once."""
    name = f"budget/{owner.pk}/{budget.resets_at.isoformat()}/{budget.limit}/{percent}"
    return f"evt_{uuid5(NAMESPACE_URL, name).hex}"
