"""Does every row of the bad inputs have its test?"""

from __future__ import annotations

import ast
import csv
import importlib
import pkgutil
from functools import cache

import pytest

import tests.inputs
from tests.inputs.rows import CASES, ELSEWHERE, ROWS
from tests.running import ROOT

CATALOGUE = ROOT.parent / "shared" / "bad-inputs.csv"  # not part of the product; where it is, it is held against ours


@pytest.fixture(scope="module", autouse=True)
def _all_cases() -> None:
    for module in pkgutil.iter_modules(tests.inputs.__path__):
        importlib.import_module(f"tests.inputs.{module.name}")


@pytest.mark.parametrize("row", ROWS)
def test_it_has_a_case(row: str) -> None:
    assert row in CASES or row in ELSEWHERE, f"{row} ({ROWS[row]}) is proved by no test"


@pytest.mark.parametrize(("row", "name"), [(row, name) for row, names in ELSEWHERE.items() for name in names])
def test_the_test_exists(row: str, name: str) -> None:
    folder, _, function = name.partition("::")
    assert function in list_functions(folder), f"{row}: {name} is gone"


@cache
def list_functions(folder: str) -> set[str]:
    """Of the test modules in a folder; modules may be split."""
    trees = [ast.parse(path.read_text()) for path in (ROOT / folder).glob("test_*.py")]
    found = [node for tree in trees for node in ast.walk(tree)]
    return {node.name for node in found if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_no_other_rows_are_named() -> None:
    assert set(ELSEWHERE) <= set(ROWS)


def test_the_catalogue_is_complete() -> None:
    if CATALOGUE.exists():
        with CATALOGUE.open() as file:
            assert {line["id"] for line in csv.DictReader(file)} == set(ROWS)
