"""How does storage take files, and when does it not?"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

import httpx
import pytest

from ..running import VirtualFal
from .caller import Caller, draw_picture


def test_it_works(caller: Caller, fal: VirtualFal) -> None:
    picture = draw_picture()
    url = caller.upload(picture, name="my picture (1).png").json()["access_url"]
    response = httpx.get(url, trust_env=False)
    assert response.content == picture
    assert response.headers["content-type"] == "image/png"
    (entry,) = fal.ledger(step="upload")["requests"]
    assert entry["picture"] == hashlib.sha256(picture).hexdigest()


def test_every_upload_has_an_address_of_its_own(caller: Caller) -> None:
    assert caller.upload_picture() != caller.upload_picture()


def test_a_token_says_when_it_ends(http: httpx.Client, fal: VirtualFal) -> None:
    token = http.post("/storage/auth/token?storage_type=fal-cdn-v3", json={}).json()
    assert token["token_type"] == "Bearer"
    assert token["base_url"] == fal.base_url
    assert datetime.fromisoformat(token["expires_at"]) > datetime.now(UTC)


def test_a_token_ends(caller: Caller, fal: VirtualFal) -> None:
    token = caller.get_token()
    fal.skip(3601)
    response = caller.http.post("/files/upload", content=b"x", headers={"Authorization": f"Bearer {token}"})
    assert response.status_code == 401


@pytest.mark.parametrize("authorization", ["", "Bearer forged.token", "Key virtual-fal:loopback-only"])
def test_an_upload_requires_a_token(http: httpx.Client, authorization: str) -> None:
    response = http.post("/files/upload", content=b"x", headers={"Authorization": authorization})
    assert response.status_code == 401


def test_a_token_requires_the_key(http: httpx.Client) -> None:
    response = http.post("/storage/auth/token", json={}, headers={"Authorization": "Key wrong"})
    assert response.status_code == 401


@pytest.mark.parametrize(
    ("lifecycle", "lasts"),
    [('{"expiration_duration_seconds": 86400}', False), ('{"expiration_duration_seconds": null}', True), ("", True)],
)
def test_a_file_lives_as_long_as_asked(caller: Caller, fal: VirtualFal, lifecycle: str, lasts: bool) -> None:
    url = caller.upload(draw_picture(), **{"X-Fal-Object-Lifecycle-Preference": lifecycle}).json()["access_url"]
    assert caller.http.get(url).status_code == 200
    fal.skip(86_401)
    assert caller.http.get(url).status_code == (200 if lasts else 404)


def test_the_bucket_takes_a_file_without_key(caller: Caller) -> None:
    urls = caller.http.post(
        "/storage/upload/initiate?storage_type=gcs", json={"file_name": "a.png", "content_type": "image/png"}
    ).json()
    put = httpx.put(urls["upload_url"], content=draw_picture(), trust_env=False)
    assert put.status_code == 200
    assert caller.http.get(urls["file_url"]).content == draw_picture()


def test_parts_must_be_complete(caller: Caller) -> None:
    headers = {"Authorization": f"Bearer {caller.get_token()}", "Content-Type": "image/png", "X-Fal-File-Name": "a.png"}
    started = caller.http.post("/files/upload/multipart", headers=headers).json()
    parts = f"{started['access_url']}/multipart/{started['uploadId']}"
    for number, content in ((2, b"world"), (1, b"hello ")):
        assert caller.http.put(f"{parts}/{number}", content=content, headers=headers).headers["etag"]
    missing = caller.http.post(f"{parts}/complete", headers=headers, json={"parts": [{"partNumber": 1, "etag": "x"}]})
    both = [{"partNumber": 2, "etag": "x"}, {"partNumber": 1, "etag": "y"}]
    complete = caller.http.post(f"{parts}/complete", headers=headers, json={"parts": both})
    assert (missing.status_code, complete.status_code) == (400, 200)
    assert caller.http.get(started["access_url"]).content == b"hello world"


@pytest.mark.parametrize("step", ["token", "upload", "initiate"])
@pytest.mark.parametrize("what", ["401", "403", "500", "503-nginx", "429-twice"])
def test_it_refuses_as_scripted(caller: Caller, fal: VirtualFal, step: str, what: str) -> None:
    headers = {"Authorization": f"Bearer {caller.get_token()}"} if step == "upload" else {}
    address = {"token": "/storage/auth/token", "upload": "/files/upload", "initiate": "/storage/upload/initiate"}[step]
    fal.script(f"{step}-{what}")
    assert caller.http.post(address, json={}, headers=headers).status_code == int(what[:3])


def test_a_token_may_be_slow(caller: Caller, fal: VirtualFal) -> None:
    fal.script({"faults": {"token": {"kind": "delay", "seconds": 5}}})
    with pytest.raises(httpx.ReadTimeout):
        caller.http.post("/storage/auth/token", json={}, timeout=0.2)


def test_an_upload_may_be_refused_by_picture(caller: Caller, fal: VirtualFal) -> None:
    fal.script("upload-400", picture=draw_picture(1))
    assert [caller.upload(draw_picture(number)).status_code for number in (0, 1)] == [200, 400]
