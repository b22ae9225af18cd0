"""docs/examples: does the client for copying do what it says, against the running product?"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from docs.examples.image2model_client import ApiError, Client
from tests.running import ROOT, Product

EXAMPLES = ROOT / "docs" / "examples"
DUCK, LAMP, MUG = (ROOT / "static" / "samples" / name for name in ("duck.png", "lamp.png", "mug.jpg"))

pytestmark = [pytest.mark.stack, pytest.mark.timeout(180)]


class Unreliable(httpx.HTTPTransport):
    """Loses the first answers to calls whose address ends like this, after the server has done its work."""

    def __init__(self, ending: str, *, losses: int = 1) -> None:
        super().__init__()
        self.ending, self.losses, self.sent = ending, losses, 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = super().handle_request(request)
        if request.url.path.endswith(self.ending):
            self.sent += 1
            if self.sent <= self.losses:
                answer.close()
                raise httpx.ReadError("the line went dead", request=request)
        return answer


@pytest.fixture
def client(product: Product) -> Iterator[Client]:
    with connect(product) as client:
        yield client


def connect(product: Product, transport: httpx.BaseTransport | None = None) -> Client:
    product.client().close()  # makes the key
    return Client(product.url, key=product.key, transport=transport)


def test_it_works(client: Client, tmp_path: Path) -> None:
    heard = []

    job = client.create_job([DUCK, LAMP], engine="local", formats=["stl"], name="Two of them")
    job = client.follow(job["id"], tell=heard.append)

    assert (job["status"], job["progress"], job["name"]) == ("completed", 100, "Two of them")
    assert heard[-1]["status"] == "completed"
    assert [progress["progress"] for progress in heard] == sorted(progress["progress"] for progress in heard)
    paths = client.download(job, format="stl", folder=tmp_path / "models")
    assert sorted(path.name for path in paths) == ["duck.stl", "lamp.stl"]
    assert all(path.stat().st_size > 1000 for path in paths)


def test_the_script_works(product: Product, tmp_path: Path) -> None:
    product.client().close()
    environment = {**os.environ, "IMAGE2MODEL_KEY": product.key}
    command = [sys.executable, str(EXAMPLES / "make_models.py"), str(DUCK), str(MUG), "--host", product.url]
    command += ["--formats", "obj", "--out", str(tmp_path)]

    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert "100 %" in done.stdout
    assert {path.name for path in tmp_path.iterdir()} == {"duck.glb", "duck.obj.zip", "mug.glb", "mug.obj.zip"}


def test_the_script_tells_what_was_refused(product: Product, tmp_path: Path) -> None:
    command = [sys.executable, str(EXAMPLES / "make_models.py"), str(DUCK), "--host", product.url]

    done = subprocess.run(
        command,
        env={**os.environ, "IMAGE2MODEL_KEY": "i2m_no"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert "invalid_api_key" in done.stderr


def test_waiting_in_the_call(client: Client) -> None:
    job = client.create_job([DUCK], wait=60)

    assert job["status"] == "completed"


def test_estimate(client: Client) -> None:
    estimate = client.estimate(engine="local", count=3, face_limit=5000)

    assert (estimate["amount"], estimate["currency"]) == ("0.00", "USD")
    assert estimate["seconds"]
    assert estimate["budget"]["spent"]


def test_cancel_and_retry(client: Client) -> None:
    jobs = [client.create_job([MUG, LAMP, DUCK], face_limit=200_000) for _ in range(2)]

    cancelled = client.cancel_job(jobs[1]["id"])
    assert cancelled["counts"]["cancelled"] > 0
    again = client.retry_job(cancelled["id"])
    assert again["status"] in ("queued", "processing")

    assert client.follow(again["id"])["status"] == "completed"
    assert client.follow(jobs[0]["id"])["status"] == "completed"


def test_list_and_delete(client: Client) -> None:
    made = [client.create_job([DUCK], name="For the list")["id"] for _ in range(3)]

    listed = [job["id"] for job in client.list_jobs(search="For the list", limit=2)]  # so there are two pages
    assert listed == made[::-1]
    client.delete_job(made[0])

    assert [job["id"] for job in client.list_jobs(search="For the list")] == made[:0:-1]


def test_an_error_has_everything_that_the_server_told(client: Client) -> None:
    with pytest.raises(ApiError) as caught:
        client.create_job([DUCK], engine="local", face_limit=1)

    error = caught.value
    assert (error.status, error.code) == (400, "invalid_parameter")
    assert error.details == {"parameter": "face_limit"}
    assert len(error.request_id) == 32
    assert error.message in str(error)
    assert error.request_id in str(error)


def test_an_unknown_option_has_a_hint(client: Client) -> None:
    with pytest.raises(ApiError, match="unknown_parameter") as caught:
        client.estimate(engine="local", colour="red")

    assert "face_limit" in caught.value.hint


def test_a_lost_answer_makes_no_second_job(product: Product, client: Client) -> None:
    line = Unreliable("/upload", losses=2)
    with connect(product, line) as unlucky:
        job = unlucky.create_job([DUCK], name="Made once")

    assert line.sent == 3
    assert [each["id"] for each in client.list_jobs(search="Made once")] == [job["id"]]


def test_a_broken_stream_goes_on(product: Product) -> None:
    line = Unreliable("/events")
    with connect(product, line) as unlucky:
        job = unlucky.create_job([DUCK])
        assert unlucky.follow(job["id"])["status"] == "completed"

    assert line.sent <= 2  # it may be over before the second


def test_it_gives_up_at_last(product: Product) -> None:
    product.client().close()
    line = Unreliable("/estimate", losses=9)
    with Client(product.url, key=product.key, tries=2, transport=line) as unlucky, pytest.raises(httpx.ReadError):
        unlucky.estimate()

    assert line.sent == 2


def test_it_comes_back_when_it_was_told_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """No product can be brought to say this on demand: here a transport does."""
    answers = [
        httpx.Response(429, json={"error_code": "rate_limited", "message": "Too often."}, headers={"Retry-After": "7"}),
        httpx.Response(503, text="<html>the proxy speaks</html>", headers={"Retry-After": "2"}),
        httpx.Response(200, json={"amount": "0.00"}),
    ]
    slept: list[float] = []
    monkeypatch.setattr("docs.examples.image2model_client.time.sleep", slept.append)
    with Client("http://127.0.0.1", key="", transport=httpx.MockTransport(lambda request: answers.pop(0))) as client:
        assert client.estimate()["amount"] == "0.00"

    assert slept == [7, 2]


def test_it_does_not_wait_for_hours() -> None:
    answer = httpx.Response(429, json={"error_code": "rate_limited"}, headers={"Retry-After": "7200"})
    with (
        Client("http://127.0.0.1", key="", transport=httpx.MockTransport(lambda request: answer)) as client,
        pytest.raises(ApiError, match="rate_limited") as caught,
    ):
        client.estimate()

    assert caught.value.retry_after == 7200


def test_its_types_are_strict(tmp_path: Path) -> None:
    settings = tmp_path / "mypy.ini"
    settings.write_text("[mypy]\nstrict = True\n")
    command = [sys.executable, "-m", "mypy", "--config-file", str(settings), "--cache-dir", str(tmp_path), "."]
    done = subprocess.run(command, cwd=EXAMPLES, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout
