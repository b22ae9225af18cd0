from __future__ import annotations

from uuid import uuid4

import pytest
from django.core import signing

from accounts import access


def test_it_works():
    job_id = uuid4()
    found = access.read_access_token(access.make_access_token(7, job_id, seconds=60))

    assert (found.user_id, found.job_id) == (7, job_id)


def test_it_ends():
    assert access.read_access_token(access.make_access_token(7, uuid4(), seconds=0)) is None


def test_it_cannot_be_changed():
    token = access.make_access_token(7, uuid4(), seconds=60)
    assert access.read_access_token("x" + token[1:]) is None


@pytest.mark.parametrize("raw", ["", "x", "a:b:c", ":::", "é", "\x00", "a" * 5000])
def test_nonsense_is_refused(raw):
    assert access.read_access_token(raw) is None


def test_what_was_signed_for_something_else_is_refused():
    assert access.read_access_token(signing.dumps([7, uuid4().hex, 2**40])) is None


def test_it_works_under_a_former_secret(settings):
    token = access.make_access_token(7, uuid4(), seconds=60)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "the-new-secret" * 4
    assert access.read_access_token(token)
