"""Do code, OpenAPI document and docs/errors.md share one list of error codes, and does nobody make up others?"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from image2model.answers import build_error
from image2model.next_steps import NEXT_STEPS
from jobs.api.errors import Answer, list_headers
from jobs.api.openapi.errors import MEANINGS, NAMES
from jobs.errors import STATUS_OF_CODE

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
AT_THE_DOOR, OF_A_GENERATION = PAGE.split("## Of a generation")
APPS = ("accounts", "image2model", "jobs")
# Each way in which a refusal names its code.
REFUSALS = re.compile(
    r"(?:JobError|AccountError|Refusal|PermissionDenied|AuthenticationFailed|_say|_repeat|_answer_json|_refuse"
    r"|WebhookRefused|Answer)\((?:[^()]*?\bcode=)?\s*\"([a-z_]+)\""
)
NO_CODES = {"provider_paused", "provider_position", "result_formats"}  # words of the code that only look like one


def read_sources() -> dict[str, str]:
    paths = [path for app in APPS for path in (ROOT / app).rglob("*.py") if "migrations" not in path.parts]
    return {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in paths}


SOURCES = read_sources()


def test_it_works() -> None:
    rows = re.findall(r"^\| (\d+) \| `(\w+)` \| (.+) \|$", AT_THE_DOOR, re.MULTILINE)
    expected = [(str(STATUS_OF_CODE[code]), code, meaning) for code, meaning in MEANINGS.items()]

    assert rows == expected, "\n".join(f"| {status} | `{code}` | {words} |" for status, code, words in expected)


def test_every_status_has_words() -> None:
    assert set(STATUS_OF_CODE.values()) == set(NAMES)
    assert list(MEANINGS) == list(STATUS_OF_CODE)


def test_every_error_has_a_next_step() -> None:
    assert sorted(NEXT_STEPS) == sorted(STATUS_OF_CODE)
    assert all(step.endswith(".") for step in NEXT_STEPS.values())
    assert build_error("not_found", "No.", 404)["hint"] == NEXT_STEPS["not_found"]
    assert build_error("not_found", "No.", 404, hint="Look there.")["hint"] == "Look there."


def test_no_refusal_makes_up_a_code() -> None:
    used = {(path, code) for path, text in SOURCES.items() for code in REFUSALS.findall(text)}

    assert len({code for _, code in used}) > 35
    assert [entry for entry in sorted(used) if entry[1] not in STATUS_OF_CODE] == []


def test_a_code_that_is_none_cannot_be_answered() -> None:
    with pytest.raises(KeyError):
        Answer(code="made_up", message="").status  # noqa: B018 - the attribute is what is tried


@pytest.mark.parametrize("code", [code for code, status in STATUS_OF_CODE.items() if status in (429, 503)])
def test_who_may_come_back_is_told_when(code: str) -> None:
    assert int(list_headers(Answer(code=code, message=""))["Retry-After"]) > 0


def test_codes_of_generations_are_all_told() -> None:
    told = set(re.findall(r"^\| `(\w+)` \|", OF_A_GENERATION, re.MULTILINE))
    text = "\n".join(SOURCES.values())
    written = set(re.findall(r"\"((?:provider|result)_[a-z_]+)\"", text)) - NO_CODES

    assert written <= told
    assert {code for code in told if f'"{code}"' not in text} == set()
