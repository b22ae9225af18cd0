"""How does a chaos test get servers that it may kill? Valkey and PostgreSQL as commands to repeat."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

from image2model.supervisor.valkey import find_server
from tests.servers import _choose_owner, _find_postgres, _open_the_way, _run_as

Command = list[str]


def describe_valkey(folder: Path, *, port: int, keep: bool) -> Command:
    """``keep``: what it was told survives a kill."""
    folder.mkdir(exist_ok=True)
    configuration = folder / "valkey.conf"
    lines = [
        "bind 127.0.0.1", f"port {port}", f'dir "{folder}"', 'save ""', "maxmemory-policy noeviction",
        f"appendonly {'yes' if keep else 'no'}", "appendfsync everysec", "set-proc-title no",
    ]  # fmt: skip
    configuration.write_text("\n".join([*lines, ""]))
    return [str(find_server()), str(configuration)]


def prepare_postgres(home: Path, *, port: int) -> tuple[Command, pwd.struct_passwd | None]:
    """A new cluster; the command that serves it, and whom it runs as. Safe against kills, so with fsync.

    ``home`` is no folder of pytest's: each run of pytest closes all of them to others, and a restart must reach it.
    """
    folder = home / "postgres"
    folder.mkdir()
    owner = _choose_owner()
    programs = _find_postgres(folder, owner=owner)
    if owner is not None:
        _open_the_way(folder)
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    data = folder / "data"
    initialise = ("--pgdata", str(data), "--username", "postgres", "--auth", "trust", "--no-sync")
    _run_as(owner, (str(programs / "initdb"), *initialise, "--encoding", "UTF8", "--locale", "C.UTF-8"))
    command = [str(programs / "postgres"), "-D", str(data), "-k", str(folder), "-p", str(port)]
    for setting in ("listen_addresses=127.0.0.1", "max_connections=60"):
        command += ["-c", setting]
    return command, owner
