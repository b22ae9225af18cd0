"""How does a log line look? JSON for machines, words for people; never a secret, never the name of somebody's file."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

from image2model.middleware import request_id_var
from image2model.ops.masking import Masker

fields_var: ContextVar[Mapping[str, Any]] = ContextVar("log_fields", default=MappingProxyType({}))


@contextmanager
def bind(*, request_id: str = "", **fields: Any) -> Iterator[None]:
    """What is done inside belongs to this request and has these fields in every line."""
    tokens = request_id_var.set(request_id or request_id_var.get()), fields_var.set({**fields_var.get(), **fields})
    try:
        yield
    finally:
        request_id_var.reset(tokens[0])
        fields_var.reset(tokens[1])


class HideAddresses(logging.Filter):
    """Django's own lines about requests name the address, which may end with the name of a file: say the route."""

    def filter(self, record: logging.LogRecord) -> bool:
        request = getattr(record, "request", None)
        if request is not None and record.name.startswith("django."):
            match = getattr(request, "resolver_match", None)
            record.msg = (
                f"{str(record.msg).partition(':')[0]}: {request.method} {match.route if match else 'unmatched'}"
            )
            record.args = ()
        return True


class _MaskingFormatter(logging.Formatter):
    def __init__(self, secrets: Sequence[str] = ()) -> None:
        super().__init__("{levelname} {name}: {message}", style="{")
        self.mask = Masker(secrets)


class HumanFormatter(_MaskingFormatter):
    def format(self, record: logging.LogRecord) -> str:
        return self.mask(super().format(record))


class JsonFormatter(_MaskingFormatter):
    """One object a line: time, level, logger, message, process, request_id, then what the line itself knows."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": tell_time(record.created),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "process": name_process(sys.argv),
            "pid": record.process,
            "request_id": request_id_var.get(),
            **fields_var.get(),
            **getattr(record, "facts", {}),
        }
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        masked = {key: self.mask(value) if isinstance(value, str) else value for key, value in line.items()}
        return json.dumps({key: value for key, value in masked.items() if value not in (None, "")}, default=str)


def tell_time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def name_process(argv: Sequence[str]) -> str:
    """``web``, ``work local``, or the command."""
    program = Path(argv[0]).name if argv else ""
    if program == "manage.py":
        return " ".join(word for word in argv[1:3] if not word.startswith("-"))[:40]
    return "web" if {"uvicorn", "daphne", "gunicorn"} & {program, Path(argv[0]).parent.name} else program


def is_json_wanted(wish: str) -> bool:
    """Without a wish: words in a terminal, JSON anywhere else."""
    return wish == "json" or (not wish and not sys.stderr.isatty())


def describe_logging(*, folder: Path, wish: str, secrets: Sequence[str]) -> dict[str, Any]:
    """Django's ``LOGGING``: to stderr, and as JSON to the files that the staff's endpoints read."""
    formatters = {
        "json": {"()": "image2model.ops.logs.JsonFormatter", "secrets": secrets},
        "text": {"()": "image2model.ops.logs.HumanFormatter", "secrets": secrets},
    }
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": formatters,
        "filters": {"hide_addresses": {"()": "image2model.ops.logs.HideAddresses"}},
        "handlers": {
            "console": {
                "class": "logging.StreamHandler",
                "formatter": "json" if is_json_wanted(wish) else "text",
                "filters": ["hide_addresses"],
            },
            "file": {
                "class": "image2model.ops.log_files.DailyFileHandler",
                "folder": os.fspath(folder),
                "formatter": "json",
                "filters": ["hide_addresses"],
            },
        },
        "root": {"handlers": ["console", "file"], "level": "INFO"},
        "loggers": {
            "rq.worker": {"level": "WARNING"},
            "django": {"handlers": [], "level": "INFO", "propagate": True},
            "django.request": {"level": "ERROR"},
            "django.server": {"handlers": [], "level": "WARNING", "propagate": True},
            "django.channels.server": {"level": "WARNING"},
            "uvicorn": {"handlers": [], "level": "WARNING", "propagate": True},
            "uvicorn.error": {"level": "WARNING"},
            # Anybody can send any host name: no reason for a traceback.
            "django.security.DisallowedHost": {"level": "CRITICAL"},
        },
    }
