"""How are callers told that a request is over, and which lies do they hear?"""

from __future__ import annotations

import base64
import hashlib
import json
import time

import httpx
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from ..running import VirtualFal
from .caller import Answer, Caller
from .conftest import Delivery, Receiver


def submit(caller: Caller, receiver: Receiver) -> Answer:
    return caller.submit(query=f"?fal_webhook={receiver.url.replace(':', '%3A').replace('/', '%2F')}")


def is_signed(delivery: Delivery, fal: VirtualFal) -> bool:
    """As a receiver checks it: any key of the JWKS may fit."""
    names = ("request-id", "user-id", "timestamp")
    parts = [delivery.headers[f"x-fal-webhook-{name}"] for name in names]
    message = "\n".join([*parts, hashlib.sha256(delivery.body).hexdigest()]).encode()
    signature = bytes.fromhex(delivery.headers["x-fal-webhook-signature"])
    for key in httpx.get(fal.jwks_url, trust_env=False).json()["keys"]:
        public = base64.urlsafe_b64decode(key["x"] + "=" * (-len(key["x"]) % 4))
        try:
            Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
        except InvalidSignature:
            continue
        return True
    return False


def test_it_works(caller: Caller, fal: VirtualFal, receiver: Receiver) -> None:
    before = int(time.time())
    job = submit(caller, receiver)
    (delivery,) = receiver.wait_for(1)
    body = json.loads(delivery.body)
    assert delivery.path == "/webhooks/token-of-attempt"
    assert list(body) == ["error", "gateway_request_id", "payload", "request_id", "status"]
    assert (body["status"], body["error"], body["request_id"]) == ("OK", None, job["request_id"])
    assert body["payload"] == caller.get_result(job).json()
    assert is_signed(delivery, fal)
    assert before <= int(delivery.headers["x-fal-webhook-timestamp"]) <= time.time()
    assert job["gateway_request_id"] == job["request_id"]


def test_a_refusal_is_told(caller: Caller, fal: VirtualFal, receiver: Receiver) -> None:
    fal.script("result-validation-list")
    submit(caller, receiver)
    body = json.loads(receiver.wait_for(1)[0].body)
    assert (body["status"], body["error"]) == ("ERROR", "Invalid status code: 422")
    assert body["payload"]["detail"][0]["msg"] == "field required"


def test_it_comes_again_until_it_is_taken(caller: Caller, fal: VirtualFal, receiver: Receiver) -> None:
    receiver.answers = [500, 503]
    submit(caller, receiver)
    receiver.wait_for(3)
    assert fal.ledger()["webhooks"][-1]["status"] in {503, 200}


def test_it_comes_twice(caller: Caller, fal: VirtualFal, receiver: Receiver) -> None:
    fal.script("webhook-twice")
    submit(caller, receiver)
    first, second = receiver.wait_for(2)
    assert first.body == second.body


def test_it_comes_late(caller: Caller, fal: VirtualFal, receiver: Receiver) -> None:
    fal.script({"webhook": {"delay": 0.3}})
    job = submit(caller, receiver)
    caller.wait(job)
    assert not receiver.deliveries
    receiver.wait_for(1)


def test_it_never_comes(caller: Caller, fal: VirtualFal, receiver: Receiver) -> None:
    fal.script("webhook-never", count=1)
    lost, told = submit(caller, receiver), submit(caller, receiver)
    caller.wait(lost)
    assert [json.loads(each.body)["request_id"] for each in receiver.wait_for(1)] == [told["request_id"]]


def test_it_overtakes_the_answer_to_the_submit(caller: Caller, fal: VirtualFal, receiver: Receiver) -> None:
    fal.script("webhook-early")
    job = submit(caller, receiver)
    assert [json.loads(each.body)["request_id"] for each in receiver.deliveries] == [job["request_id"]]


@pytest.mark.parametrize("name", ["bad-signature", "unknown-key"])
def test_its_signature_may_be_wrong(caller: Caller, fal: VirtualFal, receiver: Receiver, name: str) -> None:
    fal.script(f"webhook-{name}")
    submit(caller, receiver)
    assert not is_signed(receiver.wait_for(1)[0], fal)


def test_its_signature_may_be_text(caller: Caller, fal: VirtualFal, receiver: Receiver) -> None:
    fal.script("webhook-text-signature")
    submit(caller, receiver)
    assert receiver.wait_for(1)[0].headers["x-fal-webhook-signature"] == "not hexadecimal"


@pytest.mark.parametrize("name", ["signature", "timestamp", "request-id", "user-id"])
def test_a_header_may_be_missing(caller: Caller, fal: VirtualFal, receiver: Receiver, name: str) -> None:
    fal.script(f"webhook-without-{name}")
    submit(caller, receiver)
    sent = {key for key in receiver.wait_for(1)[0].headers if key.startswith("x-fal-webhook-")}
    everything = {f"x-fal-webhook-{each}" for each in ("signature", "timestamp", "request-id", "user-id")}
    assert sent == everything - {f"x-fal-webhook-{name}"}


@pytest.mark.parametrize(
    ("name", "offset"), [("298-s-old", -298), ("301-s-old", -301), ("303-s-ahead", 303), ("timestamp-text", None)]
)
def test_its_time_may_be_wrong(
    caller: Caller, fal: VirtualFal, receiver: Receiver, name: str, offset: int | None
) -> None:
    fal.script(f"webhook-{name}")
    before = int(time.time())
    submit(caller, receiver)
    delivery = receiver.wait_for(1)[0]
    sent = delivery.headers["x-fal-webhook-timestamp"]
    assert is_signed(delivery, fal)
    assert sent == "abc" if offset is None else before <= int(sent) - offset <= time.time()


def test_it_may_name_another_request(caller: Caller, fal: VirtualFal, receiver: Receiver) -> None:
    fal.script("webhook-other-request")
    job = submit(caller, receiver)
    delivery = receiver.wait_for(1)[0]
    assert json.loads(delivery.body)["request_id"] != job["request_id"]
    assert is_signed(delivery, fal)


def test_its_payload_may_be_missing(caller: Caller, fal: VirtualFal, receiver: Receiver) -> None:
    fal.script("webhook-payload-error")
    submit(caller, receiver)
    body = json.loads(receiver.wait_for(1)[0].body)
    assert body["payload"] is None
    assert body["payload_error"].startswith("Response payload is not JSON serializable.")


def test_the_gateway_has_another_id_after_retries(caller: Caller, fal: VirtualFal, receiver: Receiver) -> None:
    fal.script("requeued")
    job = submit(caller, receiver)
    body = json.loads(receiver.wait_for(1)[0].body)
    assert body["request_id"] == job["request_id"] != body["gateway_request_id"]


def test_it_may_be_too_big(caller: Caller, fal: VirtualFal, receiver: Receiver) -> None:
    fal.script("webhook-too-big")
    submit(caller, receiver)
    assert len(receiver.wait_for(1)[0].body) == 1024 * 1024 + 1


def test_a_test_may_send_one_by_hand(caller: Caller, fal: VirtualFal, receiver: Receiver) -> None:
    job = caller.submit()
    caller.wait(job)
    told = fal.send_webhook(job["request_id"], url=receiver.url, omit=["Signature"])
    assert told["status"] == 200
    assert "x-fal-webhook-signature" not in receiver.wait_for(1)[0].headers


def test_nothing_is_sent_to_other_machines(caller: Caller, fal: VirtualFal) -> None:
    job = caller.submit()
    caller.wait(job)
    told = fal.send_webhook(job["request_id"], url="https://example.org/webhooks/x")
    assert told["status"] is None


@pytest.mark.parametrize("name", ["jwks-rsa", "jwks-alg-none", "jwks-short-key", "jwks-10000-keys", "jwks-5-mb"])
def test_the_keys_may_be_odd(http: httpx.Client, fal: VirtualFal, name: str) -> None:
    usual = http.get("/.well-known/jwks.json").json()
    fal.script(name)
    assert http.get("/.well-known/jwks.json").json() != usual


def test_the_keys_may_be_gone(http: httpx.Client, fal: VirtualFal) -> None:
    fal.script("jwks-503")
    assert http.get("/.well-known/jwks.json").status_code == 503
