"""Which files does FAL's storage hold? Uploaded pictures by address, kept once for each content."""

from __future__ import annotations

import hashlib
import ipaddress
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from PIL import Image

from .hosts import BUCKET_HOST, CDN_HOSTS
from .inputs import Picture, read_data_url
from .models.look import find_look


@dataclass(frozen=True)
class Upload:
    path: str
    picture: str  # sha256
    content_type: str
    name: str
    expires_at: float | None


@dataclass
class Multipart:
    path: str
    content_type: str
    name: str
    expires_at: float | None
    parts: dict[int, bytes] = field(default_factory=dict)


class Files:
    def __init__(self, directory: Path) -> None:
        self.pictures = directory / "pictures"
        self.pictures.mkdir(parents=True, exist_ok=True)
        self.uploads: dict[str, Upload] = {}
        self.multiparts: dict[str, Multipart] = {}
        self.reserved: dict[str, Multipart] = {}  # of "initiate", by the path of the PUT
        self._described: dict[str, Picture] = {}
        self._looks: dict[str, int | None] = {}

    def clear(self) -> None:
        self.uploads.clear()
        self.multiparts.clear()
        self.reserved.clear()

    def keep(self, content: bytes) -> str:
        """Store the bytes under their hash."""
        picture = hashlib.sha256(content).hexdigest()
        target = self.pictures / picture
        if not target.exists():
            target.write_bytes(content)
        return picture

    def add(self, upload: Upload) -> Upload:
        self.uploads[upload.path] = upload
        return upload

    def find(self, path: str, *, now: float) -> Upload | None:
        upload = self.uploads.get(path)
        if upload is None or (upload.expires_at is not None and now >= upload.expires_at):
            return None
        return upload

    def resolve(self, url: str, *, now: float) -> tuple[str, str] | None:
        """Hash and name of the picture behind an address that FAL could read; None when it could not."""
        if url.startswith("data:"):
            content = read_data_url(url)
            return None if content is None else (self.keep(content), "")
        parts = urlsplit(url)
        upload = self.find(parts.path, now=now) if _is_ours(parts.hostname or "") else None
        return None if upload is None else (upload.picture, upload.name)

    def describe(self, picture: str) -> Picture:
        if picture not in self._described:
            self._described[picture] = _open_picture(self.pictures / picture)
        return self._described[picture]

    def find_look(self, picture: str) -> int | None:
        if picture not in self._looks:
            self._looks[picture] = find_look(self.pictures / picture)
        return self._looks[picture]


def name_path(name: str) -> str:
    """A path that nobody can guess and that is new for every upload."""
    safe = "".join(letter for letter in name if letter.isalnum() or letter in "._-")[-80:] or "upload.bin"
    return f"/files/b/{secrets.token_hex(4)}/{secrets.token_urlsafe(15)}_{safe}"


def _open_picture(path: Path) -> Picture:
    size = path.stat().st_size
    try:
        with Image.open(path) as image:
            return Picture(image.format or "", image.width, image.height, size)
    except (OSError, ValueError, Image.DecompressionBombError):
        return Picture("", 0, 0, size)


def _is_ours(host: str) -> bool:
    if host in CDN_HOSTS or host in {BUCKET_HOST, "localhost"}:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
