#!/usr/bin/env python3
"""How do the systemd units run on a machine without systemd? As plain processes, with exactly their commands.

usage: deploy/processes.py [--root DIR] start|stop|restart|reload|status UNIT…

For containers, trials and tests. It reads the units of ``deploy/systemd`` and knows of them what they use: commands,
environment, credentials, working directory, stop signal and patience. It watches over nothing: what dies stays dead.
``--root`` is put before every path of ours (/opt/image2model, /etc/image2model, …). Standard library only.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

UNITS = Path(__file__).resolve().parent / "systemd"
OURS = re.compile(r"(?<![\w./])/(opt|etc|run|var/lib|var/log|var/cache)/image2model")
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
PATIENCE_SECONDS = 90.0
START_SECONDS = 0.3  # a command that cannot even begin has ended by then


class UnitError(Exception):
    """A unit cannot be read, started or stopped."""


@dataclass(kw_only=True)
class Unit:
    """A service with its template's gaps filled in: for each key all its values, in order."""

    name: str
    root: Path
    values: dict[str, list[str]] = field(default_factory=dict)

    def last(self, key: str, default: str = "") -> str:
        return self.values.get(key, [default])[-1]

    @property
    def folder(self) -> Path:
        return self.root / "run/image2model/processes"

    @property
    def pid_file(self) -> Path:
        return self.folder / f"{self.name}.pid"

    @property
    def log_file(self) -> Path:
        return self.root / f"var/log/image2model/{self.name}.log"

    @property
    def credentials(self) -> Path:
        return self.folder / f"{self.name}.credentials"

    def place(self, text: str) -> str:
        """The same text with our paths below the root."""
        return OURS.sub(lambda match: f"{self.root}{match[0]}", text) if self.root != Path("/") else text


def read_unit(name: str, *, root: Path, units: Path = UNITS, called: str = "") -> Unit:
    """``called``: run beside the unit itself under another name, with files of its own."""
    stem, at, instance = name.removesuffix(".service").partition("@")
    unit = Unit(name=called or f"{stem}{at}{instance}", root=root)
    main = units / f"{stem}{at}.service"
    if not main.exists():
        raise UnitError(f"There is no unit {main.name}.")
    for file in (main, *sorted((units / "image2model-.service.d").glob("*.conf"))):
        _read_file(unit, file, specifiers={"i": instance, "d": str(unit.credentials), "%": "%", "n": name})
    return unit


def _read_file(unit: Unit, file: Path, *, specifiers: Mapping[str, str]) -> None:
    for line in file.read_text().replace("\\\n", " ").splitlines():
        key, equals, value = line.strip().partition("=")
        if equals and not key.startswith(("#", ";")):
            filled = re.sub(r"%(.)", lambda match: specifiers[match[1]], unit.place(value.strip()))
            unit.values.setdefault(key, []).append(filled)


def read_environment(unit: Unit) -> dict[str, str]:
    """Only what the unit names: nothing of the caller's own environment comes along."""
    environment = {"PATH": PATH, "LANG": "C.UTF-8"}
    for entry in unit.values.get("Environment", []):
        environment |= dict(word.partition("=")[::2] for word in shlex.split(entry))
    for entry in unit.values.get("EnvironmentFile", []):
        file = Path(entry.removeprefix("-"))
        if not file.exists() and not entry.startswith("-"):
            raise UnitError(f"{unit.name}: {file} is missing.")
        environment |= _read_environment_file(file) if file.exists() else {}
    return environment


def _read_environment_file(file: Path) -> dict[str, str]:
    lines = [line.strip() for line in file.read_text().splitlines()]
    pairs = [line.partition("=")[::2] for line in lines if line and not line.startswith(("#", ";"))]
    return {name.strip(): " ".join(shlex.split(value)) for name, value in pairs}


def write_credentials(unit: Unit) -> None:
    shutil.rmtree(unit.credentials, ignore_errors=True)
    for entry in unit.values.get("LoadCredential", []):
        name, _, source = entry.partition(":")
        unit.credentials.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            (unit.credentials / name).write_bytes(Path(source).read_bytes())
        except OSError as error:
            raise UnitError(f"{unit.name}: the secret {source} cannot be read: {error.strerror}.") from None
        (unit.credentials / name).chmod(0o600)


def build_command(text: str, *, environment: Mapping[str, str]) -> list[str]:
    """The words of an Exec line, with ${NAMES} filled in as systemd does: each stays one word."""
    words = shlex.split(text.lstrip("-+!@:"))
    return [re.sub(r"\$\{(\w+)\}", lambda match: environment.get(match[1], ""), word) for word in words]


def start(unit: Unit) -> None:
    if find_process(unit) is not None:
        return
    for folder in (unit.folder, unit.log_file.parent):
        folder.mkdir(parents=True, exist_ok=True)
    write_credentials(unit)
    environment = read_environment(unit)
    for line in unit.values.get("ExecStartPre", []):
        _run(unit, line, environment=environment)
    if unit.last("Type") == "oneshot":
        for line in unit.values["ExecStart"]:
            _run(unit, line, environment=environment)
        return
    process = _spawn(unit, unit.last("ExecStart"), environment=environment)
    unit.pid_file.write_text(f"{process.pid} {_read_birth(process.pid)}")
    time.sleep(START_SECONDS)
    if process.poll() is not None:
        raise UnitError(f"{unit.name} ended at once:\n{_tail(unit)}")


def _spawn(unit: Unit, line: str, *, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    command = build_command(line, environment=environment)
    umask = int(unit.last("UMask", "0022"), 8)
    with unit.log_file.open("ab") as log:
        try:
            return subprocess.Popen(
                command, cwd=unit.last("WorkingDirectory", "/"), env=dict(environment), umask=umask,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            raise UnitError(f"{unit.name}: {command[0]} cannot be run: {error.strerror}.") from None


def _run(unit: Unit, line: str, *, environment: Mapping[str, str]) -> None:
    if _spawn(unit, line, environment=environment).wait():
        raise UnitError(f"{unit.name} failed: {line}\n{_tail(unit)}")


def _tail(unit: Unit) -> str:
    return "\n".join(unit.log_file.read_text(errors="replace").splitlines()[-20:])


def stop(unit: Unit) -> None:
    """Ask, wait as long as the unit says, then end whatever is left of its session."""
    pid = find_process(unit)
    if pid is None:
        return
    os.kill(pid, getattr(signal, unit.last("KillSignal", "SIGTERM")))
    end = time.monotonic() + _read_seconds(unit.last("TimeoutStopSec"))
    while find_process(unit) is not None and time.monotonic() < end:
        time.sleep(0.05)  # the pace of looking
    with_session = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    for member in (member for member in with_session if _read_session(member) == pid):
        _kill(member)
    unit.pid_file.unlink(missing_ok=True)
    shutil.rmtree(unit.credentials, ignore_errors=True)


def _read_seconds(text: str) -> float:
    match = re.fullmatch(r"(\d+)\s*(s|min)?", text)
    return PATIENCE_SECONDS if match is None else int(match[1]) * (60 if match[2] == "min" else 1)


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):  # it may have been faster
        os.kill(pid, signal.SIGKILL)


def reload(unit: Unit) -> None:
    if find_process(unit) is None:
        raise UnitError(f"{unit.name} does not run.")
    environment = read_environment(unit)
    for line in unit.values.get("ExecReload", []):
        _run(unit, line, environment=environment)


def find_process(unit: Unit) -> int | None:
    """The running process, told from a later one that was given the same number."""
    try:
        number, birth = unit.pid_file.read_text().split()
    except (OSError, ValueError):
        return None
    return int(number) if _read_birth(int(number)) == birth else None


def _read_stat(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _read_birth(pid: int) -> str:
    facts = _read_stat(pid)
    return facts[19] if facts and facts[0] not in "ZX" else ""


def _read_session(pid: int) -> int:
    facts = _read_stat(pid)
    return int(facts[3]) if facts and facts[0] not in "ZX" else -1


def show_status(unit: Unit) -> int:
    pid = find_process(unit)
    print(f"{unit.name}: {f'runs as {pid}' if pid else 'does not run'}")
    return 0 if pid else 3


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--root", type=Path, default=Path("/"))
    parser.add_argument("verb", choices=("start", "stop", "restart", "reload", "status"))
    parser.add_argument("units", nargs="+", metavar="UNIT")
    options = parser.parse_args(argv)
    try:
        units = [read_unit(name, root=options.root.resolve()) for name in options.units]
        return max([carry_out(options.verb, unit) for unit in units])
    except UnitError as error:
        print(error, file=sys.stderr)
        return 1


def carry_out(verb: str, unit: Unit) -> int:
    if verb == "status":
        return show_status(unit)
    if verb in ("stop", "restart"):
        stop(unit)
    if verb in ("start", "restart"):
        start(unit)
    if verb == "reload":
        reload(unit)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
