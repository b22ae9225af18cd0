"""How do files come from the CDN, and how do they not?"""

from __future__ import annotations

import gzip
import time
import zlib
from typing import Any

import httpx
import pytest

from ..models.broken import BREAKERS
from ..running import VirtualFal
from .caller import Caller, draw_picture


def get_model(caller: Caller, **arguments: Any) -> dict[str, Any]:
    model: dict[str, Any] = caller.get_result(caller.submit(**arguments)).json()["model_mesh"]
    return model


def test_it_works(caller: Caller, fal: VirtualFal) -> None:
    model = get_model(caller)
    response = httpx.get(model["url"], trust_env=False)
    assert response.headers["content-type"] == model["content_type"] == "application/octet-stream"
    assert int(response.headers["content-length"]) == len(response.content) == 500_000
    assert response.content[:4] == b"glTF"
    (entry,) = fal.ledger(step="download")["requests"]
    assert "authorization" not in entry["headers"]


def test_a_range_is_a_part(caller: Caller) -> None:
    url = get_model(caller)["url"]
    whole = caller.http.get(url).content
    part = caller.http.get(url, headers={"Range": "bytes=100000-"})
    assert (part.status_code, part.content) == (206, whole[100_000:])
    assert part.headers["content-range"] == "bytes 100000-499999/500000"
    assert caller.http.get(url, headers={"Range": "bytes=900000-"}).status_code == 416


def test_other_models_have_their_own_type(caller: Caller) -> None:
    model = caller.get_result(caller.submit("fal-ai/triposr", image_url=caller.upload_picture())).json()["model_mesh"]
    assert caller.http.get(model["url"]).headers["content-type"] == "model/gltf-binary"


def test_pictures_differ_and_so_do_models(caller: Caller) -> None:
    contents = {caller.http.get(get_model(caller, image_url=caller.upload_picture(n))["url"]).content for n in range(4)}
    assert len(contents) > 1


def test_it_rejects_an_unknown_file(http: httpx.Client) -> None:
    assert http.get("/files/b/nothing.glb").status_code == 404
    assert http.get("/files/r/nothing/model.glb").status_code == 404


@pytest.mark.parametrize("megabytes", [0.1, 2, 8])
def test_it_has_the_size_asked_for(caller: Caller, fal: VirtualFal, megabytes: float) -> None:
    fal.script({"glb_mb": megabytes})
    assert len(caller.http.get(get_model(caller)["url"]).content) == pytest.approx(megabytes * 1e6, rel=0.2)


def test_it_reaches_the_limit_to_the_byte(caller: Caller, fal: VirtualFal) -> None:
    for extra in (0, 1):
        fal.reset()
        fal.script({"glb_bytes": 70 * 1024 * 1024 + extra})
        response = caller.http.head(get_model(caller)["url"])
        assert int(response.headers["content-length"]) == 70 * 1024 * 1024 + extra


@pytest.mark.parametrize("name", sorted(set(BREAKERS) - {"big-json"}))
def test_it_may_be_broken(caller: Caller, fal: VirtualFal, name: str) -> None:
    fal.script(f"model-{name}")
    model = get_model(caller)
    assert len(caller.http.get(model["url"]).content) == model["file_size"]


def test_errors_pass(caller: Caller, fal: VirtualFal) -> None:
    fal.script("download-500-twice")
    url = get_model(caller)["url"]
    assert [caller.http.get(url).status_code for _ in range(3)] == [500, 500, 200]


def test_only_the_model_suffers(caller: Caller, fal: VirtualFal) -> None:
    fal.script("download-404")
    output = caller.get_result(caller.submit()).json()
    assert caller.http.get(output["model_mesh"]["url"]).status_code == 404
    assert caller.http.get(output["rendered_image"]["url"]).status_code == 200


def test_it_drips(caller: Caller, fal: VirtualFal) -> None:
    fal.script({"faults": {"download": {"kind": "drip", "rate": 1000}}})
    url = get_model(caller)["url"]
    start, received = time.monotonic(), 0
    with caller.http.stream("GET", url) as response:
        for piece in response.iter_raw():
            received += len(piece)
            if (spent := time.monotonic() - start) > 0.5:
                break
    assert 0 < received < 1000 * (spent + 1)


def test_it_breaks_off(caller: Caller, fal: VirtualFal) -> None:
    fal.script("download-abort-twice")
    url = get_model(caller)["url"]
    for _ in range(2):
        with pytest.raises(httpx.RemoteProtocolError):
            caller.http.get(url)
    assert len(caller.http.get(url).content) == 500_000


def test_it_unpacks_to_a_thousand_times_its_size(caller: Caller, fal: VirtualFal) -> None:
    fal.script({"faults": {"download": {"kind": "bomb", "size": 16 << 20}}})
    with caller.http.stream("GET", get_model(caller)["url"], headers={"Accept-Encoding": "identity"}) as response:
        assert response.headers["content-encoding"] == "gzip"
        raw = b"".join(response.iter_raw())
    assert len(raw) < 40_000
    assert len(zlib.decompress(raw, wbits=31)) == len(gzip.decompress(raw)) == 16 << 20


@pytest.mark.parametrize(
    ("name", "location"),
    [
        ("loopback", "https://127.0.0.1:1/model.glb"),
        ("http", "http://v3.fal.media/files/x.glb"),
        ("foreign", "https://evil.example/x.glb"),
    ],
)
def test_it_redirects(caller: Caller, fal: VirtualFal, name: str, location: str) -> None:
    fal.script(f"download-redirect-{name}")
    response = caller.http.get(get_model(caller)["url"])
    assert (response.status_code, response.headers["location"]) == (302, location)


def test_it_redirects_in_a_circle(caller: Caller, fal: VirtualFal) -> None:
    fal.script("download-redirect-loop")
    with pytest.raises(httpx.TooManyRedirects):
        caller.http.get(get_model(caller)["url"], follow_redirects=True)


def test_it_may_have_no_length(caller: Caller, fal: VirtualFal) -> None:
    fal.script("download-unsized")
    response = caller.http.get(get_model(caller)["url"])
    assert "content-length" not in response.headers
    assert len(response.content) == 500_000


def test_it_may_be_a_page(caller: Caller, fal: VirtualFal) -> None:
    fal.script("download-html")
    response = caller.http.get(get_model(caller)["url"])
    assert (response.status_code, response.headers["content-type"]) == (200, "text/html")


def test_it_may_have_another_type(caller: Caller, fal: VirtualFal) -> None:
    fal.script("wrong-content-type")
    assert caller.http.get(get_model(caller)["url"]).headers["content-type"] == "text/html"


def test_it_may_be_an_archive(caller: Caller, fal: VirtualFal) -> None:
    fal.script("model-zip")
    assert caller.http.get(get_model(caller)["url"]).content.startswith(b"PK\x03\x04")


def test_it_may_be_on_another_host(caller: Caller, fal: VirtualFal) -> None:
    fal.script("model-url-foreign")
    assert get_model(caller)["url"].startswith("https://evil.example/files/")


def test_it_expires(caller: Caller, fal: VirtualFal) -> None:
    fal.script({"file_lasts": 7 * 86_400})
    url = get_model(caller)["url"]
    assert caller.http.get(url).status_code == 200
    fal.skip(7 * 86_400)
    assert caller.http.get(url).status_code == 404


def test_inputs_are_files_too(caller: Caller) -> None:
    assert caller.http.get(caller.upload_picture(3)).content == draw_picture(3)
