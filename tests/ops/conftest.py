"""Who calls in these tests? As in those of the API."""

from tests.api.conftest import api, nobody, stranger  # noqa: F401
