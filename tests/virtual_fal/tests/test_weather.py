"""What happens when the whole of FAL is down or slow?"""

from __future__ import annotations

import ssl

import httpx
import pytest

from ..running import VirtualFal
from .caller import Caller, wait_until

ADDRESS = "https://rest.fal.ai/.well-known/jwks.json"


def ask(fal: VirtualFal, *, timeout: float = 60) -> httpx.Response:
    """Through the proxy, as the product does."""
    context = ssl.create_default_context(cafile=fal.ca_file)
    with httpx.Client(proxy=fal.proxy_url, verify=context, timeout=timeout) as client:
        return client.get(ADDRESS)


def test_it_works(fal: VirtualFal) -> None:
    assert ask(fal).status_code == 200


def test_nobody_listens_for_a_while(fal: VirtualFal, http: httpx.Client) -> None:
    http.get("/.well-known/jwks.json")
    fal.set_weather("refuse", seconds=0.6)
    with pytest.raises(httpx.TransportError):  # the connection that was open is reset
        http.get("/.well-known/jwks.json")
    with pytest.raises(httpx.ConnectError):
        http.get("/.well-known/jwks.json")
    with pytest.raises(httpx.ConnectError):
        ask(fal)

    def look() -> bool:
        try:
            return ask(fal).status_code == 200
        except httpx.ConnectError:
            return False

    wait_until(look, bool)
    assert http.get("/.well-known/jwks.json").status_code == 200


def test_names_are_unknown(fal: VirtualFal) -> None:
    fal.set_weather("dns")
    with pytest.raises(httpx.ProxyError):
        ask(fal)
    fal.clear_weather()
    assert ask(fal).status_code == 200


def test_certificates_are_wrong(fal: VirtualFal) -> None:
    fal.set_weather("tls")
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        ask(fal)


def test_connections_are_taken_and_left_alone(fal: VirtualFal) -> None:
    fal.set_weather("mute")
    with pytest.raises(httpx.TimeoutException):
        ask(fal, timeout=0.2)


def test_connections_are_dropped(fal: VirtualFal, http: httpx.Client) -> None:
    fal.set_weather("drop")
    with pytest.raises(httpx.TransportError):
        ask(fal)
    with pytest.raises(httpx.TransportError):
        http.get("/.well-known/jwks.json")


def test_some_steps_fail(caller: Caller, fal: VirtualFal) -> None:
    job = caller.submit()
    fal.set_weather("steps", steps=("status", "result"), fault={"status": 503, "times": 2})
    answers = [caller.http.get(job["status_url"]).status_code for _ in range(3)]
    assert answers[:2] == [503, 503]
    assert answers[2] in {200, 202}
    assert caller.post().status_code == 200


def test_everything_is_slow(caller: Caller, fal: VirtualFal) -> None:
    fal.set_weather("steps", fault={"kind": "delay", "seconds": 0.2})
    assert caller.http.get("/.well-known/jwks.json").elapsed.total_seconds() >= 0.2


def test_a_share_of_calls_fails_and_the_same_share_each_time(fal: VirtualFal, http: httpx.Client) -> None:
    fal.set_weather("steps", fault={"status": 500, "chance": 0.3})
    answers = [http.get("/.well-known/jwks.json").status_code for _ in range(60)]
    assert 5 <= answers.count(500) <= 35
