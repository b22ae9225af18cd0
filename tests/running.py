"""How does a test run the product itself? All its processes under the supervisor, in a private directory."""

from __future__ import annotations

import json
import logging
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from image2model.configuration import SETTINGS
from tests.servers import find_free_port

ROOT = Path(__file__).resolve().parent.parent
SAMPLES = ROOT.parent / "shared" / "samples"
PATIENCE_SECONDS = 90
logging.getLogger("httpx").setLevel(logging.WARNING)  # a line for each look would bury a failure


@dataclass
class Product:
    """A running product: its address, its first admin, its processes."""

    url: str
    data_dir: Path
    process: subprocess.Popen[str]
    environment: dict[str, str]
    seconds_to_ready: float = 0.0
    lines: list[str] = field(default_factory=list)
    key: str = ""

    @property
    def ready_line(self) -> str | None:
        return next((line for line in self.lines if line.startswith("Image2Model is ready:")), None)

    @property
    def login(self) -> tuple[str, str]:
        match = re.search(r"log in as (\S+) with password (\S+)", self.ready_line or "")
        assert match, "only the first start tells the login"
        return match[1], match[2]

    def manage(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a management command in the product's own environment."""
        command = [sys.executable, "manage.py", *arguments]
        return subprocess.run(command, cwd=ROOT, env=self.environment, text=True, capture_output=True, check=check)

    def client(self, key: str = "") -> httpx.Client:
        """A client of the API, as the first admin or with another key."""
        self.key = self.key or self.manage("createapikey", "admin@example.org", "--scopes", "read,write").stdout.strip()
        headers = {"Authorization": f"Bearer {key or self.key}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=60)

    def processes(self) -> dict[int, str]:
        """Every process below the supervisor, by id, with its command line."""
        return {pid: read_command(pid) for pid in find_descendants(self.process.pid)}

    def find(self, words: str) -> list[int]:
        """Processes whose command line holds these words."""
        return [pid for pid, command in self.processes().items() if words in command]

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=60)


def find_descendants(pid: int) -> list[int]:
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):  # it has ended meanwhile
            for child in task.read_text().split():
                found += [int(child), *find_descendants(int(child))]
    return found


def read_command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:  # it has ended meanwhile
        return ""


def measure_memory(pids: list[int]) -> float:
    """Proportional set size in MB: shared pages are counted once."""
    total = 0
    for pid in pids:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
        total += int(re.search(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)[1])  # type: ignore[index]
    return total / 1024


def build_environment(data_dir: Path, **settings: str) -> dict[str, str]:
    """The person's own environment without any setting of the product's."""
    names = {setting.name for setting in SETTINGS} | {f"{setting.name}_FILE" for setting in SETTINGS}
    environment = {name: value for name, value in os.environ.items() if name not in names}
    ours = {"DATA_DIR": str(data_dir), "DJANGO_SETTINGS_MODULE": "image2model.settings"}
    # A commit that is made while a test runs would make processes differ that start before and after it.
    return environment | ours | {"BUILD_COMMIT": "of-the-tests"} | settings


@contextmanager
def run_product(
    data_dir: Path, *, workers: int | str = 2, options: Sequence[str] = (), **settings: str
) -> Iterator[Product]:
    """The product, ready; stopped at the end. ``options``: more words on its command line."""
    product = start_product(data_dir, workers=workers, options=options, **settings)
    try:
        wait_until(lambda: product.ready_line or product.process.poll() is not None, what="the ready line")
        assert product.ready_line, "".join(product.lines)
        complete_environment(product)
        yield product
    finally:
        if product.process.poll() is None:
            product.stop()


def start_product(data_dir: Path, *, workers: int | str = 2, options: Sequence[str] = (), **settings: str) -> Product:
    port = find_free_port()
    environment = build_environment(data_dir, **settings)
    command = [sys.executable, "-m", "image2model.supervisor", "--port", str(port), "--workers", str(workers)]
    command += options
    started = time.monotonic()
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    product = Product(url=f"http://127.0.0.1:{port}", data_dir=data_dir, process=process, environment=dict(environment))
    threading.Thread(target=_read_lines, args=(product, started), daemon=True).start()
    return product


def _read_lines(product: Product, started: float) -> None:
    assert product.process.stdout
    with product.process.stdout as output:
        for line in output:
            product.lines.append(line)
            if line.startswith("Image2Model is ready:"):
                product.seconds_to_ready = time.monotonic() - started


def complete_environment(product: Product) -> None:
    """What the supervisor chose for its children, for the commands that a test runs beside them."""
    web = product.find("uvicorn")[0]
    for entry in Path(f"/proc/{web}/environ").read_bytes().split(b"\0"):
        name, _, value = entry.decode().partition("=")
        if name in ("REDIS_URL", "SECRET_KEY", "DATABASE_URL"):
            product.environment[name] = value


def wait_until(is_true: Callable[[], Any], *, what: str, seconds: float = PATIENCE_SECONDS) -> Any:
    """Ask until it is so; the answer."""
    end = time.monotonic() + seconds
    while not (answer := is_true()):
        assert time.monotonic() < end, f"waited {seconds} s for {what}"
        time.sleep(0.05)  # the pace of asking
    return answer


def upload(client: httpx.Client, pictures: list[Path], **fields: str) -> dict[str, Any]:
    files = [("files", (path.name, path.read_bytes(), "image/png")) for path in pictures]
    answer = client.post("/api/v1/upload", files=files, data=fields)
    assert answer.status_code == 200, answer.text
    return answer.json()


def wait_for_job(client: httpx.Client, job_id: str, *, seconds: float = PATIENCE_SECONDS) -> dict[str, Any]:
    """The finished job. A server that is being restarted meanwhile is asked again."""

    def look() -> dict[str, Any] | None:
        try:
            job = client.get(f"/api/v1/jobs/{job_id}").raise_for_status().json()
        except (httpx.TransportError, httpx.HTTPStatusError, json.JSONDecodeError):
            return None
        return job if job["status"] in ("completed", "failed", "cancelled") else None

    return wait_until(look, what=f"job {job_id}", seconds=seconds)
