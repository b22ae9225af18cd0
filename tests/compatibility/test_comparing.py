"""Does the comparison see what would break a client, and let pass what would not?"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from tests.api.document import read_document
from tests.compatibility.comparing import list_breaks

Change = Callable[[dict[str, Any]], Any]
JOBS, JOB, UPLOAD = "/api/v1/jobs", "/api/v1/jobs/{job_id}", "/api/v1/upload"


@pytest.fixture
def document() -> dict[str, Any]:
    return deepcopy(read_document())


def shape(document: dict[str, Any], name: str) -> Any:
    return document["components"]["schemas"][name]


def limit_of(document: dict[str, Any]) -> Any:
    parameters = document["paths"][JOBS]["get"]["parameters"]
    return next(each for each in parameters if each["name"] == "limit")


def without(items: list[Any], item: Any) -> Any:
    items.remove(item)


BREAKS: dict[str, tuple[Change, str]] = {
    "a path": (lambda d: d["paths"].pop(JOB), "the path is gone"),
    "a method": (lambda d: d["paths"][JOB].pop("delete"), "DELETE /api/v1/jobs/{job_id}: it is gone"),
    "a name": (lambda d: d["paths"][JOB]["get"].update(operationId="read_job"), "no longer get_job"),
    "a status": (lambda d: d["paths"][JOBS]["post"]["responses"].pop("201"), "status 201 is gone"),
    "a kind of answer": (
        lambda d: d["paths"][JOB]["get"]["responses"]["200"]["content"].clear(),
        "application/json is not given any more",
    ),
    "a header": (lambda d: d["paths"][JOBS]["post"]["responses"]["201"]["headers"].pop("Location"), "header Location"),
    "a way of signing in": (
        lambda d: without(d["paths"][JOB]["get"]["security"], {"access": []}),
        "access will not do",
    ),
    "a parameter": (lambda d: d["paths"][JOBS]["get"]["parameters"].clear(), "the parameter cursor is gone"),
    "a parameter's limit": (lambda d: limit_of(d)["schema"].update(maximum=50), "limit: maximum fell to 50"),
    "a parameter's lower limit": (lambda d: limit_of(d)["schema"].update(minimum=5), "limit: minimum rose to 5"),
    "a parameter's kind": (lambda d: limit_of(d)["schema"].update(type="string"), "integer became string"),
    "a parameter's freedom": (lambda d: limit_of(d).update(required=True), "the parameter limit is required now"),
    "a field of an answer": (lambda d: shape(d, "Job")["properties"].pop("counts"), "the field counts is gone"),
    "a field deep in an answer": (lambda d: shape(d, "File")["properties"].pop("sha256"), "the field sha256 is gone"),
    "a field that was always there": (
        lambda d: without(shape(d, "Job")["required"], "name"),
        "name is not always there",
    ),
    "a field's certainty": (
        lambda d: shape(d, "Job")["properties"]["name"].update(nullable=True),
        "null is possible now",
    ),
    "a field's kind": (lambda d: shape(d, "Job")["properties"]["progress"].update(type="number"), "became number"),
    "a field's format": (lambda d: shape(d, "Job")["properties"]["id"].pop("format"), "string uuid became string"),
    "a value of an answer": (
        lambda d: without(shape(d, "Job")["properties"]["status"]["enum"], "cancelled"),
        "the value 'cancelled' is gone",
    ),
    "an error code": (
        lambda d: without(shape(d, "Error")["properties"]["error_code"]["enum"], "queue_full"),
        "the value 'queue_full' is gone",
    ),
    "a field of a body": (lambda d: shape(d, "NewJob")["properties"].pop("fallback"), "the field fallback is gone"),
    "a value of a body": (
        lambda d: without(shape(d, "UploadForm")["properties"]["texture"]["enum"], "hd"),
        "the value 'hd' is gone",
    ),
    "a body's freedom": (lambda d: shape(d, "NewJob").update(required=["name"]), "the field name is required now"),
    "a body's length": (
        lambda d: shape(d, "NewJob")["properties"]["name"].update(maxLength=20),
        "maxLength fell to 20",
    ),
    "a body's pattern": (lambda d: shape(d, "NewJob")["properties"]["name"].update(pattern="^a"), "another pattern"),
    "a body's null": (
        lambda d: shape(d, "NewJob")["properties"]["seed"].pop("nullable"),
        "null is not taken any more",
    ),
    "a body's values": (
        lambda d: shape(d, "NewJob")["properties"]["webhook_url"].update(enum=["https://one.example"]),
        "only some values are taken now",
    ),
    "a kind of body": (
        lambda d: d["paths"][UPLOAD]["post"]["requestBody"]["content"].clear(),
        "a body of multipart/form-data is not taken any more",
    ),
    "a call without a body": (
        lambda d: d["paths"][JOB + "/cancel"]["post"].update(
            requestBody={"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}
        ),
        "a body is required now",
    ),
}
ADDITIONS: dict[str, Change] = {
    "nothing": lambda d: None,
    "a path": lambda d: d["paths"].update({"/api/v2/jobs": d["paths"][JOBS]}),
    "a method": lambda d: d["paths"][JOB].update(put=d["paths"][JOB]["get"]),
    "a status": lambda d: d["paths"][JOB]["get"]["responses"].update({"418": {"description": ""}}),
    "an optional parameter": lambda d: d["paths"][JOBS]["get"]["parameters"].append(
        {"in": "query", "name": "owner", "schema": {"type": "string"}}
    ),
    "a wider limit": lambda d: limit_of(d)["schema"].update(maximum=500),
    "no limit": lambda d: limit_of(d)["schema"].pop("maximum"),
    "a field of an answer": lambda d: shape(d, "Job")["properties"].update(colour={"type": "string"}),
    "a field that is always there": lambda d: (
        shape(d, "Job")["properties"].update(colour={"type": "string"}),
        shape(d, "Job")["required"].append("colour"),
    ),
    "an optional field of a body": lambda d: shape(d, "NewJob")["properties"].update(colour={"type": "string"}),
    "a value": lambda d: shape(d, "UploadForm")["properties"]["texture"]["enum"].append("ultra"),
    "a body's null": lambda d: shape(d, "GenerateRequest")["properties"]["quality"].update(nullable=True),
    "less demands": lambda d: shape(d, "GenerateRequest").pop("required"),
    "no null any more": lambda d: shape(d, "Job")["properties"]["eta_seconds"].pop("nullable"),
    "other words": lambda d: d["paths"][JOB]["get"].update(description="Another sentence."),
}


@pytest.mark.parametrize("what", BREAKS)
def test_it_sees_the_loss_of(what: str, document: dict[str, Any]) -> None:
    change, words = BREAKS[what]
    change(document)

    assert any(words in line for line in list_breaks(read_document(), document)), list_breaks(read_document(), document)


@pytest.mark.parametrize("what", ADDITIONS)
def test_it_lets_pass(what: str, document: dict[str, Any]) -> None:
    ADDITIONS[what](document)

    assert list_breaks(read_document(), document) == []


def test_each_loss_is_told_once(document: dict[str, Any]) -> None:
    document["paths"].pop(JOB)

    assert list_breaks(read_document(), document) == [f"{JOB}: the path is gone"]
