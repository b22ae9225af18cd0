"""How does the virtual FAL come up and go down? One process, one event loop, a file that says it is ready."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any

from .journal import Journal
from .listeners import Listeners
from .options import Options
from .world import World

READY_FILE = "env.json"


def run(options: Options) -> None:
    with tempfile.TemporaryDirectory(prefix="virtual-fal-") as temporary:
        directory = options.state_dir or Path(temporary)
        directory.mkdir(parents=True, exist_ok=True)
        _choose_loop()(_serve(options, directory.resolve()))


async def _serve(options: Options, directory: Path) -> None:
    world = World(options, directory)
    if options.journal:
        Journal(directory / "journal.jsonl").attach(world)
    listeners = Listeners(world, options)
    stop = _make_stop()
    if options.until_stdin_closes:
        asyncio.get_running_loop().add_reader(sys.stdin.fileno(), _stop_at_end_of_input, stop)
    try:
        await listeners.open()
        _say_ready(directory, describe(listeners, options))
        await stop.wait()
    finally:
        await listeners.close()
        await world.close()


def describe(listeners: Listeners, options: Options) -> dict[str, Any]:
    """Addresses, and the environment in which an unmodified client talks to this server."""
    host = options.host
    proxy_url = f"http://{host}:{listeners.proxy.port}" if listeners.proxy else None
    environment = {"FAL_KEY": options.key}
    if proxy_url:
        environment |= {
            "HTTPS_PROXY": proxy_url,
            "https_proxy": proxy_url,
            "NO_PROXY": "127.0.0.1,localhost,::1",
            "no_proxy": "127.0.0.1,localhost,::1",
            "SSL_CERT_FILE": str(listeners.ca_file),
        }
    return {
        "pid": os.getpid(),
        "base_url": f"http://{host}:{listeners.plain.port}",
        "control_url": f"http://{host}:{listeners.control.port}",
        "proxy_url": proxy_url,
        "tls_url": f"https://localhost:{listeners.tls.port}" if listeners.tls else None,
        "ca_file": str(listeners.ca_file),
        "environment": environment,
    }


def _say_ready(directory: Path, facts: dict[str, Any]) -> None:
    """The file appears whole or not at all; one line on standard output says the same."""
    part = directory / f"{READY_FILE}.part"
    part.write_text(json.dumps(facts, indent=2))
    part.chmod(0o600)
    part.replace(directory / READY_FILE)
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


def _make_stop() -> asyncio.Event:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


def _stop_at_end_of_input(stop: asyncio.Event) -> None:
    if not os.read(sys.stdin.fileno(), 4096):
        asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
        stop.set()


def _choose_loop() -> Any:
    """uvloop where it is installed: polls cost half."""
    try:
        import uvloop
    except ImportError:
        return asyncio.run
    return uvloop.run
