"""A process has too few file descriptors: is it said, is nothing half done, does it recover by itself? (fault 42)"""

from __future__ import annotations

import itertools
import os
import resource
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.chaos.checker import judge
from tests.chaos.client import Caller, Said
from tests.chaos.conftest import Scene
from tests.images.files import pad
from tests.pictures import draw_blob, encode_png

pytestmark = [pytest.mark.stack, pytest.mark.chaos, pytest.mark.timeout(400)]
ENGINE = "tripo-v2.5"
CLIENTS, DESCRIPTORS = 50, 64
MOST_FREE = 16  # with so many left, an upload goes through
TICKS = os.sysconf("SC_CLK_TCK")


def list_open(pid: int) -> list[int]:
    return sorted(int(path.name) for path in Path(f"/proc/{pid}/fd").iterdir())


@contextmanager
def limit(pid: int, *, most: int) -> Iterator[None]:
    """The process opens no descriptor from this number on; what is open stays so."""
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (most, before[1]))
    try:
        yield
    finally:
        with suppress(ProcessLookupError):  # it has ended meanwhile
            resource.prlimit(pid, resource.RLIMIT_NOFILE, before)


@contextmanager
def leave(pid: int, *, free: int) -> Iterator[None]:
    """The process can open so many more."""
    with ExitStack() as limited:
        with suppress(FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
            taken = set(list_open(pid))
            unused = (number for number in itertools.count() if number not in taken)
            limited.enter_context(limit(pid, most=next(itertools.islice(unused, free, None))))
        yield


def find_pid(scene: Scene, name: str) -> int:
    """Of a process that runs; a worker may have ended for want of a descriptor, and is started again."""
    part = scene.stack.parts[name]
    scene.stack.wait_until(lambda: part.is_alive, what=f"{name} to run")
    assert part.process is not None
    return part.process.pid


def read_processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def assert_is_clear(said: Said) -> None:
    """Taken, refused for now, or not even heard: never a fault."""
    assert said.status in (0, 200, 503), said
    assert said.status != 503 or int(said.retry_after) > 0


def send_large(alice: Caller, number: int) -> Said:
    """One that does not fit into memory and goes over the disk."""
    data = pad(encode_png(draw_blob(number, size=96)), size=3_000_000)
    files = [("files", (f"{each}.png", data, "image/png")) for each in range(2)]
    return alice.call("POST", "/api/v1/upload", key=f"large-{number}", files=files, data={"engine": "local"})


def test_every_number_that_web_may_have_left(scene: Scene):
    """From none to enough for an upload: whatever cannot be opened is told, and what is refused leaves nothing."""
    alice, stack = scene.caller(), scene.stack
    kept = alice.send(scene.fresh(), engine="local").body["job_id"]
    stack.wait_until(lambda: alice.is_over(kept), what="a model")
    for free in range(MOST_FREE):
        stack.note(f"web may open {free} more")
        with leave(find_pid(scene, "web"), free=free):
            said = [alice.send(scene.fresh(2), engine="local", once=True), send_large(alice, free)]
            said += [alice.call("GET", "/api/v1/jobs"), alice.call("GET", f"/api/v1/jobs/{kept}/download.zip")]
        for each in said:
            assert_is_clear(each)
        assert alice.insist("GET", f"/api/v1/jobs/{kept}").status == 200
    assert stack.parts["web"].starts == 1
    assert said[0].status == 200
    judge(stack, scene.history)


def test_fifty_clients_and_64_descriptors(scene: Scene):
    """Those who find no room wait or are sent away; it costs no processor, and is over when they have gone."""
    alice, stack = scene.caller(), scene.stack
    web, place = find_pid(scene, "web"), urlsplit(alice.url)
    most = max(DESCRIPTORS, list_open(web)[-1] + 8)
    with limit(web, most=most), ExitStack() as crowd:
        for _ in range(max(CLIENTS, most)):
            with suppress(OSError):
                crowd.enter_context(socket.create_connection((str(place.hostname), place.port), timeout=2))
        stack.wait_until(lambda: len(list_open(web)) >= most - 1, what="web to be full")
        used, began = read_processor_seconds(web), time.monotonic()
        stack.wait_for(3.0)
        share = (read_processor_seconds(web) - used) / (time.monotonic() - began)
        assert_is_clear(alice.call("GET", "/api/v1/jobs"))
        crowd.close()
        job_id = alice.send(scene.fresh(), engine="local").body["job_id"]
    assert share < 0.5, f"it took {share:.0%} of a processor while it was full"
    stack.wait_until(lambda: alice.is_over(job_id), what="the job")
    assert stack.parts["web"].starts == 1
    judge(stack, scene.history)


@pytest.mark.parametrize("name", ["local", pytest.param("fal", marks=pytest.mark.slow),
                                  pytest.param("post", marks=pytest.mark.slow)])  # fmt: skip
def test_a_worker_that_can_open_little(scene: Scene, name: str):
    """Nothing fails for it: the work goes back into the queue and is done when there is room."""
    alice, stack = scene.caller(), scene.stack
    engine = "local" if name == "local" else ENGINE
    jobs = []
    for free in (0, 1, 2, 4, 8):
        stack.note(f"{name} may open {free} more")
        worker = find_pid(scene, name)
        with leave(worker, free=free):
            jobs.append(alice.send(scene.fresh(), engine=engine).body["job_id"])
            stack.wait_for(1.5)
    for job_id in jobs:
        stack.wait_until(lambda job_id=job_id: alice.is_over(job_id), what="the job")
    evidence = judge(stack, scene.history)
    ends = {str(row["job_id"]): row["status"] for row in evidence.rows["generations"]}
    assert {ends[job_id] for job_id in jobs} == {"completed"}
