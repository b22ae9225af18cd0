"""Where do webhooks go, and where never? Judged when an address is named and again at every try."""

from __future__ import annotations

import asyncio
import socket
import threading

import pytest

from jobs.egress import posting
from jobs.egress.addresses import NotAllowedError, check_addresses, check_host, check_shape, is_public
from jobs.egress.posting import NoReplyError, open_session, post
from jobs.errors import JobError
from jobs.models import Job, SourceImage, WebhookDelivery
from jobs.services.webhooks import targets
from jobs.services.webhooks.subscriptions import create_webhook, send_test
from tests.api.client import assert_refused
from tests.factories import make_picture
from tests.running import wait_until

PUBLIC = ["8.8.8.8", "203.0.114.1", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
PRIVATE = [
    "127.0.0.1", "127.255.255.254", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254",
    "100.64.0.1", "192.0.0.1", "198.18.0.1", "203.0.113.5", "224.0.0.1", "240.0.0.1", "255.255.255.255",
    "::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12::1", "ff02::1",
    "2001:db8::1", "64:ff9b::7f00:1", "64:ff9b::a00:1", "2002:7f00:1::", "2002:c0a8:101::",
    "", "localhost", "127.1", "2130706433", "0x7f000001", "not an address",
]  # fmt: skip
LOOPBACK_URLS = [
    "https://127.0.0.1/", "https://localhost/", "https://LOCALHOST./", "https://127.1/", "https://2130706433/",
    "https://0x7f.1/", "https://0177.0.0.1/", "https://[::1]/", "https://[::ffff:127.0.0.1]/", "https://0/",
    "https://0.0.0.0/", "https://[::]/", "https://10.1.2.3/", "https://192.168.0.1:8443/x", "https://169.254.169.254/",
    "https://metadata.internal/", "https://printer.local/",
]  # fmt: skip
BAD_SHAPES = [
    "http://example.org/", "ftp://example.org/", "file:///etc/passwd", "gopher://example.org/", "//example.org/",
    "example.org", "https://", "https:///path", "https://user@example.org/", "https://user:pass@example.org/",
    "https://example.org@127.0.0.1/", "https://example.org:0/", "https://example.org:99999/", "https://exa mple.org/",
    "https://example.org\\@127.0.0.1/", "https://example.org/\n", "https://[::1/", "https://пример.рф/", "javascript:1",
]  # fmt: skip


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses(address):
    assert is_public(address)


@pytest.mark.parametrize("address", PRIVATE)
def test_all_others(address):
    assert not is_public(address)


def test_m02_one_private_address_spoils_the_name():
    check_addresses(["8.8.8.8", "2606:4700:4700::1111"])
    with pytest.raises(NotAllowedError):
        check_addresses(["8.8.8.8", "127.0.0.1"])
    with pytest.raises(NotAllowedError):
        check_addresses([])


@pytest.mark.parametrize("url", BAD_SHAPES)
def test_bad_shapes(url):
    with pytest.raises(NotAllowedError):
        check_shape(url, allow_private=False)


@pytest.mark.parametrize("url", ["https://example.org/", "https://example.org:8443/a?b=c#d", "https://8.8.8.8/"])
def test_good_shapes(url):
    assert check_shape(url, allow_private=False).scheme == "https"


def test_plain_http_where_private_addresses_are_allowed():
    assert check_shape("http://127.0.0.1:8000/", allow_private=True).port == 8000


def test_a_name_that_nobody_knows_may_be_named():
    check_host("no-such-name.invalid")


def test_a_name_server_that_is_slow_keeps_nobody(monkeypatch):
    answer, answered = threading.Event(), threading.Event()
    monkeypatch.setattr(targets, "check_host", lambda host: answer.wait(60) and answered.set())
    monkeypatch.setattr(targets, "LOOK_UP_SECONDS", 0.01)
    try:
        targets.check_target("https://127.0.0.1/")  # judged when it is called
        assert not answered.is_set()
    finally:
        answer.set()
        assert answered.wait(60)  # the thread that asks is free again


@pytest.mark.parametrize("url", LOOPBACK_URLS)
@pytest.mark.django_db
def test_they_cannot_be_named(alice, url):
    with pytest.raises(JobError) as caught:
        create_webhook(alice, url=url)
    assert (caught.value.code, caught.value.details) == ("url_not_allowed", {"parameter": "url"})


@pytest.mark.parametrize("url", LOOPBACK_URLS)
@pytest.mark.django_db
def test_nor_for_one_job(api, url):
    body = assert_refused(api.upload(make_picture(), webhook_url=url), 400, "url_not_allowed")

    assert body["details"] == {"parameter": "webhook_url"}
    assert not Job.objects.exists()
    assert not SourceImage.objects.exists()


@pytest.mark.django_db
def test_nor_for_a_job_of_stored_pictures(api):
    stored = api.send("/api/v1/images", ("files", "a.png", make_picture())).json()["images"][0]["file_id"]
    body = {"images": [stored], "webhook_url": "https://10.0.0.1/"}

    assert_refused(api.post("/api/v1/jobs", body), 400, "url_not_allowed")


# When it is called


@pytest.fixture
def listener():
    """Counts who connects, on both kinds of loopback."""
    with socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True) as server:
        server.setblocking(False)
        yield server


def try_to_post(url: str) -> str:
    async def go() -> str:
        async with open_session(allow_private=False, limit=1) as session:
            with pytest.raises(NoReplyError) as caught:
                await post(session, url, body="{}", headers={}, allow_private=False)
            return str(caught.value)

    return asyncio.run(go())


def nobody_connected(server: socket.socket) -> bool:
    try:
        server.accept()
    except BlockingIOError:
        return True
    return False


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "127.1", "2130706433", "[::]"]
)
def test_nothing_is_ever_sent_there(listener, host):
    port = listener.getsockname()[1]

    try_to_post(f"https://{host}:{port}/")

    assert nobody_connected(listener)


def test_m02_a_name_that_changed_its_address(listener, monkeypatch):
    """Public when it was named, private when it is called: it is the address connected to that counts."""
    port = listener.getsockname()[1]

    async def resolve(self, host, port=0, family=socket.AF_UNSPEC):
        return [{"hostname": host, "host": "127.0.0.1", "port": port, "family": socket.AF_INET, "proto": 0, "flags": 0}]

    monkeypatch.setattr(posting.PublicResolver, "resolve", resolve)

    assert try_to_post(f"https://rebinding.example:{port}/") == "Refused: the address is not a public one."
    assert nobody_connected(listener)


def test_m02_a_name_with_a_public_and_a_private_address(listener, monkeypatch):
    port = listener.getsockname()[1]
    found = [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("8.8.8.8", port)),
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)),
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *arguments, **named: found)

    assert try_to_post(f"https://both.example:{port}/") == "Refused: the address is not a public one."
    assert nobody_connected(listener)


@pytest.mark.django_db(transaction=True)
def test_an_address_that_was_allowed_once_is_judged_again(alice, webhook, receiver, carry, settings):
    """The setting was on when it was named."""
    settings.ALLOW_PRIVATE_WEBHOOKS = False
    send_test(webhook)
    carry()

    wait_until(lambda: WebhookDelivery.objects.get().failures, what="a failure")
    assert WebhookDelivery.objects.get().error == "Refused: the address must begin with https://."
    assert receiver.connections == 0


@pytest.mark.django_db(transaction=True)
def test_m04_redirects_are_not_followed(alice, webhook, receiver, carry, listener):
    receiver.reply(302, headers={"Location": f"http://127.0.0.1:{listener.getsockname()[1]}/"})
    send_test(webhook)
    carry()

    wait_until(lambda: WebhookDelivery.objects.get().failures, what="a failure")
    assert WebhookDelivery.objects.get().error == "Answered 302: redirects are not followed."
    assert nobody_connected(listener)
