"""What do the tests of pages ask of an answer?"""

from __future__ import annotations

from django.contrib.messages import get_messages


def read(response) -> str:
    """A page's text."""
    return response.content.decode()


def read_messages(response) -> str:
    """What the page tells in passing, or will tell on the next one."""
    return " ".join(str(message) for message in get_messages(response.wsgi_request))


def leads_to_login(response) -> bool:
    return response.status_code == 302 and response["Location"].startswith("/accounts/login/")
