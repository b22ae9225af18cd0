"""Does anybody see what is somebody else's? A stranger tries every address, generated from the URL conf."""

from __future__ import annotations

import re
from collections.abc import Iterator
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.services import create_api_key
from jobs.models import Artifact, Generation, SourceImage, Webhook
from jobs.services.webhooks.subscriptions import send_test
from tests.factories import finish_job, make_job

STAFF = "api/v1/admin/"  # refused before anything is looked for
METHODS = ("get", "post", "put", "patch", "delete")
TOKENS_ALONE = {  # no object is named: the token is the whole right
    "accounts/password/reset/<uidb64>/<token>/",
    "api/v1/webhooks/fal/<str:token>",
    "api/v1/webhooks/fal/<str:token>/",
}
OUTSIDE = ("admin/", "static/", "styleguide")  # staff only: tests/admin; public by design


def walk(patterns: list[URLPattern | URLResolver], prefix: str = "") -> Iterator[str]:
    for entry in patterns:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from walk(entry.url_patterns, route)
        else:
            yield route


ROUTES = sorted({r for r in walk(get_resolver().url_patterns) if "<" in r and not r.startswith(OUTSIDE)})


@pytest.fixture
def ids(alice):
    job = finish_job(make_job(alice))
    generation = Generation.objects.get(job=job)
    artifact = Artifact.objects.get(generation=generation, role="model")
    key, _ = create_api_key(alice, name="hers", scopes=["read"])
    image = SourceImage.objects.get()
    webhook = Webhook.objects.create(owner=alice, url="https://203.0.113.5/", types=["job.failed"])
    return {
        "job_id": job.pk,
        "task_id": job.task_id,
        "generation_id": generation.pk,
        "artifact_id": artifact.pk,
        "image_id": image.pk,
        "file_id": image.pk,
        "key_id": key.pk,
        "webhook_id": webhook.pk,
        "delivery_id": send_test(webhook).pk,
        "filename": artifact.filename,
    }


def fill(route: str, ids: dict[str, object]) -> str | None:
    """The address with Alice's ids; None when it names nothing of hers."""
    names = re.findall(r"<(?:\w+:)?(\w+)>", route)
    if not set(names) <= set(ids):
        return None
    return "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda match: str(ids[match[1]]), route)


def test_there_are_addresses_to_try(ids):
    tried = [route for route in ROUTES if fill(route, ids)]
    assert len(tried) > 30
    assert {route for route in ROUTES if route not in tried} == TOKENS_ALONE


@pytest.mark.parametrize("route", ROUTES)
def test_a_stranger_finds_nothing(ids, bob, client: Client, route: str):
    address = fill(route, ids)
    if address is None:
        return
    client.force_login(bob)
    _, raw = create_api_key(bob, name="his", scopes=["read", "write"])
    for method in METHODS:
        if route.startswith("api/"):
            body = {} if method == "get" else {"data": "{}", "content_type": "application/json"}
            answer = getattr(Client(), method)(address, headers={"authorization": f"Bearer {raw}"}, **body)
        else:
            answer = getattr(client, method)(address)
        refusals = (403,) if route.startswith(STAFF) else (404, 405)
        assert answer.status_code in refusals, (method, address, answer.status_code)
        assert b"alice" not in getattr(answer, "content", b"")


@pytest.mark.parametrize("route", [r for r in ROUTES if r.startswith("api/v1/") and not r.endswith("/")])
def test_a_strangers_object_looks_like_an_unknown_one(ids, bob, route: str):
    _, raw = create_api_key(bob, name="his", scopes=["read", "write"])
    headers = {"authorization": f"Bearer {raw}", "x-request-id": "same"}
    unknown = {name: "no-such.glb" if name == "filename" else uuid4() for name in ids}
    foreign, missing = (Client().get(fill(route, values), headers=headers) for values in (ids, unknown))
    assert (foreign.status_code, foreign.content) == (missing.status_code, missing.content)


@pytest.mark.parametrize("route", ROUTES)
def test_nobody_gets_anything(ids, client: Client, route: str):
    address = fill(route, ids)
    if address is None:
        return
    answer = client.get(address)
    assert answer.status_code in (302, 401, 405), (address, answer.status_code)
    if answer.status_code == 302:
        assert answer["Location"].startswith("/accounts/login/")


@pytest.mark.parametrize("route", ROUTES)
def test_the_owner_gets_no_server_error(ids, alice, client: Client, route: str):
    address = fill(route, ids)
    if address is None:
        return
    client.force_login(alice)
    answer = client.get(address)
    if answer.streaming:
        b"".join(answer)
    assert answer.status_code < 500, (address, answer.status_code)
