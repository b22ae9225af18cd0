"""How does a test call FAL step by step? Upload, submit, wait, fetch, without any client library."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from typing import Any

import httpx
from PIL import Image, ImageDraw

TRIPO = "tripo3d/tripo/v2.5/image-to-3d"
Answer = dict[str, Any]


def draw_picture(number: int = 0, *, side: int = 160, kind: str = "PNG") -> bytes:
    """A picture that differs for each number, also in its look."""
    image = Image.new("RGB", (side, side), (245, 245, 245))
    place = 10 + number * 17 % (side - 80)
    outline = (place, 20, place + 60, side - 20 - number % 3 * 20)
    ImageDraw.Draw(image).ellipse(outline, fill=(30 + number * 40 % 200, 90, 160))
    file = io.BytesIO()
    image.save(file, kind)
    return file.getvalue()


class Caller:
    def __init__(self, http: httpx.Client) -> None:
        self.http = http

    def get_token(self) -> str:
        response = self.http.post("/storage/auth/token?storage_type=fal-cdn-v3", json={})
        token: str = response.raise_for_status().json()["token"]
        return token

    def upload(self, content: bytes, *, name: str = "picture.png", **headers: str) -> httpx.Response:
        sent = {"Authorization": f"Bearer {self.get_token()}", "Content-Type": "image/png", "X-Fal-File-Name": name}
        return self.http.post("/files/upload", content=content, headers={**sent, **headers})

    def upload_picture(self, number: int = 0) -> str:
        url: str = self.upload(draw_picture(number)).raise_for_status().json()["access_url"]
        return url

    def submit(
        self, endpoint: str = TRIPO, *, query: str = "", headers: dict[str, str] | None = None, **arguments: Any
    ) -> Answer:
        """An accepted submit; without a picture of its own it takes a fresh one."""
        response = self.post(endpoint, query=query, headers=headers, **arguments)
        answer: Answer = response.raise_for_status().json()
        return answer

    def post(
        self, endpoint: str = TRIPO, *, query: str = "", headers: dict[str, str] | None = None, **arguments: Any
    ) -> httpx.Response:
        if not any(name.endswith(("_url", "_urls")) for name in arguments):
            arguments["image_url"] = self.upload_picture()
        return self.http.post(f"/{endpoint}{query}", json=arguments, headers=headers)

    def get_status(self, job: Answer, *, logs: str = "1") -> Answer:
        status: Answer = self.http.get(job["status_url"], params={"logs": logs}).json()
        return status

    def wait(self, job: Answer, *, state: str = "COMPLETED") -> Answer:
        status: Answer = wait_until(lambda: self.get_status(job), lambda status: status["status"] == state)
        return status

    def get_result(self, job: Answer) -> httpx.Response:
        """The answer of the result, once the request is over."""
        self.wait(job)
        return self.http.get(job["response_url"])


def wait_until(look: Callable[[], Any], is_right: Callable[[Any], bool], *, timeout: float = 60.0) -> Any:
    deadline = time.monotonic() + timeout
    while not is_right(value := look()):
        assert time.monotonic() < deadline, f"still {value}"
        time.sleep(0.01)
    return value
