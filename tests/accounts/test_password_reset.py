from __future__ import annotations

import re

import pytest

pytestmark = pytest.mark.django_db
RESET = "/accounts/password/reset/"


def ask(client, email="alice@example.org"):
    return client.post(RESET, {"email": email}, follow=True).content.decode()


def find_link(mail) -> str:
    return re.search(r"http\S+", mail.body)[0]


def open_form(client, link) -> str:
    """The address with the token leads to one without it, so that no log or referrer keeps the token."""
    return client.get(link).headers["Location"]


def test_it_works(client, alice, mailoutbox):
    assert "E-mail</label>" in client.get(RESET).text
    assert "Look into your mail" in ask(client)
    (mail,) = mailoutbox
    assert mail.to == ["alice@example.org"]

    form = open_form(client, find_link(mail).removeprefix("http://testserver"))
    assert client.get(form).status_code == 200
    page = client.post(
        form, {"new_password1": "another long phrase", "new_password2": "another long phrase"}, follow=True
    )
    assert "Your password is changed" in page.content.decode()
    alice.refresh_from_db()
    assert alice.check_password("another long phrase")


def test_a_link_works_once(client, alice, mailoutbox):
    ask(client)
    link = find_link(mailoutbox[0])
    alice.set_password("changed meanwhile")
    alice.save()
    page = client.get(link.removeprefix("http://testserver")).content.decode()
    assert "This link no longer works" in page


def test_an_unknown_address_gets_the_same_page_and_no_mail(client, alice, mailoutbox):
    assert ask(client, "nobody@example.org") == ask(client, "nobody2@example.org")
    assert "Look into your mail" in ask(client, "nobody@example.org")
    assert mailoutbox == []


def test_a_user_who_was_switched_off_gets_no_mail(client, alice, mailoutbox):
    alice.is_active = False
    alice.save()
    ask(client)
    assert mailoutbox == []


def test_nobody_fills_a_strangers_mailbox(client, alice, mailoutbox):
    for _ in range(5):
        ask(client)
    assert client.post(RESET, {"email": "ALICE@example.org"}).status_code == 429
    assert len(mailoutbox) == 5


def test_links_name_the_public_address(client, alice, mailoutbox, settings):
    settings.PUBLIC_URL = "https://models.example.org"
    ask(client)
    assert find_link(mailoutbox[0]).startswith("https://models.example.org/accounts/password/reset/")


def test_a_forged_link_is_refused(client, alice):
    assert "This link no longer works" in client.get(f"{RESET}MQ/abc-def/").content.decode()
