"""What can be asked of FAL? Every call of the product, on one event loop, with typed answers and errors."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from .answers import CancelAnswer, Download, HistoryEntry, Result, Status, UnitPrice
from .classify import classify_call, classify_result, classify_submit
from .download import MAX_FILE_BYTES, fetch_file
from .errors import OutcomeUnknown
from .hosts import FalHosts, check_request_id
from .reading import Answer, misread, read_history, read_price, read_status
from .secret import Secret
from .wire import UNKNOWN_HINT, UNKNOWN_MESSAGE, Limits, NameRequest, Observe, Wire

if TYPE_CHECKING:
    from .storage import Storage

_MOST_PAGES = 20
_PAGE_SIZE = "100"


class FalClient:
    """``async with FalClient(key) as fal:``; any call may raise ``AccountProblem`` besides what it names."""

    def __init__(
        self, key: str, *, hosts: FalHosts | None = None, limits: Limits | None = None, observe: Observe | None = None,
        name_request: NameRequest | None = None,
    ) -> None:  # fmt: skip
        self._name_request = name_request
        self.hosts = hosts or FalHosts()
        self.limits = limits or Limits()
        self._key = Secret(key)
        self._wire = Wire(self._key, limits=self.limits, observe=observe, name_request=name_request)
        self._storage: Storage | None = None

    async def __aenter__(self) -> Self:
        await self._wire.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._wire.close()
        if self._storage is not None:
            self._storage.close()

    async def upload(self, data: bytes, *, content_type: str, filename: str, lifetime_seconds: int) -> str:
        """Store a picture at FAL; its public address, new each time. Raises ``Rejected`` or ``Transient``."""
        with self._wire.measure("upload"):
            return await asyncio.to_thread(
                self._get_storage().upload, data, content_type=content_type, filename=filename,
                lifetime_seconds=lifetime_seconds,
            )  # fmt: skip

    async def submit(
        self, endpoint: str, arguments: dict[str, Any], *, webhook_url: str | None, output_lifetime_seconds: int
    ) -> str:
        """One POST, which costs money once it is accepted; the request id.

        Raises ``NotSent`` (may be sent again later), ``Rejected`` or ``OutcomeUnknown`` (must not be sent again).
        Cancelled while it waits, the outcome is unknown too.
        """
        lifecycle = json.dumps({"expiration_duration_seconds": output_lifetime_seconds})
        answer = await self._wire.post_once(
            self.hosts.submit_url(endpoint, webhook_url=webhook_url),
            body=arguments,
            headers={"X-Fal-Object-Lifecycle-Preference": lifecycle},
        )
        if not answer.is_ok:
            raise classify_submit(answer)
        try:
            return check_request_id((answer.read_object() or {}).get("request_id"))
        except ValueError:
            detail = "the answer names no request"
        raise OutcomeUnknown("provider_outcome_unknown", UNKNOWN_MESSAGE, hint=UNKNOWN_HINT, detail=detail)

    async def status(self, endpoint: str, request_id: str) -> Status:
        """How far a request is. Raises ``Transient`` or ``Gone``."""
        url = self.hosts.request_url(endpoint, request_id, action="status")
        answer = await self._get(f"{url}?logs=1", operation="status", names_request=True)
        return read_status(answer, request_id=request_id)

    async def result(self, endpoint: str, request_id: str) -> Result:
        """The model's answer, once the status is completed.

        Raises ``NotReady``, ``Transient``, ``Gone`` or ``Failed``.
        """
        answer = await self._wire.call("GET", self.hosts.request_url(endpoint, request_id), operation="result")
        if not answer.is_ok:
            raise classify_result(answer)
        payload = answer.read_object()
        if payload is None:
            raise misread("a result that is no JSON object")
        return Result(payload=payload, billable_units=answer.read_units())

    async def cancel(self, endpoint: str, request_id: str) -> CancelAnswer:
        """Ask FAL to stop. It may run on and charge: follow the request until it is completed. Raises ``Transient``."""
        url = self.hosts.request_url(endpoint, request_id, action="cancel")
        answer = await self._wire.call("PUT", url, operation="cancel")
        if answer.is_ok:
            return "requested"
        if answer.status == 400:
            return "completed"
        if answer.status == 404:
            return "not_found"
        raise classify_call(answer)

    async def delete_result(self, request_id: str) -> None:
        """Have FAL delete what a request gave, and its files. Raises ``Transient``. What it has not is gone, too."""
        url = self.hosts.payloads_url(request_id)
        answer = await self._wire.call("DELETE", url, operation="delete")
        if not answer.is_ok and answer.status != 404:
            raise classify_call(answer, names_request=False)

    async def find_requests(
        self, endpoint: str, *, since: datetime, until: datetime | None = None
    ) -> list[HistoryEntry]:
        """The account's requests that ended in this time, with what was sent. Raises ``Transient``."""
        window = {"start": _write_time(since), **({"end": _write_time(until)} if until else {})}
        entries: list[HistoryEntry] = []
        cursor = ""
        for _ in range(_MOST_PAGES):
            query = {"endpoint_id": endpoint, "expand": "payloads", "limit": _PAGE_SIZE, **window}
            url = self.hosts.platform_url("requests/by-endpoint", **query, **({"cursor": cursor} if cursor else {}))
            page = (await self._get(url, operation="history")).read_object()
            if page is None or not isinstance(page.get("items"), list):
                raise misread("a history without items")
            entries += [entry for item in page["items"] if (entry := read_history(item))]
            cursor = str(page.get("next_cursor") or "")
            if not page.get("has_more") or not cursor:
                break
        return entries

    async def price(self, endpoint: str) -> UnitPrice | None:
        """FAL's price of today; ``None`` when it does not name one. Raises ``Transient``."""
        url = self.hosts.platform_url("pricing", endpoint_id=endpoint)
        answer = await self._wire.call("GET", url, operation="price")
        if answer.status == 404:
            return None
        if not answer.is_ok:
            raise classify_call(answer, names_request=False)
        return read_price(answer.read_json(), endpoint=endpoint)

    async def probe(self) -> None:
        """Is the key accepted and FAL there? Costs nothing. Raises ``AccountProblem`` or ``Transient``."""
        answer = await self._wire.call("POST", self.hosts.token_url, operation="probe", body={})
        if not answer.is_ok:
            raise classify_call(answer, names_request=False)
        if not (answer.read_object() or {}).get("token"):
            raise misread("no storage token")

    async def download(self, url: str, path: Path, *, max_bytes: int = MAX_FILE_BYTES) -> Download:
        """Fetch a result's file without the key; it is at ``path`` only when it is whole. Raises ``DownloadError``."""
        with self._wire.measure("download"):
            return await fetch_file(self._wire, self.hosts, url, path, max_bytes=max_bytes)

    async def _get(self, url: str, *, operation: str, names_request: bool = False) -> Answer:
        answer = await self._wire.call("GET", url, operation=operation)
        if not answer.is_ok:
            raise classify_call(answer, names_request=names_request)
        return answer

    def _get_storage(self) -> Storage:
        if self._storage is None:
            # Imported late: it loads fal_client and httpx, which only uploads need.
            from .storage import Storage

            self._storage = Storage(
                self._key,
                hosts=self.hosts,
                timeout_seconds=self.limits.upload_seconds,
                name_request=self._name_request,
            )
        return self._storage


def _write_time(moment: datetime) -> str:
    if moment.tzinfo is None:
        raise ValueError("a time without zone")
    return moment.astimezone(UTC).isoformat()
