"""Every page says so when FAL is a virtual one."""

from __future__ import annotations

import pytest

from tests.factories import make_job
from tests.pages.answers import read

WORDS = "This portal talks to the virtual FAL: models and prices are made up."


@pytest.fixture
def addresses(alice) -> list[str]:
    job = make_job(alice)
    pages = ["/", "/upload/", "/models/", "/accounts/account/", "/accounts/keys/", "/not-there/"]
    return [*pages, f"/jobs/{job.pk}/", f"/generations/{job.generations.get().pk}/"]


def test_it_works(as_alice, addresses, settings):
    settings.VIRTUAL_FAL = True
    for address in addresses:
        assert WORDS in read(as_alice.get(address)), address


def test_with_the_real_one_nothing_is_said(as_alice, addresses):
    for address in addresses:
        assert WORDS not in read(as_alice.get(address)), address
