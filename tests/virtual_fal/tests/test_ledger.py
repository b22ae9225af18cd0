"""What does the ledger tell of each request, and what does it keep to itself?"""

from __future__ import annotations

import hashlib
import json

import httpx
import pytest

from ..ledger import hide_secret
from ..running import VirtualFal
from .caller import TRIPO, Caller, draw_picture


def test_it_works(caller: Caller, fal: VirtualFal) -> None:
    webhook = "http%3A%2F%2F127.0.0.1%3A9%2Fhooks%2Ftoken-7"
    job = caller.submit(query=f"?fal_webhook={webhook}", image_url=caller.upload_picture(2))
    caller.get_result(job)
    ledger = fal.ledger()
    steps = [entry["step"] for entry in ledger["requests"]]
    assert steps[:3] == ["token", "upload", "submit"]
    assert steps[-1] == "result"
    submit = next(entry for entry in ledger["requests"] if entry["step"] == "submit")
    assert (submit["method"], submit["path"], submit["endpoint"], submit["status"]) == ("POST", f"/{TRIPO}", TRIPO, 200)
    assert submit["picture"] == hashlib.sha256(draw_picture(2)).hexdigest()
    assert (submit["marker"], submit["request_id"]) == ("token-7", job["request_id"])
    assert ledger["counts"]["submit"] == 1


def test_it_counts_what_was_paid_for(caller: Caller, fal: VirtualFal) -> None:
    for number in (1, 1, 2):
        caller.submit(image_url=caller.upload_picture(number))
    assert sorted(fal.count_submits().values()) == [1, 2]
    assert fal.count_submits(by="endpoint") == {TRIPO: 3}
    assert set(fal.count_submits(by="picture_url").values()) == {1}
    assert fal.summary()["spend"]["accepted"] == "0.90"


def test_it_tells_refused_and_unanswered_requests_too(caller: Caller, fal: VirtualFal) -> None:
    fal.script("submit-reset", count=1)
    fal.script("submit-429", endpoint="fal-ai/trellis")
    caller.post("fal-ai/trellis")
    with pytest.raises(httpx.TransportError):
        caller.post()
    told = [(entry["status"], entry["fault"]) for entry in fal.ledger(step="submit")["requests"]]
    assert told == [(429, "answer"), (0, "reset")]
    assert fal.submits() == []


def test_it_goes_on_from_a_number(caller: Caller, fal: VirtualFal) -> None:
    caller.submit()
    last = fal.ledger()["requests"][-1]["number"]
    caller.get_token()
    assert [entry["step"] for entry in fal.ledger(since=last)["requests"]] == ["token"]


def test_it_hides_the_secret(caller: Caller, fal: VirtualFal) -> None:
    caller.submit()
    text = json.dumps(fal.ledger())
    assert fal.key.partition(":")[2] not in text
    assert "Key virtual-fal:<hidden>" in text
    assert hide_secret("Bearer abc") == "Bearer <hidden>"
