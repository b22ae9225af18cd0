"""What does a result say: models, refusals, failures, and what is no result at all?"""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from ..errors import FAILURES
from ..running import VirtualFal
from .caller import Caller, draw_picture


def test_it_works(caller: Caller, fal: VirtualFal) -> None:
    job = caller.submit()
    response = caller.get_result(job)
    assert response.status_code == 200
    assert response.headers["x-fal-request-id"] == job["request_id"]
    assert response.headers["x-fal-billable-units"] == "30"
    output = response.json()
    assert set(output) == {"task_id", "model_mesh", "rendered_image"}
    assert output["rendered_image"]["content_type"] == "image/webp"
    assert fal.summary()["spend"]["billed"] == "0.30"


def test_it_is_not_there_before_the_end(caller: Caller, fal: VirtualFal) -> None:
    fal.set_options(run_seconds=60)
    response = caller.http.get(caller.submit()["response_url"])
    assert response.status_code == 400


def test_it_rejects_an_unknown_request(http: httpx.Client) -> None:
    assert http.get("/tripo3d/tripo/requests/7c3b0f5e-0000-4000-8000-000000000000").status_code == 404


def test_it_is_forgotten_after_its_time(caller: Caller, fal: VirtualFal) -> None:
    fal.script({"result_lasts": 3600})
    job = caller.submit()
    assert caller.get_result(job).status_code == 200
    fal.skip(3700)
    assert caller.get_result(job).status_code == 404


@pytest.mark.parametrize(
    ("arguments", "units"),
    [
        ({}, "30"),
        ({"texture": "no", "pbr": False}, "20"),
        ({"texture": "no"}, "30"),
        ({"texture": "HD"}, "40"),
        ({"quad": True}, "35"),
    ],
)
def test_its_price_follows_the_options(caller: Caller, arguments: dict[str, Any], units: str) -> None:
    response = caller.get_result(caller.submit(**arguments))
    assert response.headers["x-fal-billable-units"] == units


def test_quad_makes_an_fbx(caller: Caller) -> None:
    model = caller.get_result(caller.submit(quad=True)).json()["model_mesh"]
    assert model["file_name"].endswith(".fbx")
    assert caller.http.get(model["url"]).content.startswith(b"Kaydara FBX Binary")


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        ({"texture": "golden"}, "one_of"),
        ({"texture": True}, "one_of"),
        ({"face_limit": 0}, "greater_than_equal"),
        ({"face_limit": "many"}, "int_parsing"),
        ({"pbr": "yes"}, "bool_parsing"),
        ({"image_url": None}, "missing"),
        ({"image_url": "https://example.org/picture.png"}, "file_download_error"),
        ({"image_url": "data:image/png;base64,bm8gcGljdHVyZQ=="}, "image_load_error"),
    ],
)
def test_it_refuses_bad_input_only_after_the_queue(
    caller: Caller, fal: VirtualFal, arguments: dict[str, Any], kind: str
) -> None:
    job = caller.submit(**arguments)
    response = caller.get_result(job)
    assert response.status_code == 422
    assert response.json()["detail"][0]["type"] == kind
    assert fal.summary()["spend"] == {"accepted": "0.30", "billed": "0", "currency": "USD"}


def test_it_ignores_what_it_does_not_know(caller: Caller, fal: VirtualFal) -> None:
    assert caller.get_result(caller.submit(style="person:person2cartoon")).status_code == 200
    assert fal.submits()[0]["unknown_inputs"] == ["style"]


def test_it_refuses_pictures_that_the_endpoint_does_not_take(caller: Caller) -> None:
    pro, meshy = "fal-ai/hunyuan-3d/v3.1/pro/image-to-3d", "fal-ai/meshy/v6/image-to-3d"
    small = caller.upload(draw_picture(side=100)).json()["access_url"]
    webp = caller.upload(draw_picture(kind="WEBP")).json()["access_url"]
    refusals = [
        caller.get_result(caller.submit(pro, input_image_url=small)).json()["detail"][0],
        caller.get_result(caller.submit(meshy, image_url=webp)).json()["detail"][0],
    ]
    assert refusals[0]["type"] == "image_too_small"
    assert refusals[0]["ctx"] == {"min_height": 128, "min_width": 128}
    assert refusals[1]["type"] == "unsupported_image_format"


def test_a_picture_may_expire_in_the_queue(caller: Caller, fal: VirtualFal) -> None:
    fal.set_options(queue_seconds=100)
    preference = '{"expiration_duration_seconds": 60}'
    url = caller.upload(draw_picture(), **{"X-Fal-Object-Lifecycle-Preference": preference}).json()["access_url"]
    job = caller.submit(image_url=url)
    fal.skip(101)
    assert caller.get_result(job).json()["detail"][0]["type"] == "file_download_error"


@pytest.mark.parametrize("name", sorted(FAILURES))
def test_it_fails_as_scripted(caller: Caller, fal: VirtualFal, name: str) -> None:
    fal.script({"error": name})
    response = caller.get_result(caller.submit())
    failure = FAILURES[name]
    assert response.status_code == failure.status
    assert (response.json() if isinstance(failure.body, dict) else response.text) == failure.body
    for header, value in failure.headers.items():
        assert response.headers[header].startswith(value)
    assert ("x-fal-request-id" in response.headers) == isinstance(failure.body, dict)
    assert fal.submits()[0]["billed"] is False


def test_a_failure_may_be_billed(caller: Caller, fal: VirtualFal) -> None:
    fal.script({"error": "content_policy_violation", "billed": True})
    assert caller.get_result(caller.submit()).headers["x-fal-billable-units"] == "30"
    assert fal.summary()["spend"]["billed"] == "0.30"


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("model-null", None),
        ("model-url-null", {"url": None}),
        ("model-url-number", {"url": 5}),
        ("model-url-text", "not a file"),
        ("model-list", []),
    ],
)
def test_its_model_may_be_odd(caller: Caller, fal: VirtualFal, name: str, model: object) -> None:
    fal.script(name)
    assert caller.get_result(caller.submit()).json()["model_mesh"] == model


def test_its_model_may_be_missing_or_elsewhere(caller: Caller, fal: VirtualFal) -> None:
    found = {}
    for name in ("no-model", "two-models", "only-pbr-model", "only-base-model", "only-model-urls", "extra-fields"):
        fal.reset()
        fal.script(name)
        found[name] = set(caller.get_result(caller.submit()).json()) - {"task_id", "rendered_image"}
    assert found == {
        "no-model": set(),
        "two-models": {"model_mesh", "base_model", "pbr_model"},
        "only-pbr-model": {"pbr_model"},
        "only-base-model": {"base_model"},
        "only-model-urls": {"model_urls"},
        "extra-fields": {"model_mesh", "surprise", "nested", "größe"},
    }


def test_it_may_be_no_json(caller: Caller, fal: VirtualFal) -> None:
    for name in ("result-text-twice", "result-cut-twice"):
        fal.reset()
        fal.script(name)
        job = caller.submit()
        with pytest.raises(ValueError, match=r"line 1 column"):
            caller.get_result(job).json()
        caller.get_result(job)
        assert caller.get_result(job).json()["model_mesh"]


def test_it_is_gone_once_payloads_are_deleted(caller: Caller) -> None:
    job = caller.submit()
    url = caller.get_result(job).json()["model_mesh"]["url"]
    assert caller.http.delete(f"/v1/models/requests/{job['request_id']}/payloads").status_code == 200
    assert caller.get_result(job).status_code == 404
    assert caller.http.get(url).status_code == 404
