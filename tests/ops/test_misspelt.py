"""Names of the environment that nobody reads"""

from __future__ import annotations

import pytest

from image2model.configuration import SETTINGS
from image2model.misspelt import find_misspelt


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("MAX_FILE_MBS", "MAX_FILE_MBS is not read: did you mean MAX_FILE_MB?"),
        ("ALLOWED_HOST", "ALLOWED_HOST is not read: did you mean ALLOWED_HOSTS?"),
        ("DATABASE_URI", "DATABASE_URI is not read: did you mean DATABASE_URL?"),
        ("retention_days", "retention_days is not read: did you mean RETENTION_DAYS?"),
        ("FAL_KEY_FILES", "FAL_KEY_FILES is not read: did you mean FAL_KEY_FILE?"),
        ("IMAGE2MODEL_DEBUG", "IMAGE2MODEL_DEBUG is not read: the name is DEBUG, without a prefix."),
        ("I2M_COLOUR", "I2M_COLOUR is not read: there is no such setting."),
        ("FAL_COLOUR", "FAL_COLOUR is not read: there is no such setting."),
    ],
)
def test_it_works(name: str, expected: str) -> None:
    assert find_misspelt({name: "x"}) == [expected]


def test_ours_are_ours() -> None:
    assert find_misspelt({name: "" for s in SETTINGS for name in (s.name, f"{s.name}_FILE")}) == []


@pytest.mark.parametrize(
    "name",
    ["PATH", "HOME", "LANG", "HTTPS_PROXY", "HTTP_PROXY", "XDG_DATA_DIRS", "PYTHONUNBUFFERED", "FAILPOINTS", "HOST",
     "DJANGO_SETTINGS_MODULE", "SUPERVISOR_PIPE_FD", "SSL_CERT_FILE", "EMAIL", "REDIS_PASSWORD",
     "PROMETHEUS_MULTIPROC_DIR", "POSTGRES_PASSWORD", "SECRETS", "PUBLIC_IP"],
)  # fmt: skip
def test_the_names_of_others_are_left_alone(name: str) -> None:
    assert find_misspelt({name: "x"}) == []
