"""GET /api/schema, /api/docs and /api/redoc"""

from __future__ import annotations

import json
import re

import pytest
from django.contrib.staticfiles import finders
from django.core.management import call_command
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from tests.api.document import read_document

VIEWERS = ("/api/docs", "/api/redoc")


def test_it_works(client: Client) -> None:
    response = client.get("/api/schema")

    body = json.loads(response.content)
    assert response["Content-Type"].startswith("application/json")
    assert body["openapi"].startswith("3.")
    assert body["info"]["title"] == "Image2Model"
    assert "/api/v1/upload" in body["paths"]


def test_it_is_yaml_for_those_who_ask(client: Client) -> None:
    response = client.get("/api/schema/", headers={"Accept": "application/vnd.oai.openapi"})

    assert response.content.startswith(b"openapi: 3.")


def test_it_is_valid_without_a_warning(tmp_path) -> None:
    call_command("spectacular", validate=True, fail_on_warn=True, file=str(tmp_path / "openapi.yaml"))


FOR_FAL_ALONE = "api/v1/webhooks/fal/"  # called by the provider with its own signature: no client's concern


def test_every_address_of_the_api_is_in_it() -> None:
    documented = set(read_document()["paths"])

    for route in walk_routes(get_resolver().url_patterns):
        if route.startswith(FOR_FAL_ALONE):
            continue
        if route.startswith("api/v1/") or route == "health":
            assert "/" + re.sub(r"<\w+:(\w+)>", r"{\1}", route) in documented


def test_every_address_has_both_forms() -> None:
    routes = set(walk_routes(get_resolver().url_patterns, with_slash=True))

    for route in routes:
        if route.startswith(("api/", "health")):
            assert f"{route.rstrip('/')}/" in routes
            assert route.rstrip("/") in routes


def walk_routes(patterns, *, prefix: str = "", with_slash: bool = False):
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from walk_routes(pattern.url_patterns, prefix=route, with_slash=with_slash)
        elif isinstance(pattern, URLPattern) and (with_slash or not route.endswith("/")):
            yield route


def test_every_call_names_its_errors() -> None:
    for path, operations in read_document()["paths"].items():
        for operation in operations.values():
            statuses = set(operation["responses"])
            assert {"400", "405", "500", "503"} <= statuses, path
            assert operation["responses"]["400"] == {"$ref": "#/components/responses/BadRequest"}


def test_ids_are_uuids() -> None:
    for path, operations in read_document()["paths"].items():
        for operation in operations.values():
            for parameter in operation.get("parameters", []):
                if parameter["in"] == "path" and parameter["name"].endswith("_id"):
                    assert parameter["schema"]["format"] == "uuid", path


@pytest.mark.parametrize("path", VIEWERS)
def test_the_viewers_load_nothing_from_elsewhere(client: Client, path: str) -> None:
    response = client.get(path)

    page = response.content.decode()
    addresses = re.findall(r'(?:src|href|spec-url)="([^"]+)"', page)
    assert response.status_code == 200
    assert len(addresses) >= 2
    assert all(address.startswith("/") for address in addresses)
    assert "<style" not in page
    for script in re.findall(r'src="/static/([^"]+)"', page):
        assert finders.find(script)


@pytest.mark.parametrize("path", VIEWERS)
def test_the_viewers_work_with_a_slash(client: Client, path: str) -> None:
    assert client.get(f"{path}/").status_code == 200
