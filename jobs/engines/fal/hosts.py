"""Where is FAL? Its hosts, the addresses of its calls, and the hosts whose files we fetch."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import SplitResult, quote, urlencode, urlsplit

from .errors import UrlNotAllowed

_SEGMENT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")
_REQUEST_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
_HOST = re.compile(r"[a-z0-9.-]+|[0-9a-f:]+")
_UNPRINTABLE = re.compile(r"[\x00-\x20\x7f]")
_NAMESPACES = frozenset({"workflows", "comfy"})


@dataclass(frozen=True, kw_only=True)
class FalHosts:
    """The bases of FAL's calls. Nothing that FAL answers ever changes where the key is sent."""

    queue: str = "https://queue.fal.run"
    rest: str = "https://rest.fal.ai"
    upload: str = "https://v3.fal.media"
    platform: str = "https://api.fal.ai"
    files: tuple[str, ...] = ("fal.media",)  # these hosts and their subdomains
    file_origin: str = ""  # and files of this address

    @classmethod
    def from_base_url(cls, base_url: str | None = None) -> FalHosts:
        """All of FAL on one host (``FAL_BASE_URL``); FAL itself when there is none."""
        if not base_url:
            return cls()
        base = base_url.rstrip("/")
        parts = urlsplit(base)
        loopback = is_loopback_host(parts.hostname or "")
        if parts.scheme != "https" and not (parts.scheme == "http" and loopback):
            raise ValueError("FAL_BASE_URL must begin with https://, or with http:// and a loopback address")
        if not parts.hostname or parts.path or parts.query or parts.username:
            raise ValueError("FAL_BASE_URL must be a scheme, a host and a port, and nothing else")
        files = () if loopback else cls.files  # a FAL on this machine has no business with the real one's files
        return cls(queue=base, rest=base, upload=base, platform=base, files=files, file_origin=base.lower())

    def submit_url(self, endpoint: str, *, webhook_url: str | None = None) -> str:
        url = f"{self.queue}/{check_endpoint(endpoint)}"
        return f"{url}?fal_webhook={quote(webhook_url, safe='')}" if webhook_url else url

    def request_url(self, endpoint: str, request_id: str, *, action: str = "") -> str:
        """``action`` is nothing (the result), ``status`` or ``cancel``."""
        url = f"{self.queue}/{find_app(endpoint)}/requests/{check_request_id(request_id)}"
        return f"{url}/{action}" if action else url

    def platform_url(self, path: str, **query: str) -> str:
        return f"{self.platform}/v1/models/{path}?{urlencode(query)}"

    def payloads_url(self, request_id: str) -> str:
        """Result and output files of a request, to be deleted."""
        return f"{self.platform}/v1/models/requests/{check_request_id(request_id)}/payloads"

    @property
    def token_url(self) -> str:
        return f"{self.rest}/storage/auth/token?storage_type=fal-cdn-v3"

    @property
    def webhook_keys_url(self) -> str:
        return f"{self.rest}/.well-known/jwks.json"

    def check_file_url(self, url: object) -> str:
        """The address of a file of FAL, as it is; raises ``UrlNotAllowed`` for any other."""
        try:
            parts = urlsplit(url if isinstance(url, str) else "")
            port = parts.port
        except ValueError:
            raise UrlNotAllowed("the address cannot be read") from None
        host = parts.hostname or ""
        if parts.username is not None or not _HOST.fullmatch(host) or _UNPRINTABLE.search(str(url)):
            raise UrlNotAllowed("the address is malformed, or carries a user name")
        if not self._holds_files(parts, port):
            raise UrlNotAllowed(f"{parts.scheme}://{host} is not one of FAL's file hosts"[:200])
        return str(url)

    def _holds_files(self, parts: SplitResult, port: int | None) -> bool:
        if self.file_origin and f"{parts.scheme}://{parts.netloc}".lower() == self.file_origin:
            return True
        host = parts.hostname or ""
        is_listed = any(host == each or host.endswith(f".{each}") for each in self.files)
        return is_listed and parts.scheme == "https" and port in (None, 443)


def find_app(endpoint: str) -> str:
    """Owner and alias of an endpoint: all that FAL's status, result and cancel addresses name of it."""
    segments = check_endpoint(endpoint).split("/")
    return "/".join(segments[: 3 if segments[0] in _NAMESPACES else 2])


def check_endpoint(endpoint: str) -> str:
    segments = endpoint.split("/")
    least = 3 if segments[0] in _NAMESPACES else 2
    if len(segments) < least or not all(_SEGMENT.fullmatch(each) for each in segments):
        raise ValueError(f"{endpoint!r} is not the id of a FAL endpoint")
    return endpoint


def check_request_id(request_id: object) -> str:
    if not isinstance(request_id, str) or not _REQUEST_ID.fullmatch(request_id):
        raise ValueError("not a request id of FAL")
    return request_id


def is_loopback_host(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
