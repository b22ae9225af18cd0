"""Which settings does the environment offer, of what type, and is each value usable?

The one typed list of settings: ``settings.py`` reads it, ``docs/settings.md`` is generated from it.
Free of Django, so that a wrong value can be told in one line before anything starts.
"""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
TAKEN_SEGMENTS = frozenset(
    ("accounts", "api", "artifacts", "generations", "health", "jobs", "models", "pictures", "static", "styleguide",
     "upload", "ws")
)  # fmt: skip


class ConfigurationError(Exception):
    """A value of the environment cannot be used."""


def parse_text(raw: str) -> str:
    return raw.strip()


def parse_bool(raw: str) -> bool:
    words = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}
    try:
        return words[raw.strip().lower()]
    except KeyError:
        raise ValueError("must be true or false") from None


def parse_list(raw: str) -> list[str]:
    return [part.strip() for part in raw.split(",") if part.strip()]


def parse_segment(raw: str) -> str:
    segment = raw.strip().strip("/")
    if not re.fullmatch(r"[A-Za-z0-9_-]+", segment) or segment in TAKEN_SEGMENTS:
        raise ValueError("must be one part of an address, of letters, digits, - and _, that no page of ours has")
    return segment


def parse_networks(raw: str) -> list[str]:
    try:
        return [str(ipaddress.ip_network(part)) for part in parse_list(raw)]
    except ValueError:
        raise ValueError("must be addresses or networks such as 10.0.0.0/8, separated by commas") from None


def parse_path(raw: str) -> Path:
    return Path(raw).expanduser().resolve()


def parse_optional_int(raw: str) -> int | None:
    return parse_whole_number(raw) if raw.strip() else None


def parse_optional_money(raw: str) -> Decimal | None:
    if not raw.strip():
        return None
    try:
        amount = Decimal(raw.strip())
    except InvalidOperation:
        raise ValueError("must be an amount such as 20 or 12.50") from None
    if not amount.is_finite() or not 0 <= amount < 10_000_000:
        raise ValueError("must be an amount from 0 to 9,999,999")
    return amount


def parse_whole_number(raw: str) -> int:
    try:
        number = int(raw)
    except ValueError:
        raise ValueError("must be a whole number") from None
    if number < 0:
        raise ValueError("must not be negative")
    return number


def parse_positive_number(raw: str) -> int:
    if (number := parse_whole_number(raw)) == 0:
        raise ValueError("must be at least 1")
    return number


def parse_percent(raw: str) -> int:
    if (number := parse_positive_number(raw)) > 100:
        raise ValueError("must be a whole number from 1 to 100")
    return number


def parse_rate(raw: str) -> tuple[int, int]:
    """``60/min`` -> (60, 60): how many, in how many seconds."""
    seconds = {"s": 1, "sec": 1, "second": 1, "m": 60, "min": 60, "minute": 60, "h": 3600, "hour": 3600, "day": 86400}
    count, _, period = raw.partition("/")
    if not count.strip().isdigit() or period.strip() not in seconds:
        raise ValueError("must look like 60/min (second, min, hour or day)")
    return int(count), seconds[period.strip()]


def parse_log_format(raw: str) -> str:
    if raw.strip().lower() not in {"", "json", "text"}:
        raise ValueError("must be json or text")
    return raw.strip().lower()


def parse_url(raw: str) -> str:
    if raw.strip() and "://" not in raw:
        raise ValueError("must be a URL")
    return raw.strip().rstrip("/")


def parse_location(raw: str) -> str:
    location = raw.strip()
    if location and not re.fullmatch(r"/[A-Za-z0-9_/-]*[A-Za-z0-9_-]/", location):
        raise ValueError("must look like /_files/")
    return location


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One name of the environment: how it is read, what it is without a value, what it is for."""

    name: str
    parse: Callable[[str], Any]
    default: str
    about: str
    secret: bool = False
    shared: bool = True  # must every process of an installation have the same value?


SETTINGS = (
    Setting(name="SECRET_KEY", parse=parse_text, default="", secret=True,
            about="Signs sessions and links. Without one, a key is made and kept in DATA_DIR/secret_key."),
    Setting(name="SECRET_KEY_FALLBACKS", parse=parse_list, default="", secret=True,
            about="Former SECRET_KEYs, separated by commas: what they signed and sealed stays good meanwhile."),
    Setting(name="API_KEY_PEPPER", parse=parse_text, default="", secret=True,
            about="Goes into the hashes of API keys. Empty: the SECRET_KEY does."),
    Setting(name="API_KEY_PEPPER_FALLBACKS", parse=parse_list, default="", secret=True,
            about="Former peppers, separated by commas. A key is hashed anew when it is used."),
    Setting(name="DEBUG", parse=parse_bool, default="false", about="Developer pages. Never on an open network."),
    Setting(name="ALLOWED_HOSTS", parse=parse_list, shared=False, default="127.0.0.1,localhost,[::1]",
            about="Host names that the server answers to, separated by commas."),
    Setting(name="DATABASE_URL", parse=parse_text, default="", secret=True,
            about="postgres://user:password@host:port/name, or sqlite:///path. Default: SQLite in DATA_DIR."),
    Setting(name="REDIS_URL", parse=parse_text, default="", secret=True,
            about="redis://… or unix:///…. Default: the embedded Valkey that bin/up starts."),
    Setting(name="DATA_DIR", parse=parse_path, shared=False, default=str(ROOT / "data"),
            about="Database, files, queue and logs of a single-machine installation."),
    Setting(name="STORAGE_URL", parse=parse_text, default="", secret=True,
            about="s3://bucket?endpoint=…&region=… for S3. Default: files under DATA_DIR."),
    Setting(name="STATIC_ROOT", parse=parse_text, shared=False, default="",
            about="Where style sheets and scripts are collected for serving. Default: DATA_DIR/static."),
    Setting(name="ACCEL_LOCATION", parse=parse_location, shared=False, default="",
            about="nginx's internal location of the stored files, such as /_files/: nginx sends them, not the product. "
                  "Empty: the product does."),
    Setting(name="PUBLIC_URL", parse=parse_url, default="",
            about="The address that users and FAL see, such as https://models.example.org."),
    Setting(name="FAL_KEY", parse=parse_text, shared=False, default="", secret=True,
            about="Key of FAL.AI. Absent: only the local engine is offered."),
    Setting(name="VIRTUAL_FAL", parse=parse_bool, default="false",
            about="Says on every page that models and prices are made up. Set by bin/up --virtual-fal."),
    Setting(name="DEFAULT_ENGINE", parse=parse_text, default="",
            about="Engine used when a job names none. Default: Tripo v2.5 with a FAL key, else the local engine."),
    Setting(name="FAL_CONCURRENCY", parse=parse_whole_number, default="2",
            about="How many generations run at FAL at once."),
    Setting(name="FAL_BASE_URL", parse=parse_url, default="",
            about="One address in place of all of FAL's hosts: a virtual FAL for trials and tests. Empty: FAL itself."),
    Setting(name="FAL_RESUBMIT_UNKNOWN_AFTER", parse=parse_optional_int, default="",
            about="Seconds after which a submission of unknown outcome is sent again. Empty: never by itself."),
    Setting(name="SITE_BUDGET_USD_PER_MONTH", parse=parse_optional_money, default="",
            about="What all users together may spend in a calendar month (UTC). Empty: no limit."),
    Setting(name="USER_BUDGET_USD_PER_MONTH", parse=parse_optional_money, default="",
            about="What a user without a limit of their own may spend in a calendar month. Empty: no limit."),
    Setting(name="ALLOW_UNPRICED_ENGINES", parse=parse_bool, default="false",
            about="May engines whose price is not known be used where a budget is set?"),
    Setting(name="MAX_SUBMISSIONS_PER_DAY", parse=parse_optional_int, default="",
            about="Paid requests sent in a day (UTC); above it work waits for the next day. Empty: no limit."),
    Setting(name="MAX_SUBMISSIONS_PER_DAY_PER_USER", parse=parse_optional_int, default="",
            about="The same for the work of one user. Empty: no limit."),
    Setting(name="SIGNUP", parse=parse_bool, default="true", about="May strangers make an account by themselves?"),
    Setting(name="RATE_LIMIT_UPLOAD", parse=parse_rate, default="60/min",
            about="Uploads, and other calls that make jobs, of one user: never more in any such period."),
    Setting(name="MAX_FILES", parse=parse_whole_number, default="25", about="Pictures in one job."),
    Setting(name="MAX_FILE_MB", parse=parse_whole_number, default="10", about="Size of one picture in MiB."),
    Setting(name="MAX_ACTIVE_GENERATIONS", parse=parse_whole_number, default="2000",
            about="Generations of one user that may wait or run at once."),
    Setting(name="MAX_QUEUED_GENERATIONS", parse=parse_whole_number, default="20000",
            about="Generations of all users that may wait at once; above it new work is refused for a while."),
    Setting(name="STORAGE_MB_PER_USER", parse=parse_optional_int, default="",
            about="What the pictures and models of a user without a limit of their own may take, in MiB. "
                  "Empty: no limit."),
    Setting(name="MIN_FREE_MB", parse=parse_whole_number, default="100",
            about="With less than this free in DATA_DIR, in MiB, nothing new is accepted."),
    Setting(name="MAX_STREAMS", parse=parse_whole_number, default="10", about="Open live streams per user."),
    Setting(name="ALLOW_PRIVATE_WEBHOOKS", parse=parse_bool, default="false",
            about="May webhooks go to http:// and to private and loopback addresses? For closed networks and trials."),
    Setting(name="RETENTION_DAYS", parse=parse_optional_int, default="",
            about="Jobs are deleted this many days after they ended. Empty: kept until deleted."),
    Setting(name="EMAIL_URL", parse=parse_text, default="", secret=True,
            about="smtp://user:password@host:587 for password resets. Default: mails are printed to the log."),
    Setting(name="EMAIL_FROM", parse=parse_text, default="image2model@localhost", about="Sender of our mails."),
    Setting(name="HTTPS", parse=parse_bool, default="false",
            about="Served over TLS (behind a proxy that sets X-Forwarded-Proto): secure cookies, HSTS, redirects."),
    Setting(name="ADMIN_PATH", parse=parse_segment, default="admin",
            about="The first part of the admin's address: admin is at /admin/."),
    Setting(name="ADMIN_ADDRESSES", parse=parse_networks, default="",
            about="From where the admin can be reached, such as 10.0.0.0/8,203.0.113.7. Empty: from everywhere."),
    Setting(name="REQUIRE_TWO_FACTOR", parse=parse_bool, default="false",
            about="Must staff have confirmed a code of their authenticator before they reach the admin?"),
    Setting(name="ALLOW_FAILPOINTS", parse=parse_bool, default="false",
            about="For tests alone: lets the variable FAILPOINTS end a worker at a named step."),
    Setting(name="MIN_WORKERS", parse=parse_positive_number, shared=False, default="1",
            about="Workers of the local queue that --workers auto and work --count auto keep when nothing waits."),
    Setting(name="MAX_WORKERS", parse=parse_optional_int, shared=False, default="",
            about="The most that they start on one machine. Empty: one for each processor."),
    Setting(name="SCALE_UP_SECONDS", parse=parse_whole_number, shared=False, default="10",
            about="One more of them starts while the oldest waiting generation is older than this."),
    Setting(name="SCALE_DOWN_SECONDS", parse=parse_whole_number, shared=False, default="60",
            about="One of them ends after nothing has waited for so long."),
    Setting(name="ALERT_EMAILS", parse=parse_list, default="",
            about="Who is written to, by way of EMAIL_URL, when something is wrong and when it is over. "
                  "Separated by commas."),
    Setting(name="ALERT_WEBHOOK_URL", parse=parse_url, default="", secret=True,
            about='Where the same goes as a Slack-compatible message: {"text": …}.'),
    Setting(name="ALERT_QUEUE_MINUTES", parse=parse_positive_number, default="15",
            about="A generation that has waited for longer, without a reason of its own, is told."),
    Setting(name="ALERT_DISK_PERCENT", parse=parse_percent, default="85",
            about="A disk that is fuller is told."),
    Setting(name="BUILD_COMMIT", parse=parse_text, shared=False, default="",
            about="The commit that an image was built from. Empty: the checkout's own."),
    Setting(name="LOG_FORMAT", parse=parse_log_format, shared=False, default="",
            about="json or text, for the lines on stderr. Empty: text in a terminal, else json."),
    Setting(name="METRICS_TOKEN", parse=parse_text, shared=False, default="", secret=True,
            about="Bearer token that the metrics need. Unset: open, for a proxy to keep inside."),
    Setting(name="OTEL_EXPORTER_OTLP_ENDPOINT", parse=parse_url, shared=False, default="",
            about="Where traces go. Empty: off."),
)  # fmt: skip


def read_configuration(environ: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Every setting by name, parsed.

    A setting ``NAME`` may also come from the file that ``NAME_FILE`` names, as container secrets do.
    Raises ``ConfigurationError`` with one clear line.
    """
    source = os.environ if environ is None else environ
    return {setting.name: _read(setting, source) for setting in SETTINGS}


def list_secret_values(configuration: Mapping[str, Any]) -> list[str]:
    values = (configuration[setting.name] for setting in SETTINGS if setting.secret)
    return [text for value in values for text in (value if isinstance(value, list) else [value])]


def _read(setting: Setting, environ: Mapping[str, str]) -> Any:
    try:
        return setting.parse(_raw(setting, environ))
    except ValueError as error:
        raise ConfigurationError(f"{setting.name} {error}.") from None


def _raw(setting: Setting, environ: Mapping[str, str]) -> str:
    path = environ.get(f"{setting.name}_FILE")
    if path is None:
        return environ.get(setting.name) or setting.default
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ConfigurationError(f"{setting.name}_FILE cannot be read: {error.strerror}.") from None
