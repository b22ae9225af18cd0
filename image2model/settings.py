"""How is Django set up? Every knob comes from ``configuration.py``; nothing else reads the environment."""

from __future__ import annotations

import secrets
import sys
from decimal import Decimal
from pathlib import Path
from urllib.parse import quote, urlsplit

from csp.constants import NONE, SELF

from image2model.api_document import DESCRIPTION, TAGS
from image2model.configuration import ConfigurationError, list_secret_values, read_configuration
from image2model.connections import database_from_url, email_from_url, storage_from_url
from image2model.ops.logs import describe_logging
from image2model.ops.masking import list_secrets
from image2model.production import find_faults

try:
    CONFIGURATION = read_configuration()
    _DATABASE = database_from_url(
        CONFIGURATION["DATABASE_URL"], default=CONFIGURATION["DATA_DIR"] / "image2model.sqlite3"
    )
    _STORAGE = storage_from_url(CONFIGURATION["STORAGE_URL"], default=CONFIGURATION["DATA_DIR"] / "files")
    EMAIL = email_from_url(CONFIGURATION["EMAIL_URL"])
except ConfigurationError as error:
    sys.exit(f"Image2Model cannot start: {error}")

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR: Path = CONFIGURATION["DATA_DIR"]
DATA_DIR.mkdir(parents=True, exist_ok=True)


def _keep_secret_key(path: Path) -> str:
    """The installation's own key: made once, readable by its owner alone."""
    try:
        with path.open("x") as file:
            path.chmod(0o600)
            file.write(secrets.token_urlsafe(48))
    except FileExistsError:
        pass
    return path.read_text().strip()


def _find_embedded_redis(data_dir: Path) -> str:
    """Where the supervisor's own server is: it leaves the address for commands in other terminals."""
    told = data_dir / "redis_url"
    return told.read_text().strip() if told.exists() else f"unix://{quote(str(data_dir / 'valkey.sock'))}?db=0"


if _faults := find_faults(CONFIGURATION):
    sys.exit(f"Image2Model cannot start: {' '.join(_faults)}")
SECRET_KEY = CONFIGURATION["SECRET_KEY"] or _keep_secret_key(DATA_DIR / "secret_key")
SECRET_KEY_FALLBACKS: list[str] = CONFIGURATION["SECRET_KEY_FALLBACKS"]
API_KEY_PEPPER: str = CONFIGURATION["API_KEY_PEPPER"]
API_KEY_PEPPER_FALLBACKS: list[str] = CONFIGURATION["API_KEY_PEPPER_FALLBACKS"]
DEBUG: bool = CONFIGURATION["DEBUG"]
ALLOWED_HOSTS: list[str] = CONFIGURATION["ALLOWED_HOSTS"]
PUBLIC_URL: str = CONFIGURATION["PUBLIC_URL"]
if PUBLIC_URL and (_host := urlsplit(PUBLIC_URL).hostname) and _host not in ALLOWED_HOSTS:
    ALLOWED_HOSTS = [*ALLOWED_HOSTS, _host]
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL] if PUBLIC_URL else []

INSTALLED_APPS = [
    *(["daphne"] if "runserver" in sys.argv else []),  # only for its command: it loads Twisted into every process
    "image2model",
    "accounts",
    "jobs",
    "image2model.admin_site.ProductAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "channels",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_rq",
    "csp",
]
MIDDLEWARE = [
    "image2model.middleware.RequestIdMiddleware",
    "image2model.middleware.PrivacyMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "image2model.middleware.CompressionMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.sessions.SessionUseMiddleware",
    "image2model.admin_door.AdminDoorMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "image2model.middleware.QueuePagesMiddleware",
]
ROOT_URLCONF = "image2model.urls"
ASGI_APPLICATION = "image2model.asgi.application"
APPEND_SLASH = False  # every address answers with and without its slash, never by a redirect

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "image2model.context.describe_site",
            ]
        },
    }
]

# Data
DATABASES = {"default": _DATABASE}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
REDIS_URL: str = CONFIGURATION["REDIS_URL"] or _find_embedded_redis(DATA_DIR)
STORAGES = {
    "default": _STORAGE,
    "staticfiles": {"BACKEND": "image2model.storage.HashedStaticFilesStorage"},
}
# Files of the disk alone can be sent by nginx; those of S3 go through the product.
ACCEL_LOCATION: str = "" if CONFIGURATION["STORAGE_URL"] else CONFIGURATION["ACCEL_LOCATION"]
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
FILE_UPLOAD_TEMP_DIR = str(DATA_DIR / "incoming")
Path(FILE_UPLOAD_TEMP_DIR).mkdir(exist_ok=True)
FILE_UPLOAD_PERMISSIONS = 0o640
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_621_440
DATA_UPLOAD_MAX_NUMBER_FILES = 1_000  # our own check names the limit; this one only stops floods
DATA_UPLOAD_MAX_NUMBER_FIELDS = 200

# Queue
_QUEUE = {"URL": REDIS_URL, "SERIALIZER": "rq.serializers.JSONSerializer", "DEFAULT_TIMEOUT": 900}
RQ_QUEUES = {name: dict(_QUEUE) for name in ("local", "post", "watch", "fal")}
RQ = {"DEFAULT_RESULT_TTL": 0, "COMMIT_MODE": "auto"}  # jobs/queue.py rings after the commit itself
RQ_SHOW_ADMIN_LINK = True

# People
AUTH_USER_MODEL = "accounts.User"
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "library"
LOGOUT_REDIRECT_URL = "start"
SIGNUP: bool = CONFIGURATION["SIGNUP"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

# Security
HTTPS: bool = CONFIGURATION["HTTPS"]
ADMIN_PATH: str = CONFIGURATION["ADMIN_PATH"]
ADMIN_ADDRESSES: list[str] = CONFIGURATION["ADMIN_ADDRESSES"]
REQUIRE_TWO_FACTOR: bool = CONFIGURATION["REQUIRE_TWO_FACTOR"]
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
_prefix = "__Host-" if HTTPS else ""  # such a cookie comes from this very host alone, and never without TLS
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = f"{_prefix}sessionid", f"{_prefix}csrftoken"
SESSION_ENGINE = "accounts.sessions"
SESSION_COOKIE_HTTPONLY = True
CSRF_COOKIE_HTTPONLY = True  # our scripts read the token from the page
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_REDIRECT_EXEMPT = [r"^health/?$", r"^api/v1/health(/|$)"]  # asked from inside, past the proxy
# Whether subdomains speak TLS, too, is for the owner of the domain to say.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
CSRF_FAILURE_VIEW = "image2model.pages.answer_csrf"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, "'wasm-unsafe-eval'"],
        # The hash is that of the one style element inside of <model-viewer> 4.4; a browser test sees when it changes.
        "style-src": [SELF, "'sha256-PXtZZkJMMyc18o/DN1ZEFOJ2qEGq95IQbVaJFMOXOb0='"],
        "img-src": [SELF, "blob:", "data:"],
        "connect-src": [SELF, "blob:", "data:"],
        "worker-src": [SELF, "blob:"],
        "font-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "object-src": [NONE],
    }
}

# Pages
LANGUAGE_CODE = "en"
USE_TZ = True
TIME_ZONE = "UTC"
STATIC_URL = "/static/"
STATIC_ROOT = Path(CONFIGURATION["STATIC_ROOT"] or DATA_DIR / "static")
STATIC_ROOT.mkdir(exist_ok=True)
_modules = BASE_DIR / "node_modules"
STATICFILES_DIRS: list[object] = [
    BASE_DIR / "static",
    *(
        (f"vendor/{name}", folder)
        for name, folder in (
            ("model-viewer", _modules / "@google" / "model-viewer" / "dist"),
            ("inter", _modules / "@fontsource-variable" / "inter"),
        )
        if folder.exists()
    ),
]
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = DEBUG
WHITENOISE_KEEP_ONLY_HASHED_FILES = False

EMAIL_BACKEND = EMAIL["backend"]
EMAIL_HOST, EMAIL_PORT = EMAIL["host"], EMAIL["port"]
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD, EMAIL_USE_TLS = EMAIL["user"], EMAIL["password"], EMAIL["tls"]
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = SERVER_EMAIL = CONFIGURATION["EMAIL_FROM"]

# API
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.auth.ApiKeyAuthentication", "accounts.auth.SessionAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["accounts.auth.HasScope"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["jobs.api.parsers.StrictJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "jobs.api.errors.answer_error",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "DATETIME_FORMAT": "iso-8601",
    "URL_FORMAT_OVERRIDE": None,  # ?format= is a parameter like any other
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Image2Model",
    "DESCRIPTION": DESCRIPTION,
    "TAGS": TAGS,
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "PREPROCESSING_HOOKS": ["jobs.api.openapi.leave_out_slash_forms"],
    "POSTPROCESSING_HOOKS": ["jobs.api.openapi.complete"],
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
}

# The product
MAX_FILES: int = CONFIGURATION["MAX_FILES"]
MAX_FILE_BYTES: int = CONFIGURATION["MAX_FILE_MB"] * 1024 * 1024
MAX_ACTIVE_GENERATIONS: int = CONFIGURATION["MAX_ACTIVE_GENERATIONS"]
MAX_QUEUED_GENERATIONS: int = CONFIGURATION["MAX_QUEUED_GENERATIONS"]
STORAGE_MB_PER_USER: int | None = CONFIGURATION["STORAGE_MB_PER_USER"]
MIN_FREE_MB: int = CONFIGURATION["MIN_FREE_MB"]
MAX_STREAMS: int = CONFIGURATION["MAX_STREAMS"]
RATE_LIMIT_UPLOAD: tuple[int, int] = CONFIGURATION["RATE_LIMIT_UPLOAD"]
ALLOW_PRIVATE_WEBHOOKS: bool = CONFIGURATION["ALLOW_PRIVATE_WEBHOOKS"]
RETENTION_DAYS: int | None = CONFIGURATION["RETENTION_DAYS"]
DEFAULT_ENGINE: str = CONFIGURATION["DEFAULT_ENGINE"]
FAL_KEY: str = CONFIGURATION["FAL_KEY"]
FAL_BASE_URL: str = CONFIGURATION["FAL_BASE_URL"]
VIRTUAL_FAL: bool = CONFIGURATION["VIRTUAL_FAL"]
FAL_CONCURRENCY: int = CONFIGURATION["FAL_CONCURRENCY"]
FAL_RESUBMIT_UNKNOWN_AFTER: int | None = CONFIGURATION["FAL_RESUBMIT_UNKNOWN_AFTER"]
ALLOW_FAILPOINTS: bool = CONFIGURATION["ALLOW_FAILPOINTS"]
SITE_BUDGET_USD_PER_MONTH: Decimal | None = CONFIGURATION["SITE_BUDGET_USD_PER_MONTH"]
USER_BUDGET_USD_PER_MONTH: Decimal | None = CONFIGURATION["USER_BUDGET_USD_PER_MONTH"]
ALLOW_UNPRICED_ENGINES: bool = CONFIGURATION["ALLOW_UNPRICED_ENGINES"]
MAX_SUBMISSIONS_PER_DAY: int | None = CONFIGURATION["MAX_SUBMISSIONS_PER_DAY"]
MAX_SUBMISSIONS_PER_DAY_PER_USER: int | None = CONFIGURATION["MAX_SUBMISSIONS_PER_DAY_PER_USER"]
MIN_WORKERS: int = CONFIGURATION["MIN_WORKERS"]
MAX_WORKERS: int | None = CONFIGURATION["MAX_WORKERS"]
SCALE_UP_SECONDS: int = CONFIGURATION["SCALE_UP_SECONDS"]
SCALE_DOWN_SECONDS: int = CONFIGURATION["SCALE_DOWN_SECONDS"]
ALERT_EMAILS: list[str] = CONFIGURATION["ALERT_EMAILS"]
ALERT_WEBHOOK_URL: str = CONFIGURATION["ALERT_WEBHOOK_URL"]
ALERT_QUEUE_MINUTES: int = CONFIGURATION["ALERT_QUEUE_MINUTES"]
ALERT_DISK_PERCENT: int = CONFIGURATION["ALERT_DISK_PERCENT"]
BUILD_COMMIT: str = CONFIGURATION["BUILD_COMMIT"]
METRICS_TOKEN: str = CONFIGURATION["METRICS_TOKEN"]
OTEL_EXPORTER_OTLP_ENDPOINT: str = CONFIGURATION["OTEL_EXPORTER_OTLP_ENDPOINT"]

LOGGING = describe_logging(
    folder=DATA_DIR / "logs",
    wish=CONFIGURATION["LOG_FORMAT"],
    secrets=list_secrets([SECRET_KEY, *list_secret_values(CONFIGURATION)]),
)
