"""How does a program use the API? A small typed client: one file to copy, which needs httpx alone.

    client = Client("http://127.0.0.1:8000", key="i2m_…")
    job = client.create_job([Path("chair.png")], formats=["stl"])
    job = client.follow(job["id"], tell=lambda progress: print(progress["progress"]))
    client.download(job, format="stl", folder=Path("models"))

What may be lost on the way is sent again: reading always, new work with an idempotency key, so that it is made once.
When the server says how long to wait, the client does.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, TypedDict, cast

import httpx

Status = Literal["queued", "processing", "completed", "failed", "cancelled"]
OVER: frozenset[Status] = frozenset({"completed", "failed", "cancelled"})
LONGEST_PAUSE = 60.0  # seconds; a server that asks for more gets an ApiError instead


class File(TypedDict):
    id: str
    format: str
    role: Literal["model", "preview", "mask", "raw"]
    filename: str
    url: str
    size: int
    sha256: str
    faces: int | None


class Problem(TypedDict):
    code: str
    message: str
    hint: str
    retryable: bool


class Generation(TypedDict):
    id: str
    job_id: str
    status: Status
    stage: str
    progress: int
    files: list[File]
    error: Problem | None


class Job(TypedDict):
    id: str
    task_id: str
    name: str
    status: Status
    progress: int
    eta_seconds: int | None
    counts: dict[str, int]
    generations: list[Generation]
    urls: dict[str, str]


class Progress(TypedDict):
    status: Status
    progress: int
    message: str
    job_id: str
    eta_seconds: int | None


class Budget(TypedDict):
    limit: str | None
    spent: str
    remaining: str | None
    resets_at: str


class Estimate(TypedDict):
    amount: str | None
    currency: str
    seconds: int | None
    per_generation: str | None
    budget: Budget


class ApiError(Exception):
    """The server said no. ``code`` is for programs, ``request_id`` for those who run the server."""

    def __init__(self, answer: httpx.Response) -> None:
        try:
            told = answer.json()
        except ValueError:  # something between us and the server spoke
            told = {}
        self.status = answer.status_code
        self.code = str(told.get("error_code", "unknown"))
        self.message = str(told.get("message", answer.reason_phrase))
        self.hint = str(told.get("hint", ""))
        self.request_id = str(told.get("request_id", answer.headers.get("X-Request-ID", "")))
        self.details: dict[str, Any] = told.get("details", {})
        self.retry_after = read_seconds(answer.headers.get("Retry-After"))
        super().__init__(f"{self.code}: {self.message} {self.hint}".rstrip() + f" (request {self.request_id})")

    @property
    def may_be_repeated(self) -> bool:
        return self.status in (429, 503) or self.code == "idempotency_in_progress"


class Client:
    """Calls as one user. Safe to use from one thread; closes with ``with``."""

    def __init__(
        self, host: str, *, key: str, tries: int = 5, timeout: float = 90, transport: httpx.BaseTransport | None = None
    ) -> None:
        headers = {"Authorization": f"Bearer {key}"}
        self.tries = tries
        self._http = httpx.Client(base_url=host, headers=headers, timeout=timeout, transport=transport)

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def create_job(
        self,
        pictures: Sequence[Path],
        *,
        formats: Sequence[str] = (),
        wait: int = 0,
        idempotency_key: str = "",
        **fields: str | int,
    ) -> Job:
        """A job of these pictures: by itself at once, with ``wait`` (seconds, at most 60) when it is over.

        ``fields``: ``engine``, ``face_limit``, ``texture``, ``seed``, ``views``, ``name``, ``webhook_url``, …
        """
        form = {name: str(value) for name, value in fields.items()}
        form |= {"formats": ",".join(formats)} if formats else {}
        headers = {"Idempotency-Key": idempotency_key or str(uuid.uuid4())}
        headers |= {"Prefer": f"wait={wait}"} if wait else {}
        answer = self._repeat(lambda: self._upload(pictures, form, headers))
        return self.read_job(answer.json()["job_id"])

    def _upload(self, pictures: Sequence[Path], form: dict[str, str], headers: dict[str, str]) -> httpx.Response:
        """Files are opened anew for each try: a broken one has read a part of them."""
        with ExitStack() as opened:
            files = [("files", (path.name, opened.enter_context(path.open("rb")))) for path in pictures]
            return self._http.post("/api/v1/upload", files=files, data=form, headers=headers)

    def read_job(self, job_id: str) -> Job:
        return cast(Job, self._get(f"/api/v1/jobs/{job_id}").json())

    def list_jobs(self, **filters: str | int) -> Iterator[Job]:
        """All my jobs, the newest first, page after page. ``status``, ``engine``, ``search``, ``created_after``."""
        page = self._get("/api/v1/jobs", params=filters).json()
        yield from cast(list[Job], page["results"])
        while page["next"]:
            page = self._get(page["next"]).json()
            yield from cast(list[Job], page["results"])

    def follow(self, job_id: str, *, tell: Callable[[Progress], None] = lambda progress: None) -> Job:
        """The finished job; ``tell`` hears of every change. A broken stream goes on where it ended."""
        seen = ""
        for pause in self._pauses():
            with suppress(httpx.TransportError):
                for number, progress in self._listen(job_id, after=seen):
                    seen = number
                    tell(progress)
            if (job := self.read_job(job_id))["status"] in OVER:
                return job
            time.sleep(pause)
        raise TimeoutError(f"the stream of job {job_id} broke {self.tries} times")

    def _listen(self, job_id: str, *, after: str) -> Iterator[tuple[str, Progress]]:
        headers = {"Last-Event-ID": after} if after else {}
        with self._http.stream("GET", f"/api/v1/jobs/{job_id}/events", headers=headers) as answer:
            if answer.is_error:
                answer.read()
                raise ApiError(answer)
            number = after
            for line in answer.iter_lines():
                if line.startswith("id: "):
                    number = line[4:]
                elif line.startswith("data: "):
                    yield number, cast(Progress, json.loads(line[6:]))

    def cancel_job(self, job_id: str) -> Job:
        return cast(Job, self._post(f"/api/v1/jobs/{job_id}/cancel").json())

    def retry_job(self, job_id: str) -> Job:
        """Run again what failed or was cancelled."""
        return cast(Job, self._post(f"/api/v1/jobs/{job_id}/retry").json())

    def delete_job(self, job_id: str) -> None:
        self._check(self._http.delete(f"/api/v1/jobs/{job_id}"))

    def estimate(self, *, engine: str = "", count: int = 1, **options: str | int) -> Estimate:
        body = {"count": count, "options": options} | ({"engine": engine} if engine else {})
        return cast(Estimate, self._repeat(lambda: self._http.post("/api/v1/estimate", json=body)).json())

    def download(self, job: Job, *, format: str, folder: Path) -> list[Path]:
        """The models of a job in one format, in ``folder``."""
        folder.mkdir(parents=True, exist_ok=True)
        files = [file for generation in job["generations"] for file in generation["files"]]
        wanted = [file for file in files if file["role"] == "model" and file["format"] == format]
        return [self._save(file, folder / file["filename"]) for file in wanted]

    def _save(self, file: File, path: Path) -> Path:
        path.write_bytes(self._get(file["url"]).content)
        return path

    def _get(self, address: str, *, params: dict[str, str | int] | None = None) -> httpx.Response:
        return self._repeat(lambda: self._http.get(address, params=params))

    def _post(self, address: str) -> httpx.Response:
        """Cancelling and retrying tell a second time that there is nothing left to do: they are not repeated."""
        return self._check(self._http.post(address))

    def _repeat(self, send: Callable[[], httpx.Response]) -> httpx.Response:
        """Send until an answer comes that does not ask to come back."""
        problem: Exception = TimeoutError("no try was allowed")
        for pause in self._pauses():
            try:
                return self._check(send())
            except httpx.TransportError as error:
                problem = error
            except ApiError as error:
                if not error.may_be_repeated or (error.retry_after or 0) > LONGEST_PAUSE:
                    raise
                problem, pause = error, max(pause, error.retry_after or 0)
            time.sleep(pause)
        raise problem

    def _pauses(self) -> Iterator[float]:
        """Growing, in seconds, one after each try."""
        return (min(0.5 * 2**number, LONGEST_PAUSE) for number in range(self.tries))

    def _check(self, answer: httpx.Response) -> httpx.Response:
        if answer.is_error:
            raise ApiError(answer)
        return answer


def read_seconds(header: str | None) -> float | None:
    return float(header) if header and header.isdecimal() else None
