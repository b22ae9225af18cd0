"""What did the clients see? Callers who write down every request and what came of it, and who never give up."""

from __future__ import annotations

import hashlib
import json
import random
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import Any
from uuid import uuid4

import httpx

from tests.pictures import draw_blob, encode_png

TERMINAL = ("completed", "failed", "cancelled")


@dataclass(kw_only=True)
class Said:
    """One request and its answer. ``status`` is 0 when there was none."""

    number: int
    at: float
    who: str
    method: str
    path: str
    key: str = ""
    status: int = 0
    seconds: float = 0.0
    error_code: str = ""
    retry_after: str = ""
    body: Any = None
    sha256: str = ""
    trouble: str = ""


@dataclass
class History:
    """Everything that all clients saw, in order."""

    said: list[Said] = field(default_factory=list)
    started: float = field(default_factory=time.monotonic)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, **what: Any) -> Said:
        with self._lock:
            entry = Said(number=len(self.said), at=time.monotonic() - self.started, **what)
            self.said.append(entry)
        return entry

    def tell(self, last: int = 40) -> str:
        return "\n".join(json.dumps(asdict(each), default=str)[:400] for each in self.said[-last:])


@dataclass(kw_only=True, eq=False)
class Caller:
    """A user of the API with a key."""

    name: str
    url: str
    api_key: str
    history: History
    patience: float = 60.0

    def __post_init__(self) -> None:
        headers = {"Authorization": f"Bearer {self.api_key}"}
        self._client = httpx.Client(base_url=self.url, headers=headers, timeout=20, trust_env=False)

    def close(self) -> None:
        self._client.close()

    def call(self, method: str, path: str, *, key: str = "", **more: Any) -> Said:
        """Once, whatever comes of it."""
        said = self.history.begin(who=self.name, method=method, path=path, key=key)
        headers = {"Idempotency-Key": key} if key else {}
        started = time.monotonic()
        try:
            answer = self._client.request(method, path, headers=headers, **more)
        except httpx.TransportError as error:
            said.trouble = f"{type(error).__name__}: {error}"
        else:
            _note(said, answer)
        said.seconds = round(time.monotonic() - started, 3)
        return said

    def insist(self, method: str, path: str, *, key: str = "", **more: Any) -> Said:
        """Again and again until it is answered with something other than trouble of the server's."""
        end = time.monotonic() + self.patience
        while True:
            said = self.call(method, path, key=key, **more)
            if said.status and said.status not in (429, 500, 502, 503):
                return said
            assert time.monotonic() < end, f"{method} {path} was never answered: {said}"
            time.sleep(0.1)  # the pace of asking

    def send(
        self, numbers: Sequence[int], *, key: str = "", once: bool = False, engine: str = "", **fields: str
    ) -> Said:
        """Upload these pictures under an idempotency key, which a repetition bears, too."""
        files = [
            ("files", (f"picture-{number}.png", encode_png(draw_blob(number, size=96)), "image/png"))
            for number in numbers
        ]
        data = {**({"engine": engine} if engine else {}), **fields}
        verb = self.call if once else self.insist
        return verb("POST", "/api/v1/upload", key=key or uuid4().hex, files=files, data=data)

    def look(self, job_id: str) -> dict[str, Any] | None:
        said = self.call("GET", f"/api/v1/jobs/{job_id}")
        return said.body if said.status == 200 else None

    def is_over(self, job_id: str) -> bool:
        job = self.look(job_id)
        return bool(job) and job["status"] in TERMINAL  # type: ignore[index]

    def download_some(self, dice: random.Random, job: dict[str, Any]) -> Said | None:
        """A model of a finished job: its bytes must be what its row says."""
        files = [each for generation in job["generations"] for each in generation["files"]]
        if not files:
            return None
        chosen = dice.choice(files)
        said = self.call("GET", httpx.URL(chosen["url"]).path)
        if said.status == 200:
            said.body = {"told_sha256": chosen["sha256"], "told_size": chosen["size"]}
        return said


def _note(said: Said, answer: httpx.Response) -> None:
    said.status, said.retry_after = answer.status_code, answer.headers.get("retry-after", "")
    if answer.headers.get("content-type", "").startswith("application/json"):
        with suppress(json.JSONDecodeError):
            said.body = answer.json()
        if isinstance(said.body, dict):
            said.error_code = str(said.body.get("error_code", ""))
    else:
        said.sha256 = hashlib.sha256(answer.content).hexdigest()
