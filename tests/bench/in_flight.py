"""How well are many generations followed at once? All of them at a virtual FAL that takes so long for each.

python tests/bench/in_flight.py --count 200 --seconds 20

Real workers (two of ``fal``, one of ``watch``, one of ``post``) with their own Valkey and SQLite, ``FAL_CONCURRENCY``
lifted, GLBs of 0.5 MB. The clock runs from the first doorbell until every model is stored; previews are told apart.
Beside it the same work with a blocking call in each of four workers, for 60 pictures. The last line is how many times
as many pictures in a second the product makes.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

ENGINE = "tripo-v2.5"
JOB_SIZE = 25
USERS = 4
WORKERS = (("fal", "watch", "--count", "2"), ("post",))  # as ``bin/up`` starts them, with one more for FAL
WORKERS_COUNT, FAL_WORKERS = 4, 2
STARTING_SECONDS = 120
PICTURE_SIDE = 96
MEMORY_LIMIT_MB = 400
BLOCKING_WORKERS = 4
POLL_SECONDS = 2.0
MEASURING_SECONDS = 1.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--blocking", type=int, default=60, help="pictures of the blocking workers; 0 leaves them out")
    parser.add_argument("--previews", action="store_true", help="wait for all previews, too")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="in-flight-") as name:
        measure(Path(name), arguments)


def measure(folder: Path, arguments: argparse.Namespace) -> None:
    from tests.servers import run_valkey
    from tests.virtual_fal.running import run_virtual_fal

    with (
        run_valkey(folder) as redis_url,
        run_virtual_fal(run_seconds=arguments.seconds, concurrency=0, proxy_port=None) as fal,
    ):
        set_up(folder, redis_url=redis_url, key=fal.key, base_url=fal.base_url)
        make_jobs(arguments.count)
        fal_before = read_processor(fal.pid)
        ours = run_product(arguments)
        print(f"  the virtual FAL itself: {read_processor(fal.pid) - fal_before:.1f} s of the processor")
        sent = fal.count_submits(by="picture_url")
        assert len(sent) == sum(sent.values()) == arguments.count, "every picture is sent once"
        if arguments.blocking:
            fal.reset()
            blocking = run_blocking(arguments.blocking)
            print(
                f"blocking: {arguments.blocking} pictures with {BLOCKING_WORKERS} workers in {blocking:.1f} s"
                f" ({blocking / arguments.blocking:.2f} s each)"
            )
            print(f"ratio: {(blocking / arguments.blocking) / (ours / arguments.count):.2f}")


def set_up(folder: Path, *, redis_url: str, key: str, base_url: str) -> None:
    from image2model.configuration import SETTINGS

    for setting in SETTINGS:
        os.environ.pop(setting.name, None)
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "image2model.settings",
        "DATA_DIR": str(folder / "data"),
        "REDIS_URL": redis_url,
        "FAL_KEY": key,
        "FAL_BASE_URL": base_url,
        "FAL_CONCURRENCY": "100000",
        "SECRET_KEY": "only-for-measuring-0123456789-0123456789-0123456789",
    }
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)


def make_jobs(count: int) -> None:
    """Queued jobs of several users. FAL is paused, so that no worker begins before the clock runs."""
    from accounts.models import User
    from jobs import services
    from jobs.models import Provider
    from jobs.services.fal import provider
    from tests.pictures import draw_blob, encode_png

    provider.publish_offer()
    Provider.objects.update(paused_reason="locked", next_probe_at="2100-01-01T00:00Z")
    users = [User.objects.create(email=f"user{number}@example.org") for number in range(USERS)]
    pictures = [encode_png(draw_blob(number, size=PICTURE_SIDE)) for number in range(JOB_SIZE)]
    for first in range(0, count, JOB_SIZE):
        stored = store(users[first // JOB_SIZE % USERS], pictures[: count - first])
        items = [services.Item(views={"front": image}) for image in stored]
        services.submit_job(stored[0].image.owner, items=items, wishes=services.Wishes(engine=ENGINE))


def store(owner: object, pictures: list[bytes]) -> list:
    import io

    from jobs import services

    uploads = [
        services.Upload(filename=f"picture-{number}.png", file=io.BytesIO(data)) for number, data in enumerate(pictures)
    ]
    return services.store_images(owner, uploads=uploads)


def run_product(arguments: argparse.Namespace) -> float:
    """Seconds until every model was stored."""
    from jobs import queue
    from jobs.models import Attempt, Generation
    from jobs.services.fal import breaker

    with run_workers() as pids:
        begin, before = time.monotonic(), [read_processor(pid) for pid in pids]
        breaker.reset(actor="measurement")
        for _ in range(FAL_WORKERS):
            queue.ring(queue.FAL)
        memory: list[float] = [0.0] * len(pids)
        took: dict[str, float] = {}
        steps: dict[str, Callable[[], int]] = {
            "sent": lambda: Attempt.objects.exclude(accepted_at=None).count(),
            "over at FAL": lambda: Attempt.objects.exclude(ready_at=None).count(),
            "stored": lambda: Attempt.objects.exclude(collected_at=None).count(),
        }
        measured_at = begin
        while "stored" not in took:
            if time.monotonic() >= measured_at + MEASURING_SECONDS:  # reading it takes the processor away from others
                measured_at = time.monotonic()
                memory = max(memory, [measure_memory(pid) for pid in pids], key=sum)
            for name, look in steps.items():
                if name not in took and look() >= arguments.count:
                    took[name] = time.monotonic() - begin
            assert time.monotonic() - begin < 10 * arguments.seconds + 120, "it takes too long"
            time.sleep(0.3)  # the pace of asking
        processor = [read_processor(pid) - spent for pid, spent in zip(pids, before, strict=True)]
        polls = sum(Attempt.objects.values_list("polls", flat=True))
        print(", ".join(f"{name} after {seconds:.1f} s" for name, seconds in took.items()))
        print(
            f"{arguments.count} × {arguments.seconds:g} s: {took['stored']:.1f} s,"
            f" {took['stored'] / arguments.seconds:.2f} × the ideal; {sum(memory):.0f} MB of {MEMORY_LIMIT_MB};"
            f" {sum(processor):.1f} s of the processor; {polls} polls; load {os.getloadavg()[0]:.1f}"
        )
        for words, megabytes, seconds in zip(WORKERS, memory, processor, strict=True):
            print(f"  work {' '.join(words):<20} {megabytes:4.0f} MB {seconds:5.1f} s")
        if arguments.previews:
            while Generation.objects.exclude(status="completed").exists():
                time.sleep(0.3)  # the pace of asking
            print(f"previews of all after {time.monotonic() - begin:.1f} s")
    return took["stored"]


@contextmanager
def run_workers() -> Iterator[list[int]]:
    from jobs.models import WorkerHeartbeat

    command = [sys.executable, "manage.py", "work"]
    log = (Path(os.environ["DATA_DIR"]) / "workers.log").open("w")
    processes = [
        subprocess.Popen([*command, *words], cwd=ROOT, stdout=log, stderr=subprocess.STDOUT) for words in WORKERS
    ]
    end = time.monotonic() + STARTING_SECONDS
    try:
        while WorkerHeartbeat.objects.count() < WORKERS_COUNT:
            assert time.monotonic() < end, "the workers do not start"
            time.sleep(0.1)  # the pace of asking
        yield [process.pid for process in processes]
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(timeout=60)
        log.close()


def measure_memory(worker: int) -> float:
    from tests import running

    total = 0.0
    for pid in [worker, *running.find_descendants(worker)]:
        try:
            total += running.measure_memory([pid])
        except (OSError, TypeError):  # a work horse that has ended meanwhile
            continue
    return total


def read_processor(worker: int) -> float:
    """Seconds of a worker, of its children, and of theirs that have ended."""
    from tests import running

    total = 0
    for pid in [worker, *running.find_descendants(worker)]:
        with suppress(OSError):  # it has ended meanwhile
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            total += sum(int(field) for field in fields[11:15])
    return total / os.sysconf("SC_CLK_TCK")


def run_blocking(count: int) -> float:
    """The same pictures by processes that wait for each."""
    begin = time.monotonic()
    shares = [count // BLOCKING_WORKERS + (number < count % BLOCKING_WORKERS) for number in range(BLOCKING_WORKERS)]
    command = [sys.executable, str(Path(__file__).resolve()), "--share"]
    processes = [subprocess.Popen([*command, str(share)], cwd=ROOT) for share in shares]
    for process in processes:
        assert process.wait() == 0
    return time.monotonic() - begin


async def wait_for_each(share: int) -> None:
    from jobs.engines.fal import FalClient, FalHosts
    from tests.pictures import draw_blob, encode_png

    endpoint, picture = "tripo3d/tripo/v2.5/image-to-3d", encode_png(draw_blob(1, size=PICTURE_SIDE))
    hosts = FalHosts.from_base_url(os.environ["FAL_BASE_URL"])
    place = Path(os.environ["DATA_DIR"]) / f"blocking-{os.getpid()}.glb"
    async with FalClient(os.environ["FAL_KEY"], hosts=hosts) as fal:
        for _ in range(share):
            url = await fal.upload(picture, content_type="image/png", filename="a.png", lifetime_seconds=3600)
            request_id = await fal.submit(
                endpoint, {"image_url": url}, webhook_url=None, output_lifetime_seconds=3600
            )  # fmt: skip
            while (await fal.status(endpoint, request_id)).state != "completed":
                await asyncio.sleep(POLL_SECONDS)
            result = await fal.result(endpoint, request_id)
            await fal.download(result.payload["model_mesh"]["url"], place)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--share"]:
        asyncio.run(wait_for_each(int(sys.argv[2])))
    else:
        main()
