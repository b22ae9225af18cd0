"""What never stands in a log"""

from __future__ import annotations

import pytest

from image2model.ops.masking import Masker, list_secrets

mask = Masker(["canary-of-the-settings", "short"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("key i2m_ab12cd34_" + "x" * 38, "key i2m_***"),
        ("secret whsec_abc/DEF+123=", "secret whsec_***"),
        ("Authorization: Bearer abc.def", "Authorization: ***"),
        ("{'Authorization': 'Key 0123:4567'}", "{'Authorization': '***'}"),
        ("sent Bearer abcdefgh12345", "sent Bearer ***"),
        ("1a2b3c4d-0000-1111-2222-333344445555:" + "0a" * 16, "***"),
        ("postgres://me:pa55@db:5432/x", "postgres://me:***@db:5432/x"),
        ("redis://:pa55@db", "redis://:***@db"),
        ("GET /x?access=abc.def-ghi&limit=3", "GET /x?access=***&limit=3"),
        ("https://s3/x?X-Amz-Signature=abc&a=1", "https://s3/x?X-Amz-Signature=***&a=1"),
        ("Cookie: sessionid=abcdefghij0123456789abcd; a=b", "Cookie: sessionid=***; a=b"),
        ("password=hunter2 host=db", "password=*** host=db"),
        ('{"password": "hunter2"}', '{"password": "***"}'),
        ("it was canary-of-the-settings!", "it was ***!"),
        ("by alice@example.org", "by ***"),
    ],
)
def test_it_works(text: str, expected: str) -> None:
    assert mask(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Generation 1a2b3c4d-0000-1111-2222-333344445555 completed.",
        "GET /api/v1/jobs/<str:job_id> 200 12.5 ms",
        "a short key opens the door",
        "unix:///data/valkey.sock?db=0",
    ],
)
def test_the_rest_stays_readable(text: str) -> None:
    assert mask(text) == text


def test_of_a_url_the_password_is_secret() -> None:
    urls = ["postgres://me:pa%2055@db/x", "s3://bucket?endpoint=http://x&secret=abc", "unix:///data/valkey.sock"]

    assert list_secrets(["plain-key", *urls, ""]) == ["plain-key", "pa%2055", "pa 55", "abc"]
