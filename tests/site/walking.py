"""Which addresses does the product have, who may come to them, and what of its owner's must nobody else ever see?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group
from django.db.models import Model
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django_rq import get_queue

from accounts.models import ApiKey, LoginFailure, User
from accounts.services import create_api_key
from accounts.sessions import name_session
from jobs.models import (
    Artifact,
    Attempt,
    Conversion,
    Event,
    Generation,
    Job,
    LedgerEntry,
    Provider,
    SourceImage,
    Webhook,
    WebhookDelivery,
    WorkerHeartbeat,
)
from jobs.services.webhooks.subscriptions import send_test
from tests.factories import UserFactory, finish_job, make_job

CANARY = "canary-of-the-owner"  # in the name of everything that is the owner's
APP_LABEL = re.compile(r"\(\?P<app_label>[^)]*\)")
PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")


def list_patterns(patterns: list[URLPattern | URLResolver], prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for entry in patterns:
        route = prefix + APP_LABEL.sub("<app_label>", str(entry.pattern))
        if isinstance(entry, URLResolver):
            yield from list_patterns(entry.url_patterns, route)
        else:
            yield route, entry


PATTERNS = dict(list_patterns(get_resolver().url_patterns))
# Of an address with both forms, the one without the slash; the other leads to the same view.
ROUTES = sorted(route for route in PATTERNS if not (route.endswith("/") and route.removesuffix("/") in PATTERNS))


@dataclass
class Scene:
    """What one user owns, and the id of each part by the name that routes give it."""

    owner: User
    ids: dict[str, object] = field(default_factory=dict)
    objects: dict[str, object] = field(default_factory=dict)  # the admin's, by the name of their model

    @property
    def secrets(self) -> list[str]:
        return [CANARY, *(str(value) for value in self.ids.values() if len(str(value)) > 8)]


def set_scene() -> Scene:
    owner = UserFactory(email=f"{CANARY}@example.org")
    job = finish_job(make_job(owner, names=[f"{CANARY}.png"]))
    generation, image = job.generations.get(), SourceImage.objects.get()
    artifact = Artifact.objects.get(generation=generation, role="model")
    key, _ = create_api_key(owner, name=CANARY, scopes=["read"])
    webhook = Webhook.objects.create(owner=owner, url=f"https://203.0.113.5/{CANARY}", types=["job.failed"])
    delivery = send_test(webhook)
    scene = Scene(owner=owner)
    scene.ids = {
        "job_id": job.pk,
        "task_id": job.task_id,
        "generation_id": generation.pk,
        "artifact_id": artifact.pk,
        "image_id": image.pk,
        "file_id": image.pk,
        "key_id": key.pk,
        "webhook_id": webhook.pk,
        "delivery_id": delivery.pk,
        "session": _open_session(owner),
        "filename": artifact.filename,
    }
    scene.objects = {
        "user": owner.pk,
        "apikey": key.pk,
        "artifact": artifact.pk,
        "generation": generation.pk,
        "job": job.pk,
        "sourceimage": image.pk,
        "webhook": webhook.pk,
        "webhookdelivery": delivery.pk,
        **_make_the_rest(scene, generation),
    }
    return scene


def _open_session(owner: User) -> str:
    """A browser in which the owner is signed in, as the pages name it."""
    client = Client()
    client.force_login(owner)
    return name_session(client.cookies[settings.SESSION_COOKIE_NAME].value)


def _make_the_rest(scene: Scene, generation: Generation) -> dict[str, object]:
    """Rows that only the admin shows."""
    entry = LedgerEntry.objects.create(
        owner=scene.owner, job_id=generation.job_id, generation_id=generation.pk, engine="local", amount=0
    )
    rows: dict[str, Model] = {
        "attempt": Attempt.objects.get(generation=generation),
        "conversion": Conversion.objects.create(generation=generation, format="obj", status="completed"),
        "event": Event.objects.filter(job_id=generation.job_id).first() or Event(),
        "ledgerentry": entry,
        "loginfailure": LoginFailure.objects.create(account=CANARY, address="203.0.113.9"),
        "group": Group.objects.create(name=CANARY),
        "provider": Provider.objects.get_or_create(name="fal")[0],
        "workerheartbeat": WorkerHeartbeat.objects.create(name="w", queue="local", pid=1, host="h", version="1"),
    }
    return {name: row.pk for name, row in rows.items()} | {"dashboard": 1}


def fill(route: str, scene: Scene) -> str | None:
    """The address with the owner's ids; None when it has a parameter that nobody knows."""
    values = scene.ids | _fill_admin(route, scene)
    plain = re.sub(r"[\^$?]|\(\?P<url>\.\*\)|/\?$", "", _fill_patterns(route))
    if not set(PARAMETER.findall(plain)) <= set(values):
        return None
    return "/" + PARAMETER.sub(lambda match: str(values[match[1]]), plain)


def _fill_patterns(route: str) -> str:
    """Groups of regular expressions, which only the admin's own routes hold."""
    return route.replace(r"(?P<token>[\w]+)", "token")


def _fill_admin(route: str, scene: Scene) -> dict[str, object]:
    if not route.startswith("admin/"):
        return {}
    model = route.split("/")[2] if route.count("/") > 2 else ""
    bell = get_queue("local").enqueue("jobs.tasks.drain_local") if "django_rq" in route else None
    return {
        "object_id": scene.objects.get(model, 1),
        "id": scene.owner.pk,
        "attempt_id": scene.objects["attempt"],
        "name": "fal",
        "content_type_id": 1,
        "app_label": "jobs",
        "queue_index": 0,
        "connection_index": 0,
        "scheduler_index": 0,
        "scheduler_name": "none",
        "cron_job_name": "none",
        "key": "none",
        "result_id": "none",
        **({"job_id": bell.id} if bell else {}),
    }


WATCHED: tuple[type[Model], ...] = (Job, Generation, Artifact, SourceImage, Webhook, WebhookDelivery, Conversion, Event)
IGNORED = {"last_used_at", "last_login"}


def describe_work(scene: Scene) -> Mapping[str, Any]:
    """All that is the owner's, as it is stored: to be the same after strangers came."""
    told: dict[str, Any] = {model.__name__: sorted(map(str, model.objects.values_list())) for model in WATCHED}
    for model, mine in ((ApiKey, {"name": CANARY}), (User, {"pk": scene.owner.pk})):
        rows = model.objects.filter(**mine).values()
        told[model.__name__] = [{name: row[name] for name in row if name not in IGNORED} for row in rows]
    return told


@dataclass(kw_only=True)
class Caller:
    """Somebody with a session, or with a key, or with neither."""

    name: str
    user: User | None = None
    scopes: tuple[str, ...] = ()  # none: by session

    def __post_init__(self) -> None:
        self._client, self._headers = Client(raise_request_exception=False), {}
        if self.user is not None and self.scopes:
            _, key = create_api_key(self.user, name=f"key of {self.name}", scopes=list(self.scopes))
            self._headers = {"Authorization": f"Bearer {key}"}
        elif self.user is not None:
            self._client.force_login(self.user)

    def call(self, method: str, address: str) -> Any:
        return _send(self._client, method, address, self._headers)


def _send(client: Client, method: str, address: str, headers: dict[str, str]) -> Any:
    body = {} if method in ("GET", "HEAD", "OPTIONS", "TRACE") else _choose_body(address)
    answer = client.generic(method, address, headers=headers, **body)
    if answer.streaming:
        answer.read = b"".join(answer)
    else:
        answer.read = answer.content
    return answer


def _choose_body(address: str) -> dict[str, Any]:
    if address.startswith("/api/"):
        return {"data": "{}", "content_type": "application/json"}
    return {"data": "", "content_type": "application/x-www-form-urlencoded"}
