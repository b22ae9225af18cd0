"""Are pages sent compressed, and nothing else?"""

from __future__ import annotations

import gzip

from tests.factories import finish_job, make_job
from tests.pages.conftest import sign_in

GZIP = {"HTTP_ACCEPT_ENCODING": "gzip, deflate, br"}


def test_it_works(alice):
    client = sign_in(alice)
    response = client.get("/upload/", **GZIP)
    assert response["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in response["Vary"]
    plain = client.get("/upload/")
    assert "Content-Encoding" not in plain
    assert b"Upload pictures" in gzip.decompress(response.content)
    assert len(response.content) < len(plain.content) / 3


def test_files_and_the_api_are_sent_as_they_are(alice):
    client = sign_in(alice)
    job = finish_job(make_job(alice))
    model = job.generations.get().artifacts.get(role="model")
    for address in (f"/artifacts/{model.pk}/", f"/jobs/{job.pk}/zip/", f"/api/v1/jobs/{job.pk}", "/api/schema"):
        response = client.get(address, **GZIP)
        assert response.status_code == 200
        assert "Content-Encoding" not in response, address
        list(response)  # to its end, so that no file stays open


def test_the_length_of_a_page_tells_nothing(alice):
    """The same page has another length each time, so that nobody guesses its tokens by what they do to it."""
    client = sign_in(alice)
    lengths = {len(client.get("/upload/", **GZIP).content) for _ in range(8)}
    assert len(lengths) > 1
