"""The second factor: set up, asked for, lost, switched off."""

from __future__ import annotations

import time

import pyotp
import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from accounts import two_factor
from accounts.models import TwoFactor
from accounts.two_factor import begin_enrolment, check_code, confirm_enrolment, has_two_factor
from tests.factories import UserFactory

pytestmark = pytest.mark.database

PASSWORD = "secret-of-tests"
SET_UP, OFF, STEP, SECURITY = (
    "/accounts/security/two-factor/", "/accounts/security/two-factor/off/", "/accounts/login/code/",
    "/accounts/security/",
)  # fmt: skip


@pytest.fixture
def clock(monkeypatch):
    """A clock that tests turn: each code is good once."""

    class Clock:
        now = 1_800_000_000.0

        def turn(self, seconds: float = 30) -> None:
            self.now += seconds

    clock = Clock()
    monkeypatch.setattr(two_factor.time, "time", lambda: clock.now)
    return clock


def read_code(user, clock) -> str:
    """What the authenticator shows."""
    return pyotp.TOTP(TwoFactor.objects.get(user=user).secret).at(clock.now)


@pytest.fixture
def codes(alice, clock) -> list[str]:
    """Alice has a second factor; these are her recovery codes."""
    begin_enrolment(alice)
    codes = confirm_enrolment(alice, code=read_code(alice, clock))
    clock.turn()
    return codes


def give_password(client, user, *, target: str = ""):
    return client.post(
        f"/accounts/login/?next={target}", {"username": user.email, "password": PASSWORD, "next": target}
    )


def is_signed_in(client) -> bool:
    return client.get("/accounts/").status_code == 200


def test_it_works(client, alice, codes, clock):
    answer = give_password(client, alice, target="/upload")
    assert answer["Location"] == STEP
    assert not is_signed_in(client)
    assert client.get(STEP).status_code == 200

    answer = client.post(STEP, {"code": read_code(alice, clock)})
    assert answer["Location"] == "/upload"
    assert is_signed_in(client)


def test_it_is_set_up_with_password_and_code(client, alice, clock):
    other = Client()
    other.force_login(alice)
    client.force_login(alice)
    page = client.get(SET_UP).content.decode()
    secret = TwoFactor.objects.get(user=alice).secret
    assert "data:image/svg+xml" in page
    assert secret[:4] in page
    assert client.get(SET_UP).content.decode().count(secret[:4]) == page.count(secret[:4])  # the same when loaded again
    assert not has_two_factor(alice)

    shown = client.post(SET_UP, {"password": PASSWORD, "code": read_code(alice, clock)})
    assert shown["Cache-Control"] == "max-age=0, no-cache, no-store, must-revalidate, private"
    assert has_two_factor(alice)
    codes = TwoFactor.objects.get(user=alice).recovery.split()
    assert len(set(codes)) == 10
    assert all(code in shown.content.decode() for code in codes)
    assert is_signed_in(client)
    assert not is_signed_in(other)  # it was opened without a second factor
    assert client.get(SET_UP)["Location"] == SECURITY


@pytest.mark.parametrize("wishes", [{"password": "wrong"}, {"code": "000000"}, {"code": ""}, {"code": "ß²"}])
def test_it_is_not_set_up_otherwise(client, alice, clock, wishes):
    client.force_login(alice)
    client.get(SET_UP)
    answer = client.post(SET_UP, {"password": PASSWORD, "code": read_code(alice, clock), **wishes})
    assert answer.status_code == 200
    assert not has_two_factor(alice)


def test_what_was_begun_and_not_finished_is_not_asked_for(client, alice):
    begin_enrolment(alice)
    give_password(client, alice)
    assert is_signed_in(client)


def test_the_secret_lies_sealed(alice, codes):
    from django.db.models import TextField
    from django.db.models.functions import Cast

    rows = TwoFactor.objects.annotate(one=Cast("secret", TextField()), two=Cast("recovery", TextField()))
    stored = "".join(rows.values_list("one", "two").get())
    assert TwoFactor.objects.get().secret not in stored
    assert not any(code in stored for code in codes)


def test_a_code_is_good_once(alice, codes, clock):
    code = read_code(alice, clock)
    assert check_code(alice, code=code)
    assert not check_code(alice, code=code)


@pytest.mark.parametrize(("off", "is_good"), [(-60, False), (-30, True), (0, True), (30, True), (60, False)])
def test_a_clock_may_be_half_a_minute_off(alice, codes, clock, off, is_good):
    clock.turn(300)
    code = pyotp.TOTP(TwoFactor.objects.get().secret).at(clock.now + off)
    assert check_code(alice, code=code) == is_good


def test_an_older_code_is_over_once_a_newer_was_used(alice, codes, clock):
    clock.turn(300)
    older = read_code(alice, clock)
    clock.turn()
    assert check_code(alice, code=read_code(alice, clock))
    assert not check_code(alice, code=older)


@pytest.mark.parametrize("write", [str, str.upper, lambda code: code.replace("-", " "), lambda code: f" {code} "])
def test_a_recovery_code_lets_in_once(client, alice, codes, write):
    give_password(client, alice)
    assert client.post(STEP, {"code": write(codes[3])}).status_code == 302
    assert is_signed_in(client)
    assert not check_code(alice, code=codes[3])
    assert check_code(alice, code=codes[4])
    assert two_factor.count_recovery_codes(alice) == 8


@pytest.mark.parametrize("code", ["000000", "", "aaaa-bbbb-cccc", "1" * 40, "१२३४५६", "\0"])
def test_a_wrong_code_does_not_let_in(client, alice, codes, code):
    give_password(client, alice)
    assert client.post(STEP, {"code": code}).status_code == 200
    assert not is_signed_in(client)


def test_guesses_are_counted_in_every_browser(alice, codes, clock):
    """Also by those who know the password and begin anew after each guess."""
    for _ in range(5):
        client = Client()
        give_password(client, alice)
        assert client.post(STEP, {"code": "000000"}).status_code == 200
    answer = client.post(STEP, {"code": read_code(alice, clock)})
    assert answer.status_code == 429
    assert int(answer["Retry-After"]) > 0
    assert not is_signed_in(client)


def test_the_code_page_alone_lets_nobody_in(client, alice, codes, clock):
    assert client.get(STEP)["Location"] == "/accounts/login/"
    assert client.post(STEP, {"code": read_code(alice, clock)})["Location"] == "/accounts/login/"


def test_it_is_over_after_ten_minutes(client, alice, codes, clock):
    give_password(client, alice)
    clock.turn(601)
    assert client.post(STEP, {"code": read_code(alice, clock)})["Location"] == "/accounts/login/"


def test_it_is_over_when_the_password_changes(client, alice, codes, clock):
    give_password(client, alice)
    alice.set_password("another-secret-of-tests")
    alice.save()
    assert client.post(STEP, {"code": read_code(alice, clock)})["Location"] == "/accounts/login/"


def test_a_code_of_somebody_else_does_not_let_in(client, alice, bob, codes, clock):
    begin_enrolment(bob)
    confirm_enrolment(bob, code=read_code(bob, clock))
    clock.turn()
    give_password(client, alice)
    client.post(STEP, {"code": read_code(bob, clock)})
    assert not is_signed_in(client)


def test_a_foreign_target_is_ignored(client, alice, codes, clock):
    give_password(client, alice, target="https://evil.example/")
    assert client.post(STEP, {"code": read_code(alice, clock)})["Location"].rstrip("/") == "/models"


def test_the_session_is_a_new_one(client, alice, codes, clock):
    give_password(client, alice)
    before = client.cookies["sessionid"].value
    client.post(STEP, {"code": read_code(alice, clock)})
    assert client.cookies["sessionid"].value != before


@pytest.mark.parametrize("wishes", [{}, {"password": "wrong"}, {"code": "000000"}])
def test_it_is_switched_off_with_password_and_code(client, alice, codes, clock, wishes):
    client.force_login(alice)
    client.post(OFF, {"password": PASSWORD, "code": read_code(alice, clock), **wishes})
    assert has_two_factor(alice) == bool(wishes)


def test_the_terminal_resets_it(client, alice, codes):
    client.force_login(alice)
    call_command("reset_two_factor", "Alice@example.org")
    assert not has_two_factor(alice)
    assert not is_signed_in(client)
    with pytest.raises(CommandError, match="has no second factor"):
        call_command("reset_two_factor", alice.email)
    with pytest.raises(CommandError, match="There is no user"):
        call_command("reset_two_factor", "nobody@example.org")


@pytest.mark.parametrize("is_superuser", [True, False])
def test_superusers_reset_it_in_the_admin(client, alice, codes, is_superuser):
    from django.contrib.auth.models import Permission

    staff = UserFactory(is_staff=True, is_superuser=is_superuser)
    staff.user_permissions.set(Permission.objects.filter(codename__endswith="_user"))
    client.force_login(staff)
    client.post("/admin/accounts/user/", {"action": "reset_two_factor", "_selected_action": [alice.pk]})
    assert has_two_factor(alice) != is_superuser


class TestWhereItIsDemanded:
    @pytest.fixture(autouse=True)
    def _demand(self, settings):
        settings.REQUIRE_TWO_FACTOR = True

    @pytest.fixture
    def root(self, alice):
        alice.is_staff = alice.is_superuser = True
        alice.save()
        return alice

    @pytest.mark.parametrize("path", ["/admin/", "/admin/accounts/user/", "/admin/django_rq/dashboard/",
                                      "/admin/django_rq/dashboard/stats.json"])  # fmt: skip
    def test_staff_without_are_led_to_it(self, client, root, path):
        client.force_login(root)
        answer = client.get(path)
        assert answer["Location"] == SECURITY
        assert b"wants a second factor" in client.get(SECURITY).content

    def test_staff_with_it_are_let_in(self, client, root, codes, clock):
        give_password(client, root, target="/admin/")
        answer = client.post(STEP, {"code": read_code(root, clock)}, follow=True)
        assert answer.status_code == 200
        assert answer.redirect_chain[-1][0] == "/admin/"
        assert client.get("/api/v1/admin/disk-usage").status_code == 200

    def test_setting_it_up_opens_the_admin_at_once(self, client, root, clock):
        client.force_login(root)
        client.get(SET_UP)
        client.post(SET_UP, {"password": PASSWORD, "code": read_code(root, clock)})
        assert client.get("/admin/").status_code == 200

    def test_the_staff_api_is_closed_to_sessions_without(self, client, root):
        client.force_login(root)
        answer = client.get("/api/v1/admin/disk-usage")
        assert (answer.status_code, answer.json()["error_code"]) == (403, "permission_denied")
        assert client.get("/api/v1/jobs").status_code == 200

    def test_keys_are_a_way_of_their_own(self, root):
        from accounts.services import create_api_key

        _, raw = create_api_key(root, name="script", scopes=["admin"])
        assert Client().get("/api/v1/admin/disk-usage", headers={"authorization": f"Bearer {raw}"}).status_code == 200

    def test_others_need_none(self, client, bob):
        client.force_login(bob)
        assert client.get("/models").status_code == 200


def test_the_codes_are_those_of_the_standard():
    """RFC 6238, appendix B, in six digits."""
    totp = pyotp.TOTP("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")
    assert [totp.at(seconds) for seconds in (59, 1111111109, 1234567890)] == ["287082", "081804", "005924"]
    assert time.time() > 0
