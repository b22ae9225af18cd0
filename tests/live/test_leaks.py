"""What is left after many connects? Nothing: descriptors, threads and memory of the web process are as before."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
import websockets

from tests.pictures import draw_blob, encode_png
from tests.running import Product, run_product, wait_until

pytestmark = pytest.mark.stack

AT_ONCE = 10
MANY, A_GREAT_MANY = 500, 10_000
WARM_UP = 200


@dataclass(frozen=True, kw_only=True)
class Held:
    """What a process holds."""

    descriptors: int
    threads: int
    megabytes: float


@pytest.fixture(scope="module")
def product(tmp_path_factory) -> Iterator[Product]:
    """Without workers' luck: the job that is listened to waits for a queue that nobody works on."""
    with run_product(tmp_path_factory.mktemp("leaks"), workers=1, MAX_STREAMS="40") as running:
        yield running


@pytest.fixture(scope="module")
def web(product) -> int:
    return product.find("uvicorn")[0]


@pytest.fixture(scope="module")
def job(product) -> str:
    with product.client() as client:
        files = {"files": ("mug.png", encode_png(draw_blob(1)), "image/png")}
        return client.post("/api/v1/upload", files=files).json()["job_id"]


def look_at(pid: int) -> Held:
    status = Path(f"/proc/{pid}/status").read_text()
    return Held(
        descriptors=len(list(Path(f"/proc/{pid}/fd").iterdir())),
        threads=int(re.search(r"Threads:\s+(\d+)", status)[1]),
        megabytes=int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024,
    )


class Crowd:
    """Listeners of every kind: who hear and leave, who break off, who are refused."""

    def __init__(self, product: Product, job: str) -> None:
        self.host, self.port = product.url.removeprefix("http://").split(":")
        self.key, self.job = product.key, job
        self.outcomes: Counter[str] = Counter()

    async def come(self, number: int) -> None:
        gate = asyncio.Semaphore(AT_ONCE)
        ways = (self._hear, self._break_off, self._hear_by_socket, self._be_refused, self._be_refused_by_socket)

        async def one(way) -> None:
            async with gate:
                self.outcomes[await way()] += 1

        await asyncio.gather(*(one(ways[turn % len(ways)]) for turn in range(number)))

    async def _ask(self, path: str, *, key: str):
        reader, writer = await asyncio.open_connection(self.host, int(self.port))
        head = f"GET {path} HTTP/1.1\r\nHost: {self.host}\r\nAuthorization: Bearer {key}\r\n\r\n"
        writer.write(head.encode())
        await writer.drain()
        return reader, writer

    async def _hear(self) -> str:
        reader, writer = await self._ask("/api/v1/events", key=self.key)
        async with asyncio.timeout(60):
            text = (await reader.readuntil(b"event: ")).decode()
        writer.close()
        await writer.wait_closed()
        return f"heard {text[9:12]}"

    async def _break_off(self) -> str:
        """Gone before the answer, with a reset."""
        _, writer = await self._ask(f"/api/v1/jobs/{self.job}/events", key=self.key)
        writer.transport.abort()
        return "broke off"

    async def _hear_by_socket(self) -> str:
        headers = {"Authorization": f"Bearer {self.key}"}
        async with websockets.connect(f"ws://{self.host}:{self.port}/ws/jobs/", additional_headers=headers) as socket:
            async with asyncio.timeout(60):
                await socket.recv()
        return "heard by socket"

    async def _be_refused(self) -> str:
        reader, writer = await self._ask(f"/api/v1/jobs/{self.job}/events", key="i2m_nonsense")
        async with asyncio.timeout(60):
            line = (await reader.readline()).decode()
        writer.close()
        await writer.wait_closed()
        return f"refused {line[9:12]}"

    async def _be_refused_by_socket(self) -> str:
        async with websockets.connect(f"ws://{self.host}:{self.port}/ws/nowhere/") as socket:
            with suppress(websockets.ConnectionClosed):
                async with asyncio.timeout(60):
                    async for _ in socket:  # the reason, then the end
                        pass
            return f"closed {socket.close_code}"


def compare(product: Product, web: int, job: str, *, number: int) -> tuple[Held, Held, Crowd]:
    asyncio.run(Crowd(product, job).come(WARM_UP))
    before = wait_for_quiet(web)
    crowd = Crowd(product, job)
    asyncio.run(crowd.come(number))
    return before, wait_for_quiet(web, at_most=before.descriptors), crowd


def wait_for_quiet(pid: int, *, at_most: int | None = None) -> Held:
    """Those who broke off are noticed soon. As many descriptors as before, or the fewest that there are in a while."""
    held = [look_at(pid)]

    def is_quiet() -> bool:
        held.append(look_at(pid))
        if at_most is not None:
            return held[-1].descriptors <= at_most * 1.05
        return len(held) > 60 and held[-1].descriptors == min(one.descriptors for one in held)

    wait_until(is_quiet, what="descriptors to be given back")
    return held[-1]


def check(before: Held, after: Held, crowd: Crowd, *, number: int) -> None:
    assert crowd.outcomes == {
        "heard 200": number // 5,
        "broke off": number // 5,
        "heard by socket": number // 5,
        "refused 401": number // 5,
        "closed 4404": number // 5,
    }
    assert after.descriptors <= before.descriptors * 1.05
    assert after.threads <= before.threads * 1.05 + 2  # a pool may still grow to its size
    assert after.megabytes <= before.megabytes * 1.15


def test_many_connects_leave_nothing(product, web, job):
    before, after, crowd = compare(product, web, job, number=MANY)
    check(before, after, crowd, number=MANY)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_great_many_connects_leave_nothing(product, web, job):
    before, after, crowd = compare(product, web, job, number=A_GREAT_MANY)
    check(before, after, crowd, number=A_GREAT_MANY)


def test_an_oversized_message_closes_its_socket_alone(product):
    async def shout() -> tuple[int, int]:
        headers = {"Authorization": f"Bearer {product.key}"}
        address = product.url.replace("http", "ws") + "/ws/jobs/"
        async with (
            websockets.connect(address, additional_headers=headers) as loud,
            websockets.connect(address, additional_headers=headers) as calm,
        ):
            await calm.recv()
            with pytest.raises(websockets.ConnectionClosed):
                await loud.send("x" * 70_000)
                async with asyncio.timeout(60):
                    while True:
                        await loud.recv()
            pong = await calm.ping()
            await asyncio.wait_for(pong, 60)
            return loud.close_code, 1

    with product.client() as client:
        assert client.get("/api/v1/account").status_code == 200
    code, is_calm_open = asyncio.run(shout())
    assert code == 1009
    assert is_calm_open


def test_who_does_not_read_harms_nobody(product, job):
    """The answers to others stay quick while a reader's buffers are full."""

    async def look() -> list[float]:
        stuck = [await Crowd(product, job)._ask("/api/v1/events", key=product.key) for _ in range(10)]
        for _, writer in stuck:
            writer.transport.pause_reading()
        crowd = Crowd(product, job)
        loop = asyncio.get_running_loop()
        took = []
        for _ in range(10):
            begun = loop.time()
            assert await crowd._hear() == "heard 200"
            took.append(loop.time() - begun)
        for _, writer in stuck:
            writer.transport.abort()
        return took

    with product.client() as client:
        client.get("/api/v1/account")
    assert sorted(asyncio.run(look()))[5] < 2
