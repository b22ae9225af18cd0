"""What did the caller use and spend, by day and engine? Contract section 7."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from django.utils.dateparse import parse_date
from rest_framework.request import Request
from rest_framework.response import Response

from image2model.openapi import document
from jobs.api import account_shapes, requests
from jobs.api.fields import refuse
from jobs.api.views.base import JobView
from jobs.describe import CURRENCY, describe_engine, format_money
from jobs.services import money

MAX_DAYS = 366


class UsageView(JobView):
    query_fields = frozenset({"from", "to"})

    @document("get_usage", parameters=requests.USAGE_DAYS, responses=account_shapes.UsageSerializer)
    def get(self, request: Request) -> Response:
        """What I used and spent, by day (UTC) and engine, the latest day first."""
        since, until = read_days(request.query_params.dict())
        rows = money.read_usage(self.user, since=since, until=until)
        return Response(
            {
                "from": since.isoformat(),
                "to": until.isoformat(),
                "currency": CURRENCY,
                "results": [
                    {"day": row.day.isoformat(), "engine": describe_engine(row.engine)} | _describe([row])
                    for row in rows
                ],
                "total": _describe(rows),
            }
        )


def read_days(query: dict[str, str]) -> tuple[date, date]:
    """The first and the last day that are asked for: this month up to today where nothing is said."""
    today = datetime.now(UTC).date()
    until = _read_day(query, "to", default=today)
    since = _read_day(query, "from", default=until.replace(day=1))
    if since > until:
        raise refuse("from", "from must not be later than to.")
    if (until - since).days >= MAX_DAYS:
        raise refuse("from", f"At most {MAX_DAYS} days can be asked for at once.", hint="Ask for each year by itself.")
    return since, until


def _read_day(query: dict[str, str], name: str, *, default: date) -> date:
    if name not in query:
        return default
    try:
        day = parse_date(query[name])
    except ValueError:
        day = None
    if day is None or not 2000 <= day.year <= 9000:
        raise refuse(name, f"{name} must be a day such as 2026-01-31.")
    return day


def _describe(rows: Sequence[money.UsageRow]) -> dict[str, Any]:
    return {
        "generations": sum(row.generations for row in rows),
        "actual": format_money(sum((row.actual for row in rows), Decimal())),
        "held": format_money(sum((row.held for row in rows), Decimal())),
    }
