"""Does the receiver's code in ``docs/webhooks.md`` tell genuine calls from others?"""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from jobs.services.webhooks.delivering import GAPS
from jobs.signatures import list_headers, make_secret

PAGE = Path(__file__).resolve().parent.parent.parent / "docs" / "webhooks.md"


@pytest.fixture
def is_genuine():
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    names: dict = {}
    exec(code, names)
    return names["is_genuine"]


def test_it_works(is_genuine):
    former, secret = make_secret(), make_secret()
    body = '{"id":"evt_1","name":"Stühle"}'
    now = int(time.time())
    headers = list_headers(body, webhook_id="evt_1", timestamp=now, signed_with=[secret, former])

    assert is_genuine(headers, body.encode(), secret)
    assert is_genuine(headers, body.encode(), former)
    assert not is_genuine(headers, body.encode(), make_secret())
    assert not is_genuine(headers, body.encode() + b" ", secret)
    assert not is_genuine({**headers, "webhook-id": "evt_2"}, body.encode(), secret)
    assert not is_genuine({**headers, "webhook-timestamp": str(now - 301)}, body.encode(), secret)


def test_the_specifications_own_example():
    """From the text of Standard Webhooks: secret, message and signature belong together."""
    headers = list_headers(
        '{"test": 2432232314}',
        webhook_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        timestamp=1614265330,
        signed_with=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
    )
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_the_gaps_are_told():
    words = {"s": 1, "min": 60, "h": 3600}
    told = re.search(r"again after (.*?):", PAGE.read_text(encoding="utf-8"))[1].replace(" and ", ", ")
    seconds = [int(number) * words[unit] for number, unit in re.findall(r"(\d+) (s|min|h)", told)]
    assert all(abs(one - other) <= 800 for one, other in zip(seconds, GAPS, strict=True))
