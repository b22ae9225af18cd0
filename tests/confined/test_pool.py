"""What can work in a child process do to us? Nothing but fail."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator

import pytest

from jobs.confined.child import ChildError, Kind
from jobs.confined.limits import MEGABYTE, Limits
from jobs.confined.pool import Pool
from tests.running import wait_until

KIND = Kind(
    tasks="tests.confined.poison",
    limits=Limits(memory_bytes=200 * MEGABYTE, seconds=1, file_bytes=3 * MEGABYTE),
    wall_seconds=30,
    idle_seconds=60,
)


@pytest.fixture
def pool() -> Iterator[Pool]:
    pool = Pool(KIND)
    yield pool
    pool.stop()


def ask(pool: Pool, task: str, **arguments: object) -> dict:
    return pool.run(task, arguments).content["answer"]


def find_pid(pool: Pool) -> int:
    return ask(pool, "look")["pid"]


def is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_it_works(pool: Pool) -> None:
    with tempfile.TemporaryFile() as file:
        file.write(b"content")
        file.flush()
        answer = pool.run("echo", {}, files=[file.fileno()])
    assert answer.content == {"answer": {"read": "content"}}
    assert answer.blob == b"blob"


def test_it_knows_nothing_of_us(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "canary")
    monkeypatch.setenv("FAL_KEY", "canary")
    with tempfile.TemporaryFile() as private:
        os.set_inheritable(private.fileno(), True)
        seen = ask(pool, "look")
    assert "canary" not in str(seen["environment"])
    assert not set(seen["environment"]) & {"DATABASE_URL", "REDIS_URL", "DATA_DIR", "DJANGO_SETTINGS_MODULE", "PATH"}
    assert seen["sockets"] == 1  # to us
    assert seen["folder"] == "/"
    assert seen["modules"] == []


@pytest.mark.skipif(sys.platform != "linux", reason="other systems know fewer limits")
def test_it_is_limited(pool: Pool) -> None:
    limits = ask(pool, "look")["limits"]
    assert limits["AS"] == KIND.limits.memory_bytes
    assert limits["FSIZE"] == KIND.limits.file_bytes
    assert (limits["NOFILE"], limits["CORE"]) == (32, 0)
    assert 0 < limits["CPU"] < 10


def test_it_is_used_again(pool: Pool) -> None:
    assert find_pid(pool) == find_pid(pool)


def test_it_is_replaced_in_time() -> None:
    pool = Pool(KIND, most_uses=2)
    pids = [find_pid(pool) for _ in range(4)]
    pool.stop()
    assert pids[0] == pids[1] != pids[2] == pids[3]
    wait_until(lambda: is_gone(pids[0]), what="the end of a used child")


def test_it_leaves_when_there_is_nothing_to_do() -> None:
    pool = Pool(Kind(tasks=KIND.tasks, limits=KIND.limits, wall_seconds=30, idle_seconds=0.2))
    pid = find_pid(pool)
    wait_until(lambda: is_gone(pid), what="the end of an idle child")
    assert find_pid(pool) != pid
    pool.stop()


@pytest.mark.parametrize(
    ("task", "reason"),
    [("abort", "crash"), ("eat_memory", "memory"), ("burn", "time"), ("fail", "fault"), ("open_much", "fault"),
     ("shout", "crash")],
)  # fmt: skip
def test_harm_ends_the_child_alone(pool: Pool, task: str, reason: str) -> None:
    pid = find_pid(pool)
    with pytest.raises(ChildError) as caught:
        pool.run(task, {})
    assert caught.value.reason == reason
    wait_until(lambda: is_gone(pid), what="the end of the child")
    assert find_pid(pool) != pid


def test_a_child_that_hangs_is_ended() -> None:
    pool = Pool(Kind(tasks=KIND.tasks, limits=KIND.limits, wall_seconds=0.5, idle_seconds=60))
    began = time.monotonic()
    with pytest.raises(ChildError) as caught:
        pool.run("hang", {})
    assert caught.value.reason == "time"
    assert time.monotonic() - began < 20
    pool.stop()


def test_a_file_cannot_grow_without_end(pool: Pool) -> None:
    with tempfile.TemporaryFile() as file:
        with pytest.raises(ChildError) as caught:
            pool.run("write_much", {}, files=[file.fileno()])
        assert os.fstat(file.fileno()).st_size <= KIND.limits.file_bytes
    assert "File too large" in str(caught.value)


def test_a_child_that_somebody_kills_is_not_the_works_fault(pool: Pool) -> None:
    pid = find_pid(pool)
    answers: list[dict] = []
    asking = threading.Thread(target=lambda: answers.append(ask(pool, "echo", said="hello")))
    os.kill(pid, signal.SIGSTOP)  # so that it has the work in hand when it is killed
    asking.start()
    os.kill(pid, signal.SIGKILL)
    asking.join(timeout=30)
    assert answers == [{"said": "hello"}]


def test_two_at_once(pool: Pool) -> None:
    pids = set()
    lock, started = threading.Lock(), threading.Barrier(8)

    def work() -> None:
        started.wait()
        for _ in range(5):
            pid = find_pid(pool)
            with lock:
                pids.add(pid)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert 1 <= len(pids) <= 2


def test_a_fork_has_children_of_its_own(pool: Pool) -> None:
    """RQ forks a process for each doorbell: two of them must not share one child's socket."""
    pid = find_pid(pool)
    read_end, write_end = os.pipe()
    forked = os.fork()
    if forked == 0:
        try:
            os.write(write_end, str(find_pid(pool)).encode())
        finally:
            os._exit(0)
    os.waitpid(forked, 0)
    assert int(os.read(read_end, 100)) != pid
    assert find_pid(pool) == pid
    os.close(read_end)
    os.close(write_end)
