"""How do tests use the virtual FAL? A context manager that starts it as a process, and a handle to steer it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.request import ProxyHandler, Request, build_opener

from .models.look import write_look
from .options import Options, write_command_line

_ROOT = Path(__file__).resolve().parents[2]
_START_SECONDS = 20.0
_STOP_SECONDS = 5.0


@dataclass
class VirtualFal:
    """A running server. ``script`` and the other verbs go over its control port."""

    options: Options
    state_dir: Path
    base_url: str = ""
    control_url: str = ""
    proxy_url: str = ""
    tls_url: str = ""
    ca_file: str = ""
    _environment: dict[str, str] = field(default_factory=dict)
    _process: subprocess.Popen[str] | None = None

    @property
    def key(self) -> str:
        return self.options.key

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def jwks_url(self) -> str:
        """On the plain port; with the proxy FAL's own address works too."""
        return f"{self.base_url}/.well-known/jwks.json"

    def environment(self) -> dict[str, str]:
        """What a process needs to take this server for FAL: key, proxy, certificate authority."""
        return dict(self._environment)

    def script(
        self, scenario: str | Mapping[str, Any], *, picture: bytes | None = None, like: bytes | None = None,
        count: int | None = None, **match: Any,
    ) -> None:  # fmt: skip
        """Let requests that match follow a scenario: ``picture`` by exact bytes, ``like`` also when re-encoded."""
        from hashlib import sha256

        if picture is not None:
            match["picture"] = sha256(picture).hexdigest()
        if like is not None:
            match["look"] = write_look(like)
        self.control("POST", "scenario", {"match": match, "scenario": scenario, "count": count})

    def set_weather(
        self, kind: str, *, seconds: float | None = None, steps: Sequence[str] = (), fault: Any = None
    ) -> None:
        """Trouble of the whole server: connections (``refuse``, ``dns``, …), or a fault at ``steps`` (none is all)."""
        values = {"kind": kind, "seconds": seconds, "steps": list(steps), "fault": fault or {}}
        self.control("POST", "weather", values)

    def clear_weather(self) -> None:
        self.control("POST", "weather", {})

    def set_options(self, **options: Any) -> None:
        self.control("POST", "options", options)

    def skip(self, seconds: float) -> None:
        self.control("POST", "clock", {"skip": seconds})

    def finish(self, request_id: str) -> dict[str, Any]:
        return self.control("POST", f"requests/{request_id}/finish")

    def send_webhook(self, request_id: str, **fields: Any) -> dict[str, Any]:
        """Deliver a message of a finished request now; answers what the receiver said."""
        return self.control("POST", f"requests/{request_id}/webhook", fields)

    def reset(self) -> None:
        self.control("POST", "reset")

    def ledger(self, *, since: int = 0, step: str = "") -> dict[str, Any]:
        return self.control("GET", f"ledger?since={since}&step={step}")

    def summary(self) -> dict[str, Any]:
        return self.control("GET", "summary")

    def submits(self) -> list[dict[str, Any]]:
        """Every accepted POST: what was paid for."""
        submits: list[dict[str, Any]] = self.ledger()["submits"]
        return submits

    def count_submits(self, *, by: str = "picture") -> Counter[str]:
        """Accepted POSTs by ``picture`` (sha256), ``picture_url`` (new for each upload), ``marker`` or ``endpoint``."""
        return Counter(submit[by] for submit in self.submits())

    def control(self, method: str, address: str, body: Any = None) -> dict[str, Any]:
        data = None if body is None else json.dumps(body).encode()
        request = Request(f"{self.control_url}/_control/{address}", data=data, method=method)
        with build_opener(ProxyHandler({})).open(request, timeout=60) as response:
            answer: dict[str, Any] = json.load(response)
        return answer

    def start(self) -> None:
        """Start the process; it has answered for itself when this returns."""
        command = [sys.executable, "-m", "tests.virtual_fal", *write_command_line(self.options)]
        self._process = subprocess.Popen(
            command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=_clean_environment()
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the virtual FAL did not start: exit code {self._process.wait(_START_SECONDS)}")
        self._take(json.loads(line))

    def kill(self) -> None:
        """SIGKILL, as a crash would be."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._close_pipes()

    def restart(self) -> None:
        """Start again on the same ports, after ``kill`` or ``stop``."""
        self.options = replace(self.options, **self._ports())
        self.start()

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
        self._close_pipes()

    def _close_pipes(self) -> None:
        if self._process is None:
            return
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def _take(self, facts: dict[str, Any]) -> None:
        self.base_url, self.control_url = facts["base_url"], facts["control_url"]
        self.proxy_url, self.tls_url = facts["proxy_url"] or "", facts["tls_url"] or ""
        self.ca_file, self._environment = facts["ca_file"], facts["environment"]

    def _ports(self) -> dict[str, Any]:
        def port(url: str) -> int | None:
            return int(url.rpartition(":")[2]) if url else None

        return {"port": port(self.base_url), "proxy_port": port(self.proxy_url), "tls_port": port(self.tls_url)}


@contextmanager
def run_virtual_fal(**options: Any) -> Iterator[VirtualFal]:
    """``with run_virtual_fal(run_seconds=0.2, concurrency=0) as fal:``; the fields of ``Options`` are the arguments."""
    given = options.get("state_dir")
    state_dir = Path(given) if given else Path(tempfile.mkdtemp(prefix="virtual-fal-"))
    chosen = {"proxy_port": 0, "until_stdin_closes": True, **options, "state_dir": state_dir}
    fal = VirtualFal(Options(**chosen), state_dir)
    try:
        fal.start()
        yield fal
    finally:
        fal.stop()
        if not given:
            shutil.rmtree(state_dir, ignore_errors=True)


def _clean_environment() -> dict[str, str]:
    """The server itself must not go through any proxy."""
    return {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
