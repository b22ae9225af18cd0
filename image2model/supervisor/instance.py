"""Which data directory does this start own, and what does it keep there?"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
from pathlib import Path

from image2model.supervisor.refusals import Refusal


class Instance:
    """The one supervisor of a data directory, for as long as it lives."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self._descriptor = _lock(data_dir)

    def release(self) -> None:
        os.close(self._descriptor)

    @property
    def login_file(self) -> Path:
        """Where ``manage.py prepare`` leaves the first login until it was shown."""
        return self.data_dir / "first_login.json"

    def take_first_login(self) -> dict[str, str] | None:
        try:
            login: dict[str, str] = json.loads(self.login_file.read_text())
        except FileNotFoundError:
            return None
        return login

    def forget_first_login(self) -> None:
        self.login_file.unlink(missing_ok=True)

    def keep_secret_key(self) -> str:
        """The installation's own key: made once, readable by its owner alone."""
        path = self.data_dir / "secret_key"
        if not path.exists() or not path.read_text().strip():
            write_private(path, secrets.token_urlsafe(48))
        return path.read_text().strip()

    def tell_redis_url(self, url: str) -> None:
        """For commands typed into another terminal, which must ring at the same door."""
        write_private(self.data_dir / "redis_url", url)


def _lock(data_dir: Path) -> int:
    path = data_dir / "supervisor.pid"
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except PermissionError:
        raise Refusal(f"{path} belongs to somebody else. Start as that user, or choose another DATA_DIR.") from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        process = os.read(descriptor, 20).decode().strip() or "unknown"
        os.close(descriptor)
        raise Refusal(
            f"Image2Model already runs on the data directory {data_dir} (process {process}). "
            "Stop it first, or choose another directory with DATA_DIR."
        ) from None
    os.ftruncate(descriptor, 0)
    os.write(descriptor, f"{os.getpid()}\n".encode())
    return descriptor


def write_private(path: Path, text: str) -> None:
    """Whole or not at all, readable by its owner alone."""
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(descriptor)
    part.replace(path)
