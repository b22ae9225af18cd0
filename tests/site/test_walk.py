"""Who gets in where? Every address of the URL configuration, by every method, as everybody. Rows D07 and E01, P11."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from tests.factories import UserFactory
from tests.site.places import PLACE_OF, Place
from tests.site.walking import CANARY, PATTERNS, ROUTES, Caller, Scene, describe_work, fill, set_scene

pytestmark = pytest.mark.django_db

READS, WRITES = ("GET", "HEAD"), ("POST", "PUT", "PATCH", "DELETE")
METHODS = (*READS, *WRITES, "OPTIONS", "TRACE")
PAGES = {Place.PAGE, Place.PAGE_OF_OBJECT, Place.ADMIN}
CALLS = {Place.API, Place.API_THAT_READS, Place.API_OF_OBJECT, Place.API_FOR_STAFF}
OBJECTS = {Place.PAGE_OF_OBJECT, Place.API_OF_OBJECT}
OF_STAFF = {Place.ADMIN, Place.ADMIN_DATA, Place.API_FOR_STAFF, Place.PAGE_FOR_STAFF}


@pytest.fixture(scope="module")
def scene(django_db_setup, django_db_blocker) -> Iterator[Scene]:
    """Made once; what a test changes is rolled back after it."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield set_scene()
        transaction.set_rollback(True)
    shutil.rmtree(settings.DATA_DIR / "files", ignore_errors=True)


@pytest.fixture(autouse=True)
def _empty_storage() -> None:
    """The scene's files stay as long as its rows."""


@pytest.fixture
def staff() -> AbstractBaseUser:
    return UserFactory(email="staff@example.org", is_staff=True)


@pytest.fixture
def root() -> AbstractBaseUser:
    return UserFactory(email="root@example.org", is_staff=True, is_superuser=True)


def address_of(route: str, scene: Scene) -> str:
    address = fill(route, scene) or "/" + route.replace("<uidb64>", "MQ").replace("<token>", "set-password")
    return address.replace("<str:token>", "no-token")


def visit(caller: Caller, method: str, address: str, scene: Scene, *, sees_all: bool = False) -> Any:
    """The answer, which is never our fault and shows nothing of the owner's to anybody else."""
    with transaction.atomic():
        answer = caller.call(method, address)
        transaction.set_rollback(sees_all)  # those who may change things do so for this once
    told = f"{caller.name}: {method} {address} answered {answer.status_code}"
    assert answer.status_code < 500 or (answer.status_code == 503 and answer["Retry-After"]), told
    assert answer["X-Request-ID"], told
    if not sees_all and caller.user != scene.owner:
        shown = answer.read.decode("utf-8", "replace") + str(answer.headers)
        leaks = [secret for secret in scene.secrets if secret in shown.replace(address, "") and secret not in address]
        assert not leaks, f"{told} and showed {leaks}"
        assert CANARY not in shown.replace(address, ""), told
    return answer


def assert_nobody_refused(answer: Any, place: Place, method: str) -> None:
    if place in CALLS:
        assert answer.status_code == (200 if method == "OPTIONS" else 401)
        assert method == "OPTIONS" or answer["WWW-Authenticate"] == "Bearer"
    elif place in PAGES:
        assert answer.status_code in (302, 405)
        assert answer.status_code == 405 or answer["Location"].startswith(("/accounts/login/", "/admin/login/"))
    elif place == Place.ADMIN_DATA:
        assert answer.status_code in (401, 405)
    elif place == Place.PAGE_FOR_STAFF:
        assert answer.status_code in (404, 405)


def test_every_address_has_its_place() -> None:
    assert set(ROUTES) == set(PLACE_OF)


def test_both_forms_lead_to_the_same_view() -> None:
    """So that walking one of them is enough."""
    for route in ROUTES:
        if (other := PATTERNS.get(f"{route}/")) is not None:
            assert other.callback is PATTERNS[route].callback, route
            assert other.default_args == PATTERNS[route].default_args, route


@pytest.mark.parametrize("route", ROUTES)
def test_nobody_gets_in(scene: Scene, route: str) -> None:
    before, address = describe_work(scene), address_of(route, scene)
    caller = Caller(name="nobody")
    for method in METHODS:
        answer = visit(caller, method, address, scene)
        assert_nobody_refused(answer, PLACE_OF[route], method)
    assert describe_work(scene) == before


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("who", ["stranger", "staff", "superuser"])
def test_what_is_anothers_is_not_there(scene: Scene, bob, staff, root, route: str, who: str) -> None:
    """Staff are nobody special outside of the admin."""
    place, address = PLACE_OF[route], address_of(route, scene)
    if place in OF_STAFF and (who == "superuser" or (place == Place.API_FOR_STAFF and who == "staff")):
        return  # may see everything there: the tests below
    before = describe_work(scene)
    user = {"stranger": bob, "staff": staff, "superuser": root}[who]
    visitor = Caller(name=who, user=user)
    script = Caller(name=who, user=user, scopes=("read", "write"))
    for method in METHODS:
        by_page = visit(visitor, method, address, scene)
        by_key = visit(script, method, address, scene)
        for answer in (by_page, by_key) if place in CALLS else (by_page,):
            assert answer.status_code in allow_others(place, who, method), (method, answer.status_code, answer.read)
        if place not in CALLS:
            assert_nobody_refused(by_key, place, method)  # a key opens no page
    assert describe_work(scene) == before


def allow_others(place: Place, who: str, method: str) -> set[int] | range:
    if place in CALLS and method == "OPTIONS":
        return {200}
    if place in OBJECTS:
        return {404, 405}
    if place == Place.API_FOR_STAFF:
        return {403} if who == "stranger" else {200, 400, 403, 404, 405}
    if place == Place.PAGE_FOR_STAFF and who == "stranger":
        return {404, 405}
    if place in (Place.ADMIN, Place.ADMIN_DATA) and who == "stranger":
        return {302, 401, 405}
    return range(200, 500)


@pytest.mark.parametrize("route", [route for route in ROUTES if PLACE_OF[route] in CALLS])
def test_a_key_does_what_its_scopes_say(scene: Scene, root, route: str) -> None:
    before, place, address = describe_work(scene), PLACE_OF[route], address_of(route, scene)
    reader = Caller(name="reader", user=scene.owner, scopes=("read",))
    writer = Caller(name="writer", user=scene.owner, scopes=("write",))
    head = Caller(name="head", user=root, scopes=("read", "write"))
    for method in WRITES:
        answer = visit(reader, method, address, scene)
        if place != Place.API_THAT_READS:
            assert_lacks(answer, "permission_denied" if place == Place.API_FOR_STAFF else "insufficient_scope")
    for method in READS:
        answer = visit(writer, method, address, scene)
        if place in (Place.API, Place.API_OF_OBJECT):
            assert_lacks(answer, "insufficient_scope" if method == "GET" else "")
    if place == Place.API_FOR_STAFF:
        for method in (*READS, *WRITES):
            assert_lacks(visit(head, method, address, scene), "insufficient_scope" if method != "HEAD" else "")
    assert describe_work(scene) == before


def assert_lacks(answer: Any, code: str) -> None:
    assert answer.status_code == 403
    assert not code or answer.json()["error_code"] == code


@pytest.mark.parametrize("route", [r for r in ROUTES if PLACE_OF[r] in CALLS - {Place.API_FOR_STAFF}])
def test_the_scope_of_staff_opens_nothing_else(scene: Scene, root, route: str) -> None:
    caller = Caller(name="admin key", user=root, scopes=("admin",))
    for method in (*READS, *WRITES):
        assert visit(caller, method, address_of(route, scene), scene).status_code == 403


@pytest.mark.parametrize("route", ROUTES)
def test_those_who_may_find_it(scene: Scene, root, route: str) -> None:
    """The owner, and staff in the admin: something is there, and no method of theirs is our fault."""
    place, address = PLACE_OF[route], address_of(route, scene)
    scopes = {Place.API_FOR_STAFF: ("admin",)}.get(place, ("read", "write") if place in CALLS else ())
    caller = Caller(name="owner", user=root if place in OF_STAFF else scene.owner, scopes=scopes)
    found = {visit(caller, method, address, scene, sees_all=True).status_code for method in METHODS[:-2]}
    if place in CALLS | {Place.PAGE, Place.PAGE_OF_OBJECT, Place.ADMIN_DATA}:
        assert found - {401, 403, 404, 405}, found
