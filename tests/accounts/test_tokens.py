from __future__ import annotations

import pytest

from accounts.tokens import SHAPE, compute_checksum, find_matching_pepper, hash_token, make_token, parse_token


def test_it_works():
    token = make_token()

    assert SHAPE.fullmatch(token.raw)
    assert parse_token(token.raw) == token
    assert make_token().raw != token.raw


def test_it_never_shows_the_key_when_printed():
    token = make_token()
    assert token.raw not in repr(token)
    assert token.raw not in f"{token}"


def test_the_checksum_has_six_digits_even_when_small():
    assert compute_checksum("") == "000000"
    assert len(compute_checksum("a" * 40)) == 6


@pytest.mark.parametrize("position", [4, 12, 13, 20, 45, 50])
def test_one_wrong_character_is_noticed(position):
    raw = make_token().raw
    other = "x" if raw[position] != "x" else "y"
    assert parse_token(raw[:position] + other + raw[position + 1 :]) is None


@pytest.mark.parametrize("raw", ["", "i2m_", "i2m__", "x" * 4096, "i2m_äöü", "i2m_" + "0" * 8 + "_" + "0" * 38, "\x00"])
def test_what_we_never_made_is_refused(raw):
    assert parse_token(raw) is None


def test_the_hash_needs_the_site_secret(settings):
    token = make_token()
    stored = hash_token(token)

    settings.SECRET_KEY = "another" * 10
    assert find_matching_pepper(token, stored) is None


def test_a_pepper_of_its_own_is_apart_from_the_site_secret(settings):
    token = make_token()
    stored = hash_token(token)
    settings.API_KEY_PEPPER = "a-pepper"
    assert hash_token(token) != stored
    assert find_matching_pepper(token, stored) == settings.SECRET_KEY
    assert find_matching_pepper(token, hash_token(token)) == "a-pepper"
