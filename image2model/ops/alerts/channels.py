"""How is a message about an outage sent? As a mail, or as a Slack-compatible POST."""

from __future__ import annotations

import asyncio
import json
import smtplib
from collections.abc import Mapping
from datetime import datetime

from django.conf import settings
from django.core.mail import EmailMessage

from image2model.models import Notice, Outage
from image2model.ops.alerts.notices import Send
from image2model.version import VERSION


def describe(notice: Notice) -> tuple[str, str]:
    """Subject and text."""
    outage = notice.outage
    site = settings.PUBLIC_URL or "Image2Model"
    if notice.kind == Notice.Kind.ENDED:
        lasted = _say_span(outage)
        return f"[Image2Model] Over: {outage.summary}", f"It is over, after {lasted}: {outage.summary}\n\n{site}\n"
    link = f"{settings.PUBLIC_URL}/admin/operations/" if settings.PUBLIC_URL else "the page Operations of the admin"
    text = f"{outage.summary}\n\n{outage.advice}\n\nSince {_say(outage.began_at)} UTC. More: {link}\n"
    return f"[Image2Model] {outage.summary}", text


def _say(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"


def _say_span(outage: Outage) -> str:
    assert outage.ended_at is not None
    minutes = round((outage.ended_at - outage.began_at).total_seconds() / 60)
    return f"{minutes} minute{'' if minutes == 1 else 's'}" if minutes else "less than a minute"


def send_mail(notice: Notice) -> None:
    subject, text = describe(notice)
    try:
        EmailMessage(subject=subject.replace("\n", " ")[:200], body=text, to=list(settings.ALERT_EMAILS)).send()
    except smtplib.SMTPException as error:  # an OSError already; its own text may hold the password
        raise OSError(f"The mail server refused the mail ({type(error).__name__}).") from None


def send_webhook(notice: Notice) -> None:
    """The operator named the address: unlike those of users, it may lead into the own network."""
    from jobs.egress.posting import NoReplyError, Reply, open_session, post  # aiohttp loads with the first alert

    _, text = describe(notice)
    mark = ":white_check_mark:" if notice.kind == Notice.Kind.ENDED else ":rotating_light:"
    body = json.dumps({"text": f"{mark} {_escape(text.strip())}"})
    headers = {"Content-Type": "application/json", "User-Agent": f"Image2Model/{VERSION}"}

    async def send() -> Reply:
        async with open_session(allow_private=True, limit=1) as session:
            return await post(session, settings.ALERT_WEBHOOK_URL, body=body, headers=headers, allow_private=True)

    try:
        reply = asyncio.run(send())
    except NoReplyError as error:
        raise OSError(str(error)) from None
    if not 200 <= reply.status < 300:
        raise OSError(f"Answered {reply.status}.")


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


SENDERS: Mapping[str, Send] = {Notice.Channel.MAIL: send_mail, Notice.Channel.WEBHOOK: send_webhook}
