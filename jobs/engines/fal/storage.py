"""How does a picture get to FAL? Through fal_client's storage upload, which is free and may be repeated."""

from __future__ import annotations

import logging
import re
import threading
from functools import cached_property

import fal_client
import httpx
from fal_client import client as library

from .classify import describe_account, read_complaint
from .errors import FalError, Rejected, Transient
from .hosts import FalHosts
from .reading import Answer, misread
from .refusals import describe_refusal
from .secret import Secret
from .wire import NameRequest, list_origin

_TRIES = 3  # of the library at each upload; its own 10 hold a thread for about 50 seconds
_REFUSALS = frozenset({400, 413, 415, 422})
_LIBRARY_ERRORS = (httpx.HTTPError, fal_client.FalClientError, OSError, KeyError, TypeError, ValueError)
_lock = threading.Lock()
logging.getLogger("httpcore").setLevel(logging.INFO)  # at DEBUG it writes the headers of answers into the log


class Storage:
    """One storage token for many uploads. The calls block: they belong in a thread."""

    def __init__(
        self, key: Secret, *, hosts: FalHosts, timeout_seconds: float, name_request: NameRequest | None = None
    ) -> None:
        self._key, self._hosts, self._timeout, self._name_request = key, hosts, timeout_seconds, name_request
        self._uploader: _Uploader | None = None

    def upload(self, data: bytes, *, content_type: str, filename: str, lifetime_seconds: int) -> str:
        uploader = self._get_uploader()
        lifecycle = fal_client.StorageSettings(expires_in=lifetime_seconds)
        problem: FalError
        try:
            # The one repository only: the library's second choice sends the key to a bucket of another company.
            url = uploader.upload(
                data, content_type, tidy_filename(filename), repository="fal_v3", fallback_repository=["fal_v3"],
                lifecycle=lifecycle,
            )  # fmt: skip
            return self._hosts.check_file_url(url)
        except FalError:
            problem = misread("the upload's address is not one of FAL's")
        except _LIBRARY_ERRORS as error:
            problem = self._classify(error)
        # Outside of the except clause: the library's errors hold requests that carry the key.
        raise problem

    def close(self) -> None:
        if self._uploader is not None:
            self._uploader.close()
            self._uploader = None

    def _get_uploader(self) -> _Uploader:
        with _lock:
            if self._uploader is None:
                # The library reads these when it calls; a process talks to one FAL.
                library.REST_URL, library.CDN_URL = self._hosts.rest, self._hosts.upload
                library.MAX_ATTEMPTS = _TRIES
                self._uploader = _Uploader(key=self._key.reveal(), default_timeout=self._timeout)
                self._uploader.name_request = self._name_request
            return self._uploader

    def _classify(self, error: Exception) -> FalError:
        if not isinstance(error, fal_client.client.FalClientHTTPError | httpx.HTTPStatusError):
            detail = type(error).__name__
            return Transient("provider_unreachable", "FAL's storage cannot be reached.", retryable=True, detail=detail)
        response = error.response
        headers = {name.lower(): value for name, value in response.headers.items()}
        answer = Answer(response.status_code, headers, self._key.scrub(response.content))
        is_token_call = isinstance(error, httpx.HTTPStatusError)
        if answer.status == 401 and not is_token_call:
            self._get_uploader().forget_token()
        return classify_upload(answer, is_token_call=is_token_call)


def classify_upload(answer: Answer, *, is_token_call: bool) -> FalError:
    complaint, status = read_complaint(answer), answer.status
    if status in (401, 403) and (is_token_call or "locked" in complaint.detail.lower()):
        return describe_account(answer)
    if status in _REFUSALS and not is_token_call:
        message, hint = describe_refusal(complaint.fal_type, complaint.context)
        return Rejected("provider_rejected_input", message, hint=hint, detail=complaint.detail, http_status=status)
    code = "provider_rate_limited" if status == 429 else "provider_unreachable"
    message = "FAL's storage is not available at the moment."
    return Transient(code, message, retryable=True, detail=complaint.detail or f"HTTP {status}", http_status=status)


def tidy_filename(filename: str) -> str:
    """It travels in a header, and the file is public: nothing but plain letters and the ending."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", filename)[-80:].lstrip(".-") or "picture"


class _Uploader(fal_client.SyncClient):  # type: ignore[misc]
    """The library's client with one connection pool, closed at the end; its own opens one for each upload."""

    name_request: NameRequest | None = None

    @cached_property
    def _files(self) -> httpx.Client:
        return httpx.Client(
            headers={"User-Agent": library.USER_AGENT}, timeout=self.default_timeout,
            event_hooks={"request": [self._name_origin]},
        )  # fmt: skip

    def _name_origin(self, request: httpx.Request) -> None:
        """Many threads share the connections; each uploads for a request of its own."""
        request.headers.update(list_origin(self.name_request))

    def _get_cdn_client(self) -> httpx.Client:
        token = self._token_manager.get_token()
        self._files.headers["Authorization"] = f"{token.token_type} {token.token}"
        return self._files

    def forget_token(self) -> None:
        """It is worn out; the next upload fetches a new one."""
        self.__dict__.pop("_token_manager", None)

    def close(self) -> None:
        if "_files" in self.__dict__:
            self._files.close()
