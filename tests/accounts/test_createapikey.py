from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command

from accounts import services

pytestmark = pytest.mark.django_db


def test_it_works(alice, capsys):
    call_command("createapikey", "Alice@example.org", "--name", "pipeline", "--scopes", "read")
    output = capsys.readouterr()

    key = services.find_api_key(output.out.strip())
    assert output.out.count("\n") == 1
    assert (key.user, key.name, key.scopes) == (alice, "pipeline", ["read"])


def test_it_may_read_and_write_unless_told(alice, capsys):
    call_command("createapikey", "alice@example.org")
    assert services.find_api_key(capsys.readouterr().out.strip()).scopes == ["read", "write"]


def test_it_can_have_limits(alice, capsys):
    call_command("createapikey", "alice@example.org", "--uploads-per-minute", "5", "--active-generations", "2")
    key = services.find_api_key(capsys.readouterr().out.strip())
    assert (key.uploads_per_minute, key.active_generations) == (5, 2)


@pytest.mark.parametrize(
    "arguments",
    [
        ["nobody@example.org"],
        ["alice@example.org", "--uploads-per-minute", "0"],
        ["alice@example.org", "--scopes", "all"],
        ["alice@example.org", "--scopes", "admin"],
    ],
)
def test_it_refuses(alice, arguments, capsys):
    with pytest.raises(CommandError):
        call_command("createapikey", *arguments)
    assert capsys.readouterr().out == ""
    assert not alice.api_keys.exists()
