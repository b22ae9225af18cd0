"""Does the unmodified fal_client 1.0.3 work against the plain port? (Its addresses are module variables.)"""

from __future__ import annotations

from collections.abc import Iterator

import fal_client
import fal_client.client as library
import pytest

from ..running import VirtualFal
from .caller import TRIPO, draw_picture

pytestmark = [pytest.mark.filterwarnings("ignore::ResourceWarning"), pytest.mark.usefixtures("leaky_library")]


@pytest.fixture
def client(fal: VirtualFal, monkeypatch: pytest.MonkeyPatch) -> Iterator[fal_client.SyncClient]:
    for name in ("QUEUE_URL_FORMAT", "RUN_URL_FORMAT"):
        monkeypatch.setattr(library, name, f"{fal.base_url}/")
    for name in ("REST_URL", "CDN_URL"):
        monkeypatch.setattr(library, name, fal.base_url)
    monkeypatch.setattr(library, "BASE_DELAY", 0.001)
    client = fal_client.SyncClient(key=fal.key)
    yield client
    client._client.close()


def upload(client: fal_client.SyncClient, **options: object) -> str:
    url: str = client.upload(draw_picture(), "image/png", "picture.png", **options)
    return url


def test_it_works(client: fal_client.SyncClient, fal: VirtualFal) -> None:
    handle = client.submit(TRIPO, {"image_url": upload(client)})
    output = handle.get()
    status = handle.status(with_logs=True)
    assert isinstance(status, fal_client.Completed)
    assert [line["message"] for line in status.logs][-1] == "Uploading model"
    assert output["model_mesh"]["content_type"] == "application/octet-stream"
    assert fal.summary()["submits"] == 1


def test_it_finds_a_request_again(client: fal_client.SyncClient) -> None:
    handle = client.submit(TRIPO, {"image_url": upload(client)})
    again = client.get_handle(TRIPO, handle.request_id)
    assert (again.status_url, again.response_url, again.cancel_url) == (
        handle.status_url, handle.response_url, handle.cancel_url,
    )  # fmt: skip
    assert again.get()["model_mesh"]


def test_it_subscribes(client: fal_client.SyncClient) -> None:
    seen: list[object] = []
    output = client.subscribe(TRIPO, {"image_url": upload(client)}, with_logs=True, on_queue_update=seen.append)
    assert output["model_mesh"]
    assert any(isinstance(status, fal_client.InProgress) for status in seen)


def test_it_passes_what_a_submit_may_carry(client: fal_client.SyncClient, fal: VirtualFal) -> None:
    client.submit(
        TRIPO, {"image_url": upload(client)}, hint="same", priority="low", start_timeout=30,
        webhook_url="http://127.0.0.1:9/webhooks/abc?x=1", headers={"X-Fal-No-Retry": "1"},
    )  # fmt: skip
    (entry,) = fal.ledger(step="submit")["requests"]
    sent = entry["headers"]
    assert (sent["x-fal-queue-priority"], sent["x-fal-runner-hint"], sent["x-fal-no-retry"]) == ("low", "same", "1")
    (submit,) = fal.submits()
    assert submit["webhook"] == "http://127.0.0.1:9/webhooks/abc?x=1"
    assert submit["marker"] == "abc"


def test_it_raises_what_the_model_refuses(client: fal_client.SyncClient) -> None:
    handle = client.submit(TRIPO, {"image_url": upload(client), "texture": "golden"})
    with pytest.raises(fal_client.FalClientHTTPError) as refusal:
        handle.get()
    assert refusal.value.status_code == 422
    assert refusal.value.message[0]["type"] == "one_of"


def test_it_cancels(client: fal_client.SyncClient, fal: VirtualFal) -> None:
    fal.set_options(queue_seconds=60)
    handle = client.submit(TRIPO, {"image_url": upload(client)})
    handle.cancel()
    with pytest.raises(fal_client.FalClientHTTPError) as refusal:
        handle.get()
    assert (refusal.value.status_code, refusal.value.error_type) == (499, "client_cancelled")


def test_it_is_told_that_a_cancel_comes_too_late(client: fal_client.SyncClient) -> None:
    handle = client.submit(TRIPO, {"image_url": upload(client)})
    handle.get()
    with pytest.raises(fal_client.FalClientHTTPError, match="ALREADY_COMPLETED") as refusal:
        handle.cancel()
    assert refusal.value.status_code == 400


def test_it_falls_back_to_the_bucket(client: fal_client.SyncClient, fal: VirtualFal) -> None:
    fal.script("upload-400")
    handle = client.submit(TRIPO, {"image_url": upload(client)})
    assert handle.get()["model_mesh"]
    counts = fal.summary()["counts"]
    assert (counts["upload"], counts["initiate"], counts["put"]) == (1, 1, 1)


def test_it_uploads_in_parts(client: fal_client.SyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library, "MULTIPART_THRESHOLD", 10)
    handle = client.submit(TRIPO, {"image_url": upload(client)})
    assert handle.get()["model_mesh"]


def test_it_resends_a_submit_whose_answer_was_lost(client: fal_client.SyncClient, fal: VirtualFal) -> None:
    """The reason why the product never submits through this client: three jobs, three times paid."""
    fault = {"kind": "reset", "effect": True, "times": 2}
    fal.script({"faults": {"submit": fault}})
    client.submit(TRIPO, {"image_url": upload(client)})
    assert fal.summary()["submits"] == 3
    assert fal.summary()["spend"]["accepted"] == "0.90"


def test_it_uses_one_token_for_many_uploads(client: fal_client.SyncClient, fal: VirtualFal) -> None:
    for _ in range(3):
        upload(client)
    assert fal.summary()["counts"]["token"] == 1


def test_it_raises_for_a_wrong_key(client: fal_client.SyncClient, fal: VirtualFal) -> None:
    stranger = fal_client.SyncClient(key="wrong:key")
    with pytest.raises(fal_client.FalClientHTTPError) as refusal:
        stranger.submit(TRIPO, {"image_url": upload(client)})
    assert refusal.value.status_code == 401
    assert fal.summary()["submits"] == 0
    stranger._client.close()
