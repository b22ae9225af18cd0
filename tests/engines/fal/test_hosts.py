"""Which addresses are FAL's, and which only look like it?"""

from __future__ import annotations

import pytest

from jobs.engines.fal import FalHosts, UrlNotAllowed
from jobs.engines.fal.hosts import find_app

REAL = FalHosts()


@pytest.mark.parametrize(
    ("endpoint", "app"),
    [
        ("tripo3d/tripo/v2.5/image-to-3d", "tripo3d/tripo"),
        ("tripo3d/h3.1/image-to-3d", "tripo3d/h3.1"),
        ("fal-ai/hyper3d/rodin/v2", "fal-ai/hyper3d"),
        ("fal-ai/hunyuan-3d/v3.1/pro/image-to-3d", "fal-ai/hunyuan-3d"),
        ("fal-ai/trellis", "fal-ai/trellis"),
        ("workflows/acme/flow/x", "workflows/acme/flow"),
    ],
)
def test_it_works(endpoint: str, app: str) -> None:
    assert find_app(endpoint) == app
    assert REAL.request_url(endpoint, "abc") == f"https://queue.fal.run/{app}/requests/abc"
    assert REAL.request_url(endpoint, "abc", action="cancel").endswith("/requests/abc/cancel")


def test_the_webhook_is_one_parameter() -> None:
    url = REAL.submit_url("a/b", webhook_url="https://x.example/h?token=1&y=ä#z")
    assert url == "https://queue.fal.run/a/b?fal_webhook=https%3A%2F%2Fx.example%2Fh%3Ftoken%3D1%26y%3D%C3%A4%23z"


@pytest.mark.parametrize("base", [None, "", "http://127.0.0.1:8080", "http://[::1]:80/", "https://fal.example:8443"])
def test_all_of_fal_may_be_elsewhere(base: str | None) -> None:
    hosts = FalHosts.from_base_url(base)
    assert (hosts == REAL) is not bool(base)
    if base:
        assert hosts.queue == hosts.rest == hosts.upload == hosts.platform == base.rstrip("/")
        assert hosts.check_file_url(f"{base.rstrip('/')}/files/x.glb")


@pytest.mark.parametrize(
    "base",
    [
        "http://fal.example", "ftp://127.0.0.1", "127.0.0.1:80", "https://", "https://x.example/path", "http://10.0.0.1",
        "https://user@x.example", "https://x.example?y=1", "http://localhost.evil.example",
    ],
)  # fmt: skip
def test_the_key_goes_to_no_careless_address(base: str) -> None:
    with pytest.raises(ValueError, match="FAL_BASE_URL"):
        FalHosts.from_base_url(base)


@pytest.mark.parametrize(
    "url",
    [
        "https://v3.fal.media/files/a/b.glb", "https://v3b.fal.media/files/b.glb?x=1", "https://fal.media/x",
        "https://V3.FAL.MEDIA/x", "https://v3.fal.media:443/x",
    ],
)  # fmt: skip
def test_files_come_from_fals_hosts(url: str) -> None:
    assert REAL.check_file_url(url) == url


@pytest.mark.parametrize(
    "url",
    [
        None, 5, "", "x", [], "http://v3.fal.media/x", "ftp://v3.fal.media/x", "file:///etc/passwd", "//v3.fal.media/x",
        "https://fal.media.evil.example/x", "https://evilfal.media/x", "https://v3.fal.media:8443/x",
        "https://v3.fal.media@evil.example/x", "https://v3.fal.media\\@evil.example/x",
        "https://evil.example\\.fal.media/x", "https://evil.example#.fal.media/x", "https://evil.example/.fal.media",
        "https://v3.fal.media./x", "https://user:word@v3.fal.media/x", "https://@v3.fal.media/x",
        "https://v3.fal.media/x\r\nHost: evil.example", "https://v3.fal.media/a b", "https://v3.fal.media\t/x",
        "https://v3.fal.media:x/y", "https://[::1]/x", "https://127.0.0.1/x", "https://169.254.169.254/latest",
        "https://ⓥ3.fal.media/x", "https://[v3.fal.media/x", "https://queue.fal.run/x", "data:image/png;base64,",
    ],
)  # fmt: skip
def test_files_come_from_nowhere_else(url: object) -> None:
    with pytest.raises(UrlNotAllowed) as trouble:
        REAL.check_file_url(url)
    assert trouble.value.code == "result_url_not_allowed"


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:81/x", "https://127.0.0.1:80/x", "http://127.0.0.1/x", "https://v3.fal.media/x"]
)
def test_on_loopback_only_the_one_port_counts(url: str) -> None:
    with pytest.raises(UrlNotAllowed):
        FalHosts.from_base_url("http://127.0.0.1:80").check_file_url(url)
