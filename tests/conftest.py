"""Who is in every test? Alice owns things, Bob is a stranger."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client, TransactionTestCase, override_settings
from fal_client import client as library

from accounts.models import User
from tests.api.document import check_answer
from tests.browser import chromium, open_window, window  # noqa: F401 - one browser for all modules
from tests.emptying import empty_databases
from tests.factories import UserFactory

PLAIN_STATIC = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
QUICK_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests come last: once Playwright runs in a process, no asyncio test can."""
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)


@pytest.fixture(autouse=True, scope="session")
def _light_settings() -> Iterator[None]:
    """Style sheets are named without a manifest and served from where they lie; passwords are hashed quickly."""
    storages = {**settings.STORAGES, "staticfiles": PLAIN_STATIC}
    with override_settings(
        STORAGES=storages,
        WHITENOISE_USE_FINDERS=True,
        WHITENOISE_AUTOREFRESH=True,
        PASSWORD_HASHERS=QUICK_HASHERS,
    ):
        yield


@pytest.fixture(autouse=True, scope="session")
def _answers_keep_to_the_document() -> Iterator[None]:
    """Every answer of the API that a test gets is held against the OpenAPI document."""
    ask = Client.request

    def ask_and_check(self: Client, **request: Any) -> Any:
        response = ask(self, **request)
        method, path = request.get("REQUEST_METHOD", "GET"), request["PATH_INFO"]
        body = None if response.streaming else response.content
        check_answer(method, path, status=response.status_code, headers=response.headers, body=body)
        return response

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Client, "request", ask_and_check)
        yield


@pytest.fixture(autouse=True, scope="session")
def _emptied_quickly() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", empty_databases)
        yield


@pytest.fixture(autouse=True)
def _fal_library_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """The product points fal_client's module at its hosts; the next test finds it as it was."""
    for name in ("REST_URL", "CDN_URL", "MAX_ATTEMPTS"):
        monkeypatch.setattr(library, name, getattr(library, name))


@pytest.fixture(autouse=True)
def _no_thread_of_the_test_before() -> Iterator[None]:
    """A thread that answers requests keeps its connection for the next one, which some tests forbid."""
    yield
    if asgi := sys.modules.get("image2model.asgi"):
        asgi.django_application.threads.end_idle()


@pytest.fixture(autouse=True, scope="session")
def _nobody_else_in_the_database(request: pytest.FixtureRequest) -> Iterator[None]:
    """PostgreSQL drops no database that somebody is in, and a thread of a test that has ended may be just leaving."""
    if connection.vendor != "postgresql":
        yield
        return
    request.getfixturevalue("django_db_setup")
    yield
    with request.getfixturevalue("django_db_blocker").unblock(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@pytest.fixture
def alice(db: None) -> User:
    return UserFactory(email="alice@example.org")


@pytest.fixture
def bob(db: None) -> User:
    return UserFactory(email="bob@example.org")


@pytest.fixture(autouse=True)
def _empty_storage() -> Iterator[None]:
    """Rows are rolled back after each test; so are the files."""
    yield
    shutil.rmtree(settings.DATA_DIR / "files", ignore_errors=True)
