"""docs/openapi.json: is the committed document the served one, is it valid, and do its examples fit?"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from openapi_spec_validator import OpenAPIV30SpecValidator

from jobs.api.openapi.errors import MEANINGS, NAMES
from jobs.errors import STATUS_OF_CODE
from tests.api.document import read_document, resolve, validate

COMMITTED = Path(__file__).resolve().parent.parent.parent / "docs" / "openapi.json"
REMEDY = "manage.py describe_api > docs/openapi.json"
FORMS = {"upload", "upload_image", "store_images"}  # files have no example in JSON: docs/api.md sends some


def list_operations() -> Iterator[tuple[str, dict[str, Any]]]:
    for operations in read_document()["paths"].values():
        yield from ((operation["operationId"], operation) for operation in operations.values())


OPERATIONS = dict(list_operations())


def test_it_works(client: Client) -> None:
    served = json.loads(client.get("/api/schema").content)

    assert json.loads(COMMITTED.read_text(encoding="utf-8")) == served, f"Write it anew: {REMEDY}"


def test_it_is_written_as_told() -> None:
    written = io.StringIO()
    call_command("describe_api", stdout=written)

    assert written.getvalue() == COMMITTED.read_text(encoding="utf-8"), f"Write it anew: {REMEDY}"


def test_it_is_valid() -> None:
    problems = list(OpenAPIV30SpecValidator(json.loads(COMMITTED.read_text(encoding="utf-8"))).iter_errors())

    assert problems == []


def test_every_call_has_a_name_of_its_own() -> None:
    assert len(OPERATIONS) == len(list(list_operations())) > 50


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_call_says_what_it_does(name: str) -> None:
    assert OPERATIONS[name]["summary"]


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_answer_has_an_example_that_fits(name: str) -> None:
    for status, response in OPERATIONS[name]["responses"].items():
        media = resolve(response).get("content", {}).get("application/json")
        if media is None:
            continue
        examples = [entry["value"] for entry in media.get("examples", {}).values()] or [media["example"]]
        for example in examples:
            validate(example, media["schema"])
            assert not status.startswith("2") or example


@pytest.mark.parametrize("name", [name for name, call in OPERATIONS.items() if "requestBody" in call])
def test_every_body_has_an_example_that_fits(name: str) -> None:
    for kind, media in OPERATIONS[name]["requestBody"]["content"].items():
        if kind == "multipart/form-data":
            assert name in FORMS
        else:
            validate(media["example"], media["schema"])


@pytest.mark.parametrize("name", [name for name, call in OPERATIONS.items() if call.get("parameters")])
def test_every_parameter_has_an_example_that_fits(name: str) -> None:
    for parameter in OPERATIONS[name]["parameters"]:
        if "enum" not in parameter["schema"] and parameter["name"] != "cursor":  # made by the server alone
            validate(parameter["example"], parameter["schema"])


def test_bodies_name_every_field_that_they_take() -> None:
    for operation in OPERATIONS.values():
        for media in operation.get("requestBody", {}).get("content", {}).values():
            assert resolve(media["schema"])["additionalProperties"] is False


def test_files_of_forms_are_bytes() -> None:
    schemas = read_document()["components"]["schemas"]

    assert schemas["UploadForm"]["properties"]["files"]["items"]["format"] == "binary"
    assert schemas["UploadImageForm"]["properties"]["file"]["format"] == "binary"


def test_every_code_is_in_it_with_an_example() -> None:
    components = read_document()["components"]
    shown = {
        code: NAMES[status]
        for status in NAMES
        for code in components["responses"][NAMES[status]]["content"]["application/json"]["examples"]
    }

    assert components["schemas"]["Error"]["properties"]["error_code"]["enum"] == list(STATUS_OF_CODE)
    assert shown == {code: NAMES[status] for code, status in STATUS_OF_CODE.items()}
    assert list(MEANINGS) == list(STATUS_OF_CODE)


def test_every_answer_carries_a_request_id() -> None:
    for operation in OPERATIONS.values():
        for response in operation["responses"].values():
            assert "X-Request-ID" in resolve(response)["headers"]


def test_links_lead_to_calls_that_take_them() -> None:
    for operation in OPERATIONS.values():
        for response in operation["responses"].values():
            for link in resolve(response).get("links", {}).values():
                taken = {parameter["name"] for parameter in OPERATIONS[link["operationId"]]["parameters"]}
                assert set(link["parameters"]) <= taken
