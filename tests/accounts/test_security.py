"""/accounts/security/: where somebody is signed in, and how that ends"""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.agents import describe_agent
from accounts.models import Session
from accounts.sessions import FACTS, SEEN_EVERY, name_session

pytestmark = pytest.mark.database

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:150.0) Gecko/20100101 Firefox/150.0"
SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1 (KHTML, like Gecko) Safari/604.1"
PAGE = "/accounts/security/"


def sign_in(user, *, agent: str = FIREFOX, address: str = "203.0.113.7") -> Client:
    client = Client(headers={"user-agent": agent}, REMOTE_ADDR=address)
    client.post("/accounts/login/", {"username": user.email, "password": "secret-of-tests"})
    return client


def is_signed_in(client) -> bool:
    return client.get("/accounts/").status_code == 200


def name_of(client) -> str:
    return name_session(client.cookies["sessionid"].value)


def test_it_works(alice):
    here, there = sign_in(alice), sign_in(alice, agent=SAFARI, address="203.0.113.8")
    page = here.get(PAGE).content.decode()
    assert "Firefox on Windows" in page
    assert "Safari on iPhone" in page
    assert "203.0.113.8" in page
    assert page.count("This one") == 1

    answer = here.post(f"{PAGE}sessions/{name_of(there)}/end/")
    assert answer["Location"] == PAGE
    assert is_signed_in(here)
    assert not is_signed_in(there)


def test_every_other_is_ended(alice, bob):
    here, there, elsewhere, bobs = sign_in(alice), sign_in(alice), sign_in(alice), sign_in(bob)
    here.post(f"{PAGE}sessions/end/")
    assert [is_signed_in(client) for client in (here, there, elsewhere, bobs)] == [True, False, False, True]


def test_the_page_tells_no_session_key(alice):
    here, there = sign_in(alice), sign_in(alice)
    page = here.get(PAGE).content.decode()
    assert here.cookies["sessionid"].value not in page
    assert there.cookies["sessionid"].value not in page


def test_somebody_elses_session_does_not_exist(alice, bob):
    alices, bobs = sign_in(alice), sign_in(bob)
    assert bobs.post(f"{PAGE}sessions/{name_of(alices)}/end/").status_code == 404
    assert bobs.post(f"{PAGE}sessions/nonsense/end/").status_code == 404
    assert is_signed_in(alices)


def test_a_link_ends_nothing(alice):
    here, there = sign_in(alice), sign_in(alice)
    assert here.get(f"{PAGE}sessions/{name_of(there)}/end/").status_code == 405
    assert here.get(f"{PAGE}sessions/end/").status_code == 405


def test_it_requires_a_user(client, db):
    assert client.get(PAGE)["Location"].startswith("/accounts/login/")


def test_another_password_ends_every_other(alice):
    here, there = sign_in(alice), sign_in(alice)
    new = "a-new-secret-of-tests"
    here.post("/accounts/password/", {"old_password": "secret-of-tests", "new_password1": new, "new_password2": new})
    assert is_signed_in(here)
    assert not is_signed_in(there)
    assert Session.objects.filter(user=alice).count() == 1


def test_staff_end_sessions(alice, bob):
    bob.is_staff = bob.is_superuser = True
    bob.save()
    alices, bobs = sign_in(alice), sign_in(bob)
    bobs.post("/admin/accounts/user/", {"action": "end_sessions", "_selected_action": [alice.pk]})
    assert not is_signed_in(alices)
    assert is_signed_in(bobs)


def test_signing_out_leaves_no_session(alice):
    client = sign_in(alice)
    client.post("/accounts/logout/")
    assert not Session.objects.filter(user=alice).exists()


def test_deleting_the_account_leaves_no_session(alice):
    client = sign_in(alice)
    client.post("/accounts/delete/", {"password": "secret-of-tests"})
    assert not Session.objects.exclude(user=None).exists()


def test_use_is_noted_now_and_then(alice, django_assert_num_queries):
    client = sign_in(alice)
    session = client.session
    session[FACTS] = {**session[FACTS], "seen": session[FACTS]["seen"] - SEEN_EVERY - 1}
    session.save()
    before = Session.objects.get(user=alice).seen_at
    client.get(PAGE)
    noted = Session.objects.get(user=alice).seen_at
    assert noted > before
    client.get(PAGE)
    assert Session.objects.get(user=alice).seen_at == noted


def test_markup_of_a_browser_is_escaped(alice):
    client = sign_in(alice, agent="<script>alert(1)</script>")
    assert b"<script>alert" not in client.get(PAGE).content


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (FIREFOX, "Firefox on Windows"),
        (SAFARI, "Safari on iPhone"),
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/150.0 Safari/537.36", "Chrome on Linux"),
        ("Mozilla/5.0 (Macintosh; Mac OS X) Chrome/150.0 Safari/537.36 Edg/150.0", "Edge on macOS"),
        ("curl/8.5", "curl/8.5"),
        ("", "Unknown browser"),
    ],
)
def test_a_browser_is_named(header, expected):
    assert describe_agent(header) == expected
