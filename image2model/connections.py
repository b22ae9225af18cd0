"""What do the URLs of the environment mean in Django's terms? Database, storage, mail. Free of Django."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from image2model.configuration import ConfigurationError

# IMMEDIATE: a read that becomes a write inside a deferred transaction fails at once with "database is locked".
SQLITE_OPTIONS = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;",
}


def database_from_url(url: str, *, default: Path) -> dict[str, Any]:
    """The ``DATABASES`` entry of a URL; SQLite at ``default`` without one."""
    parts = urlsplit(url)
    if not url or parts.scheme == "sqlite":
        path = Path(unquote(parts.path)) if url else default
        test = {"NAME": str(path.with_name("test-" + path.name))}
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": str(path),
            "CONN_MAX_AGE": 60,  # opening it anew means reading its whole schema; a file put in its place is seen soon
            "OPTIONS": SQLITE_OPTIONS,
            "TEST": test,
        }
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ConfigurationError("DATABASE_URL must begin with postgres:// or sqlite:///.")
    options: dict[str, Any] = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", parts.hostname or ""),
        "PORT": str(parts.port or options.pop("port", "")),
        "CONN_MAX_AGE": 0,  # an open stream must not hold a connection
        "OPTIONS": {"connect_timeout": 2, **options},  # a caller is told of a database that hangs within 3 s
    }


def storage_from_url(url: str, *, default: Path) -> dict[str, Any]:
    """The ``STORAGES`` entry of a URL; plain files under ``default`` without one."""
    if not url:
        return {
            "BACKEND": "image2model.storage.DurableFileSystemStorage",
            "OPTIONS": {
                "location": str(default),
                "base_url": None,
                "directory_permissions_mode": 0o750,
                "allow_overwrite": True,  # in one step: two may bring the same picture at once
            },
        }
    parts = urlsplit(url)
    if parts.scheme != "s3" or not parts.hostname:
        raise ConfigurationError("STORAGE_URL must look like s3://bucket?endpoint=…&region=….")
    query = dict(parse_qsl(parts.query))
    options: dict[str, Any] = {
        "bucket_name": parts.hostname,
        "location": parts.path.lstrip("/"),
        "default_acl": None,
        "querystring_auth": True,
        "querystring_expire": 300,
        "file_overwrite": True,
    }
    names = {"endpoint": "endpoint_url", "region": "region_name", "key": "access_key", "secret": "secret_key",  # nosec B105
             "addressing": "addressing_style"}  # fmt: skip
    options |= {names[name]: value for name, value in query.items() if name in names}
    return {"BACKEND": "image2model.object_storage.ObjectStorage", "OPTIONS": options}


def email_from_url(url: str) -> dict[str, Any]:
    """Host, port and credentials of ``smtp://…``; a backend that prints mails without one."""
    parts = urlsplit(url)
    if url and parts.scheme not in {"smtp", "smtps"}:
        raise ConfigurationError("EMAIL_URL must begin with smtp:// or smtps://.")
    kind = "smtp" if url else "console"
    return {
        "backend": f"django.core.mail.backends.{kind}.EmailBackend",
        "host": parts.hostname or "localhost",
        "port": parts.port or 587,
        "user": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "tls": parts.scheme == "smtps" or parts.port in (None, 587),
    }
