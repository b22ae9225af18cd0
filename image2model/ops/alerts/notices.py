"""Which messages are owed, and which were sent? Once for each outage, its end, and each channel."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import timedelta

from django.conf import settings
from django.db.models import F, Q
from django.utils import timezone

from image2model.models import Notice, Outage

logger = logging.getLogger(__name__)

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 30, 3600
GIVE_UP_AFTER = timedelta(days=1)

Send = Callable[[Notice], None]  # raises OSError when the message could not be handed over


def list_channels() -> list[str]:
    """Those that the settings name."""
    return [
        *([Notice.Channel.MAIL] if settings.ALERT_EMAILS else []),
        *([Notice.Channel.WEBHOOK] if settings.ALERT_WEBHOOK_URL else []),
    ]


def owe() -> None:
    """A word about each outage that goes on, and about the end of each whose beginning was told."""
    for outage in Outage.objects.filter(ended_at=None).exclude(alarmed_at=None):
        for channel in list_channels():
            Notice.objects.get_or_create(outage=outage, kind=Notice.Kind.BEGAN, channel=channel)
    told = Notice.objects.filter(kind=Notice.Kind.BEGAN, outage__ended_at__isnull=False)
    for notice in told.exclude(sent_at=None).exclude(
        outage__notices__kind=Notice.Kind.ENDED, outage__notices__channel=F("channel")
    ):
        Notice.objects.get_or_create(outage=notice.outage, kind=Notice.Kind.ENDED, channel=notice.channel)


def pay(senders: Mapping[str, Send]) -> int:
    """Send what is owed and due; how many went out. What fails is tried again, later and later, for a day."""
    due = Notice.objects.filter(sent_at=None, next_try_at__lte=timezone.now(), channel__in=senders)
    # Nobody needs to hear that something began when it is over before he could be told.
    late = Q(kind=Notice.Kind.BEGAN, outage__ended_at__isnull=False)
    due.filter(late | Q(outage__began_at__lt=timezone.now() - GIVE_UP_AFTER, tries__gt=0)).delete()
    return sum(_send(notice, senders[notice.channel]) for notice in due.select_related("outage"))


def _send(notice: Notice, send: Send) -> bool:
    rows = Notice.objects.filter(pk=notice.pk)
    try:
        send(notice)
    except OSError as error:
        pause = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2**notice.tries)
        later = timezone.now() + timedelta(seconds=pause)
        rows.update(tries=F("tries") + 1, next_try_at=later, error=str(error)[:200])
        logger.warning("The alert %s could not be sent by %s: %s", notice.outage.name, notice.channel, error)
        return False
    rows.update(tries=F("tries") + 1, sent_at=timezone.now(), error="")
    return True
