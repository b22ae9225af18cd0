"""What does a chaos test break? The whole product as real processes, with proxies between them, and its servers."""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import Any

import psycopg

from tests.chaos.parts import Part, answers, run_witness
from tests.chaos.proxy import Proxy, run_proxy
from tests.chaos.servers import describe_valkey, prepare_postgres
from tests.running import ROOT, build_environment
from tests.servers import find_free_port
from tests.virtual_fal.running import VirtualFal, run_virtual_fal

PATIENCE_SECONDS = 120.0
FROZEN_SECONDS = 7.0  # longer than any lease here
WORKERS = ("local", "post", "watch", "fal")
SECRET_KEY = "chaos-0123456789-0123456789-0123456789-0123456789-canary"


class Stack:
    """The product around one database. Everything that a test did to it is in ``schedule``."""

    def __init__(self, folder: Path, resources: ExitStack, *, seed: int, on_postgres: bool, keep_redis: bool) -> None:
        self.folder, self.seed, self.dice = folder, seed, random.Random(seed)
        self.on_postgres = on_postgres
        self.started, self.schedule = time.monotonic(), [f"seed {seed}"]
        self.data_dir, self.logs, self.armed = folder / "data", folder / "logs", folder / "failpoints"
        for each in (self.data_dir, self.logs, self.armed):
            each.mkdir(parents=True, exist_ok=True)
        self.clock_file = folder / "clock"
        self.api_keys: list[str] = []
        read_end, self._pipe = os.pipe()
        self._read_end = read_end
        resources.callback(lambda: [os.close(number) for number in (read_end, self._pipe)])
        self.fal: VirtualFal = resources.enter_context(
            run_virtual_fal(port=find_free_port(), run_seconds=0.3, concurrency=0, proxy_port=None, journal=True)
        )
        self.parts: dict[str, Part] = {}
        self.proxies: dict[str, Proxy] = {}
        self._resources, self._witness = resources, None
        self._is_over, self._tending = False, threading.Lock()
        self._supervisor = threading.Thread(target=self._tend_on, name="supervisor", daemon=True)
        self._add_servers(keep_redis=keep_redis)

    def _add_servers(self, *, keep_redis: bool) -> None:
        self.ports = {name: find_free_port() for name in ("redis", "web", *(["database"] if self.on_postgres else []))}
        self.ports["fal"] = int(self.fal.base_url.rpartition(":")[2])
        command = describe_valkey(self.folder / "valkey", port=self.ports["redis"], keep=keep_redis)
        self._add("redis", command, environment=os.environ)
        if self.on_postgres:
            home = self._resources.enter_context(tempfile.TemporaryDirectory(prefix="image2model-chaos-"))
            command, owner = prepare_postgres(Path(home), port=self.ports["database"])
            identity = {} if owner is None else {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
            self._add("database", command, environment=os.environ, identity=identity)
        for side in ("web", "work"):
            for server in ("redis", "fal", *(["database"] if self.on_postgres else [])):
                proxy = self._resources.enter_context(run_proxy("127.0.0.1", self.ports[server], seed=self.seed))
                self.proxies[f"{side}-{server}"] = proxy

    def _add(self, name: str, command: Sequence[str], *, environment: Mapping[str, str], **more: Any) -> None:
        self.parts[name] = Part(
            name=name, command=command, environment=environment, log=self.logs / f"{name}.log", **more
        )

    def describe_environment(self, side: str, **settings: str) -> dict[str, str]:
        """``side``: whose proxies stand in between; none for the witness."""
        database = {} if not self.on_postgres else {"DATABASE_URL": self._database_url(side)}
        port = self.proxies[f"{side}-redis"].port if side else self.ports["redis"]
        fal = self.proxies[f"{side}-fal"].port if side else self.ports["fal"]
        given = {
            "SECRET_KEY": SECRET_KEY,
            "REDIS_URL": f"redis://127.0.0.1:{port}/0",
            "FAL_BASE_URL": f"http://127.0.0.1:{fal}",
            "PUBLIC_URL": f"http://127.0.0.1:{self.ports['web']}",
            "ALLOW_FAILPOINTS": "true",
            "FAILPOINTS": f"@{self.armed}",
            "CLOCK_FILE": str(self.clock_file),
            "LOG_FORMAT": "json",
            "RATE_LIMIT_UPLOAD": "100000/min",
            "FAL_CONCURRENCY": "20",
            "SUPERVISOR_PIPE_FD": str(self._read_end),
        }
        return build_environment(self.data_dir, **{**given, **database, **settings})

    def _database_url(self, side: str) -> str:
        port = self.proxies[f"{side}-database"].port if side else self.ports["database"]
        return f"postgres://postgres@127.0.0.1:{port}/postgres"

    def start(self, *, workers: Sequence[str] = WORKERS, **settings: str) -> None:
        for name in ("redis", "database"):
            if name in self.parts:
                self.parts[name].start(pipe=self._read_end)
                self.wait_until(lambda name=name: answers(self.ports[name]), what=f"{name} to listen")
        self.ask("migrate", patience=60)
        program = [sys.executable, "-m", "tests.chaos.hurry"]
        self._add(
            "web", [*program, "web", str(self.ports["web"])], environment=self.describe_environment("web", **settings)
        )
        for number, queue in enumerate(workers):
            key = {"FAL_KEY": self.fal.key} if queue in ("watch", "fal") else {}
            name = queue if queue not in self.parts else f"{queue}-{number}"
            environment = self.describe_environment("work", **settings, **key)
            self._add(name, [*program, "work", queue], environment=environment)
        self._supervisor.start()
        self.wait_until(self.is_healthy, what="the web process")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.ports['web']}"

    def is_healthy(self) -> bool:
        return answers(self.ports["web"])

    def tend(self) -> None:
        """Start again what has ended and is wanted, as a supervisor would; wake what was frozen for long enough."""
        with self._tending:
            for part in [] if self._is_over else list(self.parts.values()):
                if part.is_wanted and not part.is_alive:
                    part.start(pipe=self._read_end)
                elif part.thaw(after=FROZEN_SECONDS):
                    self.note(f"{part.name} runs on")

    def _tend_on(self) -> None:
        while not self._is_over:
            self.tend()
            time.sleep(0.1)  # the pace of looking

    def note(self, what: str) -> None:
        self.schedule.append(f"{time.monotonic() - self.started:.1f} s: {what}")

    def kill(self, name: str, number: signal.Signals = signal.SIGKILL, *, whom: str = "all") -> int:
        heard = self.parts[name].send(number, whom=whom)
        self.note(f"{number.name} to {name} ({whom}, {heard})")
        return heard

    def stop_part(self, name: str, number: signal.Signals = signal.SIGKILL) -> None:
        """It stays away until ``revive``."""
        self.parts[name].is_wanted = False
        self.kill(name, number)
        self.wait_until(lambda: not self.parts[name].is_alive, what=f"the end of {name}")

    def revive(self, name: str) -> None:
        self.note(f"{name} comes back")
        self.parts[name].is_wanted = True
        self.tend()

    def arm(self, point: str, action: str = "kill") -> None:
        self.note(f"{point} is armed with {action}")
        (self.armed / f"{point}.struck").unlink(missing_ok=True)
        ready = self.armed / ".new"
        ready.write_text(action)
        ready.rename(self.armed / point)

    def has_struck(self, point: str) -> bool:
        return (self.armed / f"{point}.struck").exists()

    def disarm(self) -> None:
        for each in self.armed.iterdir():
            each.unlink()

    def set_weather(self, proxy: str, **weather: Any) -> None:
        self.note(f"{proxy}: {weather or 'fine'}")
        self.proxies[proxy].set(**weather)

    def clear_weather(self) -> None:
        for proxy in self.proxies.values():
            proxy.clear()

    def wait_until(self, is_true: Callable[[], Any], *, what: str, seconds: float = PATIENCE_SECONDS) -> Any:
        """Ask until it is so, tending the processes meanwhile; the answer."""
        end = time.monotonic() + seconds
        while not (answer := is_true()):
            assert time.monotonic() < end, f"waited {seconds} s for {what}; {self.tell()}"
            time.sleep(0.05)  # the pace of asking
        return answer

    def wait_for(self, seconds: float) -> None:
        """How long a fault lasts: a length, not a hope."""
        time.sleep(seconds)

    def ask(self, *question: str, patience: float = 60.0) -> Any:
        """Of the witness, who is asked again while the database is away."""
        end = time.monotonic() + patience
        while "error" in (told := self._put(question)):
            assert time.monotonic() < end, f"{question}: {told['error']}; {self.tell()}"
            time.sleep(0.2)  # the pace of asking
        return told["answer"]

    def _put(self, question: Sequence[str]) -> dict[str, Any]:
        if self._witness is None:
            self._witness = self._resources.enter_context(run_witness(self.describe_environment(""), self.logs))
        assert self._witness.stdin
        assert self._witness.stdout
        self._witness.stdin.write(json.dumps(question) + "\n")
        self._witness.stdin.flush()
        line = self._witness.stdout.readline()
        assert line, f"the witness has gone: {(self.logs / 'witness.log').read_text()[-2000:]}"
        told: dict[str, Any] = json.loads(line)
        return told

    def make_key(self, name: str) -> str:
        """Of a user of that name, made now."""
        self.api_keys.append(self.ask("user", f"{name}@example.org"))
        return self.api_keys[-1]

    def settle(self, *, seconds: float = PATIENCE_SECONDS) -> None:
        """Until every generation is over or waits for a person, and every bill has come. No sleep and hope.

        ``seconds``: how long nothing may move; a slow machine is given time as long as it does something.
        """
        left, end = self.ask("open_work"), time.monotonic() + seconds
        while left:
            time.sleep(0.2)  # the pace of asking
            before, left = left, self.ask("open_work")
            end = time.monotonic() + seconds if left != before else end
            assert time.monotonic() < end, f"nothing moved for {seconds} s; {self.tell()}\nstill open: {left[:20]}"

    def hold_database(self, seconds: float) -> None:
        """Nobody writes meanwhile."""
        if self.on_postgres:
            with self.connect() as connection:
                _lock_tables(connection)
                time.sleep(seconds)
        else:
            with closing(sqlite3.connect(self.data_dir / "image2model.sqlite3", timeout=60)) as connection:
                connection.isolation_level = None
                connection.execute("BEGIN EXCLUSIVE")
                time.sleep(seconds)

    def connect(self) -> psycopg.Connection[Any]:
        """Past the proxies, to the running PostgreSQL."""
        return psycopg.connect(self._database_url(""), autocommit=True)

    def end_connections(self) -> int:
        with suppress(psycopg.OperationalError), self.connect() as connection:
            others = (
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = %s"
            )
            return len(connection.execute(others, ["postgres"]).fetchall())
        return 0

    def manage(self, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        """A command of ``manage.py``, past the proxies."""
        environment = self.describe_environment("", **settings)
        command = [sys.executable, "manage.py", *arguments]
        return subprocess.run(command, cwd=ROOT, env=environment, text=True, capture_output=True, timeout=120)

    def read_logs(self) -> str:
        written = [*self.logs.glob("*.log"), *self.data_dir.joinpath("logs").glob("*")]
        return "\n".join(path.read_text(errors="replace") for path in written if path.is_file())

    def tell(self) -> str:
        """For a failure: what was done, and what the processes said last."""
        tails = [f"--- {path.name}\n{path.read_text(errors='replace')[-1500:]}" for path in self.logs.glob("*.log")]
        return "\n".join([*self.schedule[-60:], *tails])

    def close(self) -> None:
        self._is_over = True
        if self._supervisor.is_alive():
            self._supervisor.join()
        for name in reversed(list(self.parts)):
            part = self.parts[name]
            part.is_wanted = False
            part.send(signal.SIGCONT)
            part.send(signal.SIGKILL)
        for part in self.parts.values():
            if part.process is not None:
                part.process.wait(30)


def _lock_tables(connection: psycopg.Connection[Any]) -> None:
    """The product takes them in another order: whoever locks them may be thrown out, and asks again."""
    while True:
        connection.execute("BEGIN")
        try:
            connection.execute("LOCK TABLE jobs_job, jobs_generation, jobs_attempt IN EXCLUSIVE MODE")
            return
        except psycopg.errors.DeadlockDetected:
            connection.execute("ROLLBACK")
