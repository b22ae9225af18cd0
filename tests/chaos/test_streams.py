"""The web process dies while people listen and download: does each come back, and is nothing half taken for whole?

Promises P6 and P10; faults 2 and 44.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import socket
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.chaos.audience import Audience, Listener, find_broken
from tests.chaos.checker import judge
from tests.chaos.client import Caller
from tests.chaos.conftest import Scene
from tests.images.files import pad
from tests.pictures import draw_blob, encode_png

pytestmark = [pytest.mark.stack, pytest.mark.chaos, pytest.mark.timeout(400)]
CROWD, JOBS = 500, 20
ANSWER_SECONDS = 10.0
LARGEST_FILE = 10_485_760
MOST_CONNECTIONS = 12  # a process has so many threads that read for it


@pytest.fixture(scope="module")
def shared_scene(open_scene: Callable[..., Scene]) -> Scene:
    return open_scene(workers=("local", "watch"), MAX_STREAMS=str(2 * CROWD))


@pytest.fixture
def audience() -> Iterator[Audience]:
    audience = Audience()
    yield audience
    audience.close()


def listen_to(alice: Caller, job_id: str) -> list[Listener]:
    """In every way in which a job can be followed."""
    task = alice.insist("GET", f"/api/v1/jobs/{job_id}").body["task_id"]
    ways = [(f"/api/v1/jobs/{job_id}/events", "sse"), (f"/api/v1/status/tasks/{task}/stream", "sse"),
            (f"/ws/jobs/{job_id}/", "websocket")]  # fmt: skip
    return [make_listener(alice, path, transport=transport) for path, transport in ways]


def make_listener(alice: Caller, path: str, *, transport: str = "sse") -> Listener:
    return Listener(url=alice.url, path=path, api_key=alice.api_key, transport=transport)


@pytest.mark.parametrize("kills", [4, pytest.param(20, marks=pytest.mark.slow)])
def test_streams_lose_nothing(scene: Scene, audience: Audience, kills: int):
    """Killed in the middle of many jobs; whoever listens hears the end of each, and no number or progress goes back."""
    alice, stack = scene.caller(), scene.stack
    of_all = [make_listener(alice, "/api/v1/events"), make_listener(alice, "/ws/jobs/", transport="websocket")]
    audience.add(of_all)
    jobs = []
    for _ in range(kills):
        jobs.append(alice.send(scene.fresh(3), engine="local").body["job_id"])
        audience.add(listen_to(alice, jobs[-1]))
        stack.wait_until(lambda: all(each.is_open or each.is_over for each in audience.listeners), what="the audience")
        stack.kill("web")
    stack.wait_until(
        lambda: all(each.is_over for each in audience.listeners if each not in of_all), what="the streams to end"
    )
    ends = {job_id: alice.insist("GET", f"/api/v1/jobs/{job_id}").body["status"] for job_id in jobs}
    stack.wait_until(lambda: all(read_ends(each, jobs) == ends for each in of_all), what="the ends of all jobs")
    assert set(ends.values()) == {"completed"}
    for each in audience.listeners:
        assert find_broken(each) == [], each.tell()
        assert each.refusals == [], each.tell()
        if each not in of_all:
            assert each.frames[-1]["data"]["status"] == "completed"
    assert all(each.connections > kills / 2 for each in of_all)  # a restart may be quicker than a retry
    judge(stack, scene.history)


def read_ends(listener: Listener, jobs: list[str]) -> dict[str, str]:
    told = {frame["data"]["job_id"]: frame["data"]["status"] for frame in listener.frames}
    return {job_id: told.get(job_id, "") for job_id in jobs}


def test_many_come_back_at_once(scene: Scene, audience: Audience):
    """Each from where it was; meanwhile others are served, and the database sees no more connections than threads."""
    alice, stack = scene.caller(), scene.stack
    stack.stop_part("local")
    jobs = [alice.send(scene.fresh(), engine="local").body["job_id"] for _ in range(JOBS)]
    audience.add([make_listener(alice, f"/api/v1/jobs/{jobs[n % JOBS]}/events") for n in range(CROWD)])
    stack.wait_until(lambda: all(each.frames for each in audience.listeners), what="everybody's first frame")

    before = [each.last_id for each in audience.listeners]
    stack.kill("web")
    slowest, most_connections = 0.0, 0
    while not all(each.connections > 1 and each.is_open for each in audience.listeners):
        said = alice.call("GET", f"/api/v1/jobs/{jobs[0]}")
        slowest = max(slowest, said.seconds if said.status else 0.0)
        most_connections = max(most_connections, count_database_connections(scene))
        stack.wait_until(stack.is_healthy, what="the web process")
        assert time.monotonic() - stack.started < 300, audience.tell()

    assert [each.begun_after[-1] for each in audience.listeners] == before
    assert slowest < ANSWER_SECONDS
    assert most_connections <= MOST_CONNECTIONS
    stack.revive("local")
    stack.wait_until(lambda: all(each.is_over for each in audience.listeners), what="everybody's end")
    for each in audience.listeners:
        assert (find_broken(each), each.refusals) == ([], []), each.tell()
        assert each.frames[-1]["data"]["status"] == "completed"
    judge(stack, scene.history)


def count_database_connections(scene: Scene) -> int:
    """Of the web process: sockets to PostgreSQL, or open files of SQLite."""
    if scene.stack.on_postgres:
        return scene.stack.proxies["web-database"].open_connections
    found, process = 0, scene.stack.parts["web"].process
    assert process is not None
    with suppress(OSError):  # it has been started only just now
        for path in Path(f"/proc/{process.pid}/fd").iterdir():
            with suppress(OSError):
                found += os.readlink(path).endswith("image2model.sqlite3")
    return found


class SlowReader:
    """Takes the first bytes of a download and no more until it is told to."""

    def __init__(self, alice: Caller, path: str) -> None:
        place = urlsplit(alice.url)
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        self._socket.settimeout(60)
        self._socket.connect((str(place.hostname), place.port))
        head = f"GET {path} HTTP/1.1\r\nHost: {place.netloc}\r\nAuthorization: Bearer {alice.api_key}\r\n\r\n"
        self._socket.sendall(head.encode())
        self.taken = self._socket.recv(2_048)

    def read_to_end(self) -> bytes:
        with suppress(ConnectionResetError):
            while piece := self._socket.recv(65_536):
                self.taken += piece
        self._socket.close()
        return self.taken


def is_complete(answer: bytes) -> bool:
    """As every client of HTTP tells: by the length that was told, or by the last chunk."""
    head, _, body = answer.partition(b"\r\n\r\n")
    fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
    if b"content-length" in fields:
        return len(body) == int(fields[b"content-length"])
    return body.endswith(b"0\r\n\r\n")


@pytest.fixture(scope="module")
def large_job(shared_scene: Scene) -> dict[str, Any]:
    """A finished job whose zip does not fit into the buffers of a connection."""
    alice, options = shared_scene.caller(), {"face_limit": "200000", "formats": "obj,stl,ply"}
    job_id = alice.send(shared_scene.fresh(6), engine="local", **options).body["job_id"]
    shared_scene.stack.wait_until(lambda: alice.is_over(job_id), what="large models")
    return dict(alice.insist("GET", f"/api/v1/jobs/{job_id}").body)


def cut_off(scene: Scene, path: str) -> bytes:
    """What is left of a download whose server dies."""
    scene.stack.wait_until(scene.stack.is_healthy, what="the web process")
    reader = SlowReader(scene.caller(), path)
    assert reader.taken.startswith(b"HTTP/1.1 200 ")
    scene.stack.kill("web")
    return reader.read_to_end()


def test_a_zip_that_was_cut_off_is_no_zip(scene: Scene, large_job: dict[str, Any]):
    """The client sees that bytes are missing, no tool takes what there is for an archive, and the next try has all."""
    alice, path = scene.caller(), f"/api/v1/jobs/{large_job['id']}/download.zip"

    answer = cut_off(scene, path)

    assert not is_complete(answer)
    assert not zipfile.is_zipfile(io.BytesIO(answer.partition(b"\r\n\r\n")[2]))
    scene.stack.wait_until(scene.stack.is_healthy, what="the web process")
    with zipfile.ZipFile(io.BytesIO(fetch(alice, path))) as archive:
        told = json.loads(archive.read("manifest.json"))["models"]
        assert {each["filename"]: each["sha256"] for each in told} == {
            name: hashlib.sha256(archive.read(name)).hexdigest()
            for name in archive.namelist()
            if name != "manifest.json"
        }
    assert len(told) == 24
    judge(scene.stack, scene.history)


def test_a_file_that_was_cut_off_is_continued(scene: Scene):
    """The rest is had by a range, from the first byte that is missing."""
    alice = scene.caller()
    data = pad(encode_png(draw_blob(scene.fresh()[0], size=96)), size=LARGEST_FILE)
    files = [("files", ("large.png", data, "image/png"))]
    job_id = alice.insist("POST", "/api/v1/upload", key="large", files=files, data={"engine": "local"}).body["job_id"]
    scene.stack.wait_until(lambda: alice.is_over(job_id), what="the job")
    [generation] = alice.insist("GET", f"/api/v1/jobs/{job_id}").body["generations"]
    path = f"/api/v1/images/{generation['image']['file_id']}/original"

    answer = cut_off(scene, path)

    assert not is_complete(answer)
    begun = answer.partition(b"\r\n\r\n")[2]
    scene.stack.wait_until(scene.stack.is_healthy, what="the web process")
    rest = fetch(alice, path, headers={"Range": f"bytes={len(begun)}-"}, status=206)
    assert begun + rest == data
    judge(scene.stack, scene.history)


def fetch(alice: Caller, path: str, *, headers: dict[str, str] | None = None, status: int = 200) -> bytes:
    credentials = {"Authorization": f"Bearer {alice.api_key}"}
    answer = httpx.get(alice.url + path, headers={**credentials, **(headers or {})}, timeout=60, trust_env=False)
    assert answer.status_code == status
    return answer.content
