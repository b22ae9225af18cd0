"""Does the proxy of the chaos tests make the weather that it is told to make?"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from tests.chaos.proxy import Proxy, run_proxy

MESSAGE = b"x" * 20_000


def serve_echo(listener: socket.socket) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=echo, args=(connection,), daemon=True).start()


def echo(connection: socket.socket) -> None:
    with connection:
        try:
            while data := connection.recv(65536):
                connection.sendall(data)
        except OSError:
            return


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve_echo, args=(listener,), daemon=True)
        thread.start()
        with run_proxy("127.0.0.1", listener.getsockname()[1], seed=1) as running:
            yield running
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(10)


def connect(proxy: Proxy, *, seconds: float = 10.0) -> socket.socket:
    return socket.create_connection(("127.0.0.1", proxy.port), timeout=seconds)


def ask(connection: socket.socket, message: bytes = MESSAGE) -> bytes:
    """What comes back, until it is all or the other side ends."""
    connection.sendall(message)
    heard = b""
    while len(heard) < len(message) and (piece := connection.recv(65536)):
        heard += piece
    return heard


def test_it_works(proxy: Proxy):
    with connect(proxy) as connection:
        assert ask(connection) == MESSAGE
    assert proxy.connections == 1


def test_latency_and_jitter(proxy: Proxy):
    proxy.set(latency=0.1, jitter=0.05)
    with connect(proxy) as connection:
        started = time.monotonic()
        assert ask(connection, b"hello") == b"hello"
    assert time.monotonic() - started >= 0.2


def test_bandwidth(proxy: Proxy):
    proxy.set(bandwidth=100_000)
    with connect(proxy) as connection:
        started = time.monotonic()
        assert ask(connection) == MESSAGE
    assert time.monotonic() - started >= 0.2


def test_a_black_hole_and_its_end(proxy: Proxy):
    proxy.set(black_hole=True)
    with connect(proxy, seconds=0.3) as connection:
        with pytest.raises(TimeoutError):
            ask(connection, b"hello")
        proxy.clear()
        connection.settimeout(10)
        assert connection.recv(5) == b"hello"


def test_reset(proxy: Proxy):
    with connect(proxy) as connection:
        assert ask(connection, b"hello") == b"hello"
        proxy.set(reset=True)
        with pytest.raises(ConnectionError):
            ask(connection, b"again")
    with connect(proxy) as connection, pytest.raises(ConnectionError):
        ask(connection, b"new")


def test_cut_ends_what_is_open_alone(proxy: Proxy):
    with connect(proxy) as connection:
        assert ask(connection, b"hello") == b"hello"
        proxy.cut()
        with pytest.raises(ConnectionError):
            ask(connection, b"again")
    with connect(proxy) as connection:
        assert ask(connection, b"new") == b"new"


def test_limit_data_then_reset(proxy: Proxy):
    proxy.set(limit_data=100)
    with connect(proxy) as connection:
        heard = b""
        with pytest.raises(ConnectionError):
            connection.sendall(MESSAGE)
            while piece := connection.recv(65536):
                heard += piece
        assert len(heard) <= 100


def test_slicer(proxy: Proxy):
    proxy.set(slice_bytes=100, latency=0.001)
    with connect(proxy) as connection:
        connection.sendall(b"y" * 1_000)
        pieces = [connection.recv(65536)]
        while sum(map(len, pieces)) < 1_000:
            pieces.append(connection.recv(65536))
    assert max(map(len, pieces)) < 1_000
    assert b"".join(pieces) == b"y" * 1_000


def test_down_and_up_again(proxy: Proxy):
    with connect(proxy) as connection:
        assert ask(connection, b"hello") == b"hello"
        proxy.set(down=True)
        with pytest.raises(ConnectionError):
            ask(connection, b"again")
        with pytest.raises(ConnectionRefusedError):
            connect(proxy)
        proxy.clear()
    with connect(proxy) as connection:
        assert ask(connection, b"back") == b"back"
