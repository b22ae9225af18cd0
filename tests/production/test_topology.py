"""Does the product work behind a real nginx, with the commands of the systemd units, PostgreSQL and Redis?"""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import os
import re
import signal
import socket
import ssl
import struct
import subprocess
import zipfile
import zlib

import httpx
import pytest
import websockets

from tests.factories import make_picture
from tests.production.host import Host, wait_for_slot
from tests.running import find_descendants, read_command, wait_for_job, wait_until

pytestmark = [pytest.mark.stack, pytest.mark.timeout(600)]

MIB = 1024 * 1024


def make_big_picture(number: int, *, size: int = 8 * MIB) -> bytes:
    """A valid PNG of so many bytes: most of them are in a chunk that decoders skip."""
    png = make_picture(number)
    junk = os.urandom(size)
    chunk = struct.pack(">I", len(junk)) + b"juNk" + junk + struct.pack(">I", zlib.crc32(b"juNk" + junk))
    return png[:-12] + chunk + png[-12:]


@pytest.fixture(scope="module")
def finished(host: Host) -> dict:
    """A job of 25 pictures of 8 MB each, uploaded in one request and done."""
    files = [("files", (f"chair-{number}.png", make_big_picture(number), "image/png")) for number in range(25)]
    with host.client() as client:
        answer = client.post("/api/v1/upload", files=files, timeout=180)
        assert answer.status_code == 200, answer.text
        return wait_for_job(client, answer.json()["job_id"], seconds=400)


def find_model(job: dict) -> dict:
    return next(file for file in job["generations"][0]["files"] if file["role"] == "model")


def test_it_works(host: Host, finished: dict):
    assert finished["status"] == "completed", finished
    assert finished["counts"]["completed"] == 25


def test_a_stream_runs_through_daphne(host: Host):
    """The stream's address is answered by live, unbuffered: the first frame is there long before the end."""
    with host.client() as client:
        made = client.post("/api/v1/upload", files=[("files", ("a.png", make_picture(101)))]).json()
        with client.stream("GET", f"/api/v1/jobs/{made['job_id']}/events") as stream:
            assert stream.headers["content-type"].startswith("text/event-stream")
            assert "server" not in stream.headers or stream.headers["server"] == "nginx"
            frames = [json.loads(line[6:]) for line in stream.iter_lines() if line.startswith("data: ")]
    assert len(frames) > 1
    assert frames[-1]["summary"] == {"total_files": 1, "successful_files": 1, "failed_files": 0}


def test_a_websocket_runs_through_daphne(host: Host):
    with host.client() as client:
        made = client.post("/api/v1/upload", files=[("files", ("a.png", make_picture(102)))]).json()
    address = f"wss://localhost:{host.https_port}/ws/jobs/{made['job_id']}/"

    async def follow() -> list[dict]:
        headers = {"Authorization": f"Bearer {host.key}"}
        async with websockets.connect(address, ssl=host.trust(), additional_headers=headers) as socket:
            return [json.loads(message) async for message in socket]

    frames = asyncio.run(follow())
    assert frames[-1]["event"] == "task_completed"


def test_a_huge_message_ends_its_websocket(host: Host):
    """Clients have nothing to say: 64 KB are more than enough."""

    host.client().close()  # makes the key

    async def say(size: int) -> None:
        headers = {"Authorization": f"Bearer {host.key}"}
        address = f"wss://localhost:{host.https_port}/ws/jobs/"
        async with websockets.connect(address, ssl=host.trust(), additional_headers=headers) as socket:
            await socket.send("x" * size)
            await (await socket.ping())

    asyncio.run(say(65_536))
    with pytest.raises(websockets.ConnectionClosed):
        asyncio.run(say(65_537))


def test_streams_never_come_to_web(host: Host, finished: dict):
    """With live gone, a stream's address fails and everything else goes on."""
    host.stop("live@blue")
    try:
        with host.client() as client:
            answer = client.get(f"/api/v1/jobs/{finished['id']}/events")
            assert (answer.status_code, answer.json()["error_code"]) == (502, "bad_gateway")
            assert client.get("/api/v1/jobs").status_code == 200
    finally:
        host.start("live@blue")


def test_a_file_is_sent_by_nginx(host: Host, finished: dict):
    model = find_model(finished)
    with host.client() as client:
        answer = client.get(model["url"])
    assert hashlib.sha256(answer.content).hexdigest() == model["sha256"]
    assert answer.headers["etag"] == f'"{model["sha256"]}"'
    assert answer.headers["content-type"] == "model/gltf-binary"
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"] == "sandbox"
    assert answer.headers["cache-control"] == "private, no-store"
    assert answer.headers["x-request-id"]
    assert "last-modified" in answer.headers  # of the file: the product itself never says it
    assert "x-accel-redirect" not in answer.headers


@pytest.mark.parametrize(
    ("wanted", "status", "part"),
    [("bytes=0-99", 206, slice(0, 100)), ("bytes=100-", 206, slice(100, None)), ("bytes=-10", 206, slice(-10, None))],
)
def test_a_range_is_sent_by_nginx(host: Host, finished: dict, wanted, status, part):
    url = find_model(finished)["url"]
    with host.client() as client:
        whole = client.get(url)
        answer = client.get(url, headers={"Range": wanted, "If-Range": whole.headers["etag"]})
        stale = client.get(url, headers={"Range": wanted, "If-Range": '"another"'})
    assert (answer.status_code, answer.content) == (status, whole.content[part])
    assert (stale.status_code, len(stale.content)) == (200, len(whole.content))


def test_known_bytes_are_not_sent_again(host: Host, finished: dict):
    model = find_model(finished)
    with host.client() as client:
        answer = client.get(model["url"], headers={"If-None-Match": f'"{model["sha256"]}"'})
    assert (answer.status_code, answer.content) == (304, b"")


def test_a_range_past_the_end_is_refused_in_our_words(host: Host, finished: dict):
    with host.client() as client:
        answer = client.get(find_model(finished)["url"], headers={"Range": "bytes=999999999-"})
    assert (answer.status_code, answer.json()["error_code"]) == (416, "range_not_satisfiable")


def test_nobody_reaches_the_files_past_the_product(host: Host, finished: dict):
    stored = next(path for path in (host.data_dir / "files").rglob("*.glb"))
    address = f"/_files/{stored.relative_to(host.data_dir / 'files')}"
    with host.stranger() as stranger:
        assert stranger.get(address).status_code == 404
        assert stranger.get(find_model(finished)["url"]).status_code == 401


def test_a_zip_holds_them_all(host: Host, finished: dict):
    with host.client() as client:
        answer = client.get(finished["urls"]["download"])
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    assert archive.testzip() is None
    assert {f"chair-{number}.glb" for number in range(25)} <= set(archive.namelist())


def test_pages_and_their_style_sheets_come_over_http_2(host: Host):
    command = ["curl", "--silent", "--http2", "--cacert", str(host.certificate), "--write-out", "\n%{http_version}"]
    done = subprocess.run([*command, f"{host.url}/"], text=True, capture_output=True, check=True)
    assert done.stdout.endswith("\n2")
    sheet = re.search(r'href="(/static/[^"]+\.css)"', done.stdout)[1]
    with host.stranger() as stranger:
        answer = stranger.get(sheet)
    assert answer.status_code == 200
    assert "immutable" in answer.headers["cache-control"]


def test_plain_http_leads_to_tls(host: Host):
    answer = httpx.get(f"http://localhost:{host.http_port}/models?page=2")
    assert (answer.status_code, answer.headers["location"]) == (308, "https://localhost/models?page=2")
    assert httpx.get(f"http://127.0.0.1:{host.http_port}/proxy-health").status_code == 204


def test_a_strange_name_gets_no_answer(host: Host):
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(f"http://127.0.0.1:{host.http_port}/", headers={"Host": "evil.example"})
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"https://127.0.0.1:{host.https_port}/", verify=ssl._create_unverified_context())


@pytest.mark.parametrize(("version", "is_spoken"), [("-tls1_1", False), ("-tls1_2", True), ("-tls1_3", True)])
def test_old_tls_is_refused(host: Host, version, is_spoken):
    command = ["openssl", "s_client", version, "-cipher", "ALL:@SECLEVEL=0", "-servername", "localhost",
               "-CAfile", host.certificate, "-connect", f"127.0.0.1:{host.https_port}"]  # fmt: skip
    done = subprocess.run(command, input="", text=True, capture_output=True, check=False)
    assert ("no peer certificate available" in done.stdout) is not is_spoken
    assert ("alert protocol version" in done.stderr) is not is_spoken


def test_a_body_past_the_limit_is_refused_in_json(host: Host):
    """By nginx itself, before a byte of it is read."""
    with host.client() as client:
        answer = client.post("/api/v1/estimate", content=b" " * (2 * MIB), headers={"X-Request-ID": "mine-1"})
    told = answer.json()
    assert (answer.status_code, told["error_code"], told["status_code"]) == (413, "request_too_large", 413)
    assert told["request_id"] == answer.headers["x-request-id"] == "mine-1"
    with host.stranger() as stranger:
        page = stranger.post("/accounts/login/", content=b" " * (2 * MIB))
    assert page.status_code == 413
    assert page.headers["content-type"].startswith("text/html")


def test_a_stranger_s_upload_is_refused_before_it_is_taken_in(host: Host):
    with host.stranger() as stranger:
        answer = stranger.post("/api/v1/upload", files=[("files", ("a.png", b" " * (100 * MIB)))])
    assert (answer.status_code, answer.json()["error_code"]) == (401, "not_authenticated")


@pytest.mark.slow
def test_an_upload_that_stands_still_is_answered(host: Host):
    """By the product, whose patience is shorter than nginx's."""
    head = (
        f"POST /api/v1/upload HTTP/1.1\r\nHost: localhost:{host.https_port}\r\nAuthorization: Bearer {host.key}\r\n"
        "Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 1000000\r\n\r\n--x\r\n"
    )
    with (
        socket.create_connection(("127.0.0.1", host.https_port), timeout=90) as plain,
        host.trusted.wrap_socket(plain, server_hostname="localhost") as connection,
    ):
        connection.sendall(head.encode())
        with connection.makefile("rb") as answer:
            status = answer.readline()
            text = answer.read(4096)
    assert b" 400 " in status
    assert b"incomplete_upload" in text


def test_the_metrics_stay_inside(host: Host):
    with host.stranger() as stranger:
        answer = stranger.get("/api/v1/health/metrics")
    assert (answer.status_code, answer.json()["error_code"]) == (404, "not_found")
    assert "http_requests_total" in httpx.get(f"http://127.0.0.1:{host.ports['blue'][0]}/api/v1/health/metrics").text


def test_what_a_client_says_about_itself_is_overwritten(host: Host):
    with host.stranger() as stranger:
        stranger.get("/", headers={"X-Forwarded-For": "203.0.113.9", "X-Request-ID": 'bad"id'})
    line = (host.root / "var/log/image2model/access.log").read_text().splitlines()[-1]
    assert re.fullmatch(r"[0-9a-f]{32}", json.loads(line)["request_id"])


def test_health_is_well(host: Host):
    """Said by the command that may see details: for every part, after the workers' first signs of life."""

    def looks_well() -> bool:
        with host.stranger() as stranger:
            facts = stranger.get("/api/v1/health/detailed").json()
        return all(
            facts["components"][name]["status"] == "healthy" for name in ("database", "redis", "workers", "storage")
        )

    try:
        wait_until(looks_well, what="every part to be healthy")
    except AssertionError:
        raise AssertionError(host.manage("doctor", check=False)) from None


def test_redis_wants_its_password(host: Host):
    import redis

    with redis.Redis(port=host.redis_port) as stranger, pytest.raises(redis.AuthenticationError):
        stranger.ping()
    password = (host.root / "etc/image2model/secrets/redis_password").read_text()
    with redis.Redis(port=host.redis_port, password=password) as ours:
        wanted = {"maxmemory": str(256 * MIB), "maxmemory-policy": "noeviction", "appendonly": "yes"}
        assert {name: ours.config_get(name)[name] for name in wanted} == wanted


def test_a_dead_web_process_costs_no_answer_for_long(host: Host):
    """One of two processes is killed: the other answers, and a new one takes its place."""
    before = find_web_processes(host)
    os.kill(before[0], signal.SIGKILL)
    with host.client() as client:
        answers = [client.get("/api/v1/jobs").status_code for _ in range(40)]
    assert answers.count(200) >= 38
    wait_until(lambda: len(find_web_processes(host)) == len(before), what="a new process")


def find_web_processes(host: Host) -> list[int]:
    """Those that answer; children that look at pictures come and go beside them."""
    return [pid for pid in find_descendants(host.pid("web@blue")) if "spawn_main" in read_command(pid)]


def test_without_web_the_answer_is_json_for_the_api_and_a_page_for_people(host: Host):
    host.stop("web@blue")
    try:
        with host.stranger() as stranger:
            answer, page = stranger.get("/api/v1/jobs"), stranger.get("/models")
    finally:
        host.start("web@blue")
        wait_for_slot(host, "blue")
    told = answer.json()
    assert (answer.status_code, told["error_code"], told["error"]) == (502, "bad_gateway", True)
    assert answer.headers["retry-after"] == "5"
    assert told["request_id"] == answer.headers["x-request-id"]
    assert page.status_code == 502
    assert "Back in a moment" in page.text


def test_rows_and_files_agree_afterwards(host: Host, finished: dict):
    done = host.manage("sweep", "--check", "--grace", "0", check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_no_log_holds_a_secret(host: Host, finished: dict):
    secrets = [file.read_bytes().strip() for file in (host.root / "etc/image2model/secrets").iterdir()]
    logs = [*(host.root / "var/log/image2model").iterdir(), *(host.data_dir / "logs").iterdir()]
    for log in logs:
        text = log.read_bytes()
        assert not any(secret and secret in text for secret in [*secrets, host.key.encode()]), log
