"""Rows D, G: what only a real server sees: raw bytes on a socket, before and behind the proxy."""

from __future__ import annotations

import base64
import shutil
import socket
import ssl
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.factories import make_picture
from tests.inputs.rows import case
from tests.production.host import Host, run_host
from tests.running import Product, run_product, wait_until

pytestmark = pytest.mark.stack
SECONDS = 60


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with run_product(tmp_path_factory.mktemp("wire") / "data", workers=1) as running:
        yield running


@pytest.fixture(scope="module")
def proxy() -> Iterator[Host]:
    """nginx as in production, with nobody behind it."""
    root = Path(tempfile.mkdtemp(prefix="image2model-proxy-"))
    try:
        with run_host(root) as host:
            yield host
    finally:
        shutil.rmtree(root, ignore_errors=True)


def open_socket(product: Product) -> socket.socket:
    parts = urlsplit(product.url)
    return socket.create_connection((parts.hostname, parts.port), timeout=SECONDS)


def ask(product: Product, head: str, *, body: bytes = b"") -> str:
    """Everything that comes until the server closes, as one text."""
    with open_socket(product) as connection:
        connection.sendall(head.replace("\n", "\r\n").encode() + b"\r\n" + body)
        return read_to_end(connection)


def read_to_end(connection: socket.socket) -> str:
    told = b""
    while chunk := connection.recv(65_536):
        told += chunk
    return told.decode("latin-1")


def read_logs(product: Product) -> str:
    written = [path.read_text() for path in (product.data_dir / "logs").rglob("*") if path.is_file()]
    return "".join([*product.lines, *written])


@pytest.mark.parametrize("place", [case("D05", name, name) for name in ("address", "form", "stream")])
def test_a_key_in_the_wrong_place(product: Product, place: str) -> None:
    key = product.client().headers["Authorization"].removeprefix("Bearer ")
    secret = key.rpartition("_")[2]
    if place == "form":
        files = {"files": ("a.png", make_picture(), "image/png")}
        answer = httpx.post(f"{product.url}/api/v1/upload", files=files, data={"api_key": key})
    else:
        answer = httpx.get(
            f"{product.url}/api/v1/{'jobs' if place == 'address' else 'events'}", params={"api_key": key}
        )

    assert (answer.status_code, answer.json()["error_code"]) == (401, "not_authenticated")
    request_id = answer.json()["request_id"]
    wait_until(lambda: request_id in read_logs(product), what="the request's line")
    assert secret not in read_logs(product)


REFUSALS = [
    ("GET", "/api/v1/jobs/nonsense", {}, "invalid_id"),
    ("GET", "/api/v1/jobs?colour=red", {}, "invalid_parameter"),
    ("GET", "/api/v1/nowhere", {}, "not_found"),
    ("PUT", "/api/v1/jobs", {}, "method_not_allowed"),
    ("POST", "/api/v1/jobs", {"content": b"{", "headers": {"Content-Type": "application/json"}}, "malformed_json"),
    ("POST", "/api/v1/upload", {"content": b"x", "headers": {"Content-Type": "text/plain"}}, "unsupported_media_type"),
    ("POST", "/api/v1/upload", {"files": {"files": ("a.png", b"no picture", "image/png")}}, "unsupported_file_type"),
    ("POST", "/api/v1/jobs", {"content": bytes(5 << 20)}, "request_too_large"),  # before any view
    ("GET", "/api/v1/jobs/nonsense/events", {}, "invalid_id"),
]


@pytest.mark.parametrize(("method", "path", "more", "code"), REFUSALS)
def test_a_refusal_is_found_in_the_log(
    product: Product, method: str, path: str, more: dict[str, Any], code: str
) -> None:
    """By the id that the caller was told, with the code that the caller was told."""
    with product.client() as client:
        answer = client.request(method, path, **more)

    assert (answer.json()["error_code"], answer.json()["request_id"]) == (code, answer.headers["X-Request-ID"])
    request_id = answer.headers["X-Request-ID"]
    found = wait_until(lambda: find_lines(product, request_id), what=f"a line about {code}")
    assert any(code in line for line in found), found


def find_lines(product: Product, words: str) -> list[str]:
    return [line for line in read_logs(product).splitlines() if words in line]


@pytest.mark.parametrize("key", [case("D17", "a bad key", "i2m_nonsense"), case("D17", "a foreign scheme", "x y")])
def test_nobody_is_told_to_go_on(product: Product, key: str) -> None:
    told = ask(
        product,
        f"""POST /api/v1/upload HTTP/1.1
Host: 127.0.0.1
Authorization: Bearer {key}
Content-Type: multipart/form-data; boundary=x
Content-Length: 1000000
Expect: 100-continue
""",
    )

    assert told.startswith("HTTP/1.1 401 ")
    assert "invalid_api_key" in told
    assert " 100 " not in told


SHAKE = """GET /ws/jobs/ HTTP/1.1
Host: 127.0.0.1
Authorization: Bearer {key}
Upgrade: websocket
Connection: Upgrade
Sec-WebSocket-Version: 13
Sec-WebSocket-Key: {nonce}
"""
NONCE = base64.b64encode(b"0123456789abcdef").decode()


@pytest.mark.parametrize("nonce", [case("G10", "too short", "abc"), case("G10", "not base64", "*" * 24)])
def test_a_broken_handshake(product: Product, nonce: str) -> None:
    key = product.client().headers["Authorization"].removeprefix("Bearer ")

    assert ask(product, SHAKE.format(key=key, nonce=nonce)).startswith("HTTP/1.1 400 ")


@pytest.mark.parametrize(
    "frame", [case("G10", "unmasked", b"\x81\x05hello"), case("G10", "reserved bits", b"\xf1\x80abcd")]
)
def test_a_broken_frame(product: Product, frame: bytes) -> None:
    key = product.client().headers["Authorization"].removeprefix("Bearer ")
    with open_socket(product) as connection:
        connection.sendall(SHAKE.format(key=key, nonce=NONCE).replace("\n", "\r\n").encode() + b"\r\n")
        assert connection.recv(4_096).startswith(b"HTTP/1.1 101 ")
        connection.sendall(frame)
        told = read_to_end(connection).encode("latin-1")

    assert b"\x88" in told
    assert told[told.rindex(b"\x88") + 2 :][:2] == (1002).to_bytes(2, "big")


def ask_proxy(proxy: Host, head: str, *, body: bytes = b"") -> str:
    context = ssl.create_default_context(cafile=str(proxy.certificate))
    with (
        socket.create_connection(("127.0.0.1", proxy.https_port), timeout=SECONDS) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as connection,
    ):
        connection.sendall(head.replace("\n", "\r\n").encode() + b"\r\n" + body)
        return read_to_end(connection)


LONG = "x" * 9 * 1024


@pytest.mark.parametrize(
    ("head", "status"),
    [
        case("D19", "header", f"GET / HTTP/1.1\nHost: localhost\nCookie: a={LONG}\n", 400),
        case("D19", "address", f"GET /{LONG} HTTP/1.1\nHost: localhost\n", 414),
    ],
)
def test_a_long_line_comes_no_further(proxy: Host, head: str, status: int) -> None:
    assert ask_proxy(proxy, head).startswith(f"HTTP/1.1 {status} ")


@pytest.mark.parametrize("path", [case("D21", "a job", "/api/v1/jobs")])
def test_a_body_that_does_not_come(proxy: Host, path: str) -> None:
    """nginx waits ten seconds for the next byte, and closes; no process of ours waits with it."""
    head = f"POST {path} HTTP/1.1\nHost: localhost\nContent-Type: application/json\nContent-Length: 100\n"

    told = ask_proxy(proxy, head, body=b"{")

    assert told == "" or told.startswith("HTTP/1.1 408 ")
