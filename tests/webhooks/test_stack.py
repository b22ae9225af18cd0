"""The running product: an upload that waits for its model, and the calls that tell of it."""

from __future__ import annotations

import pytest

from tests.factories import make_picture
from tests.pictures import draw_mug, encode_png
from tests.running import run_product
from tests.webhooks.receiver import run_receiver

pytestmark = [pytest.mark.stack, pytest.mark.slow]


def test_it_works(tmp_path):
    with (
        run_receiver() as receiver,
        run_product(tmp_path, workers=1, ALLOW_PRIVATE_WEBHOOKS="true") as product,
        product.client() as client,
    ):
        secret = client.post("/api/v1/webhooks", json={"url": receiver.url}).json()["secret"]
        own = client.post("/api/v1/webhooks/job-secret/rotate").json()["secret"]

        answer = client.post(
            "/api/v1/upload",
            files={"files": ("mug.png", encode_png(draw_mug()), "image/png")},
            data={"engine": "local", "webhook_url": f"{receiver.url}/own"},
            headers={"Prefer": "wait=60"},
        )

        assert (answer.status_code, answer.json()["status"]) == (200, "completed")
        assert answer.headers["preference-applied"] == "wait=60"
        calls = {call.path: call for call in receiver.wait_for(2)}
        assert calls["/hook"].is_signed_with(secret)
        assert calls["/hook/own"].is_signed_with(own)
        job = client.get(f"/api/v1/jobs/{answer.json()['job_id']}").json()
        for call in calls.values():
            assert call.json["type"] == "job.completed"
            assert call.json["data"]["id"] == job["id"]
            assert (
                call.json["data"]["generations"][0]["files"][0]["sha256"] == job["generations"][0]["files"][0]["sha256"]
            )


def test_without_the_setting_no_private_address_is_called(tmp_path):
    with run_receiver() as receiver, run_product(tmp_path, workers=1) as product, product.client() as client:
        picture = {"files": ("a.png", make_picture(), "image/png")}

        for answer in (
            client.post("/api/v1/webhooks", json={"url": receiver.url}),
            client.post("/api/v1/upload", files=picture, data={"webhook_url": receiver.url}),
        ):
            assert (answer.status_code, answer.json()["error_code"]) == (400, "url_not_allowed")
        assert receiver.connections == 0
