"""deploy/grafana/dashboard.json: every metric and label in it is the product's, and every panel fits its place"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import combinations
from typing import Any

import pytest
import yaml

from image2model.configuration import ROOT
from tests.watching import promtool

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("processes")]

DASHBOARD: dict[str, Any] = json.loads((ROOT / "deploy" / "grafana" / "dashboard.json").read_text())
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
MEANT_FOR = {  # each of them must be on it
    "requests": "http_requests_total",
    "errors": "image2model:request_errors:ratio_rate5m",
    "durations": "http_request_duration_seconds_bucket",
    "saturation": "system_cpu_usage_percent",
    "queue": "queue_wait_seconds",
    "FAL": "circuit_breaker_state",
    "money": "fal_spend_usd_total",
    "streams": "stream_connections",
    "disk": "system_disk_usage_percent",
}


@lru_cache(maxsize=1)
def ask_once() -> str:
    return promtool.ask_product()


def list_expressions() -> list[tuple[str, str]]:
    found = [(panel["title"], target["expr"]) for panel in PANELS for target in panel["targets"]]
    return found + [(each["name"], each["expr"]) for each in DASHBOARD["annotations"]["list"]]


EXPRESSIONS = list_expressions()


@pytest.mark.parametrize(("title", "expression"), EXPRESSIONS)
def test_every_metric_is_the_products(title: str, expression: str) -> None:
    known = promtool.read_names(ask_once()) | {rule["record"] for rule in promtool.read_rules("record")}
    names = promtool.find_names(expression)

    assert names
    assert names <= known | {"up", "ALERTS"}, f"{title}: {names - known}"


@pytest.mark.parametrize(("title", "expression"), EXPRESSIONS)
def test_every_label_is_the_products(title: str, expression: str) -> None:
    labels: dict[str, set[str]] = {}
    for series in promtool.read_series(ask_once()):
        name, _, rest = series.partition("{")
        labels.setdefault(name, set()).update(re.findall(r'(\w+)="', rest))
    grouped = {label.strip() for group in re.findall(r"\bby \(([^)]*)\)", expression) for label in group.split(",")}
    known = {label for name in promtool.find_names(expression) for label in labels.get(name, ())}
    recorded = {"route"} if "image2model:requests" in expression else set()

    assert grouped <= known | recorded | {"instance", "le"}, f"{title}: {grouped - known}"
    for selector in promtool.find_selectors(expression):
        name, _, matchers = selector.partition("{")
        if name not in ("up", "ALERTS"):
            assert set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", matchers)) <= labels[name], selector


def test_prometheus_reads_every_expression(tmp_path) -> None:
    rules = [{"record": f"checked:expression:{number}", "expr": expr} for number, (_, expr) in enumerate(EXPRESSIONS)]
    path = tmp_path / "expressions.yml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))

    done = promtool.run("check", "rules", "--lint=none", str(path), folder=tmp_path)

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("subject", MEANT_FOR)
def test_it_shows_what_operators_need(subject: str) -> None:
    assert any(MEANT_FOR[subject] in expression for _, expression in EXPRESSIONS)


def test_panels_lie_side_by_side_and_each_has_a_number_of_its_own() -> None:
    places = [panel["gridPos"] for panel in DASHBOARD["panels"]]

    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
    assert all(place["x"] + place["w"] <= 24 for place in places)
    for one, other in combinations(places, 2):
        apart_x = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        apart_y = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert apart_x or apart_y, (one, other)


def test_titles_are_unique_and_the_source_is_chosen_by_the_reader() -> None:
    titles = [panel["title"] for panel in PANELS]

    assert len(titles) == len(set(titles))
    assert {source["uid"] for source in _sources()} == {"${datasource}"}
    assert [each["name"] for each in DASHBOARD["templating"]["list"]] == ["datasource"]


def _sources() -> Iterator[dict[str, str]]:
    for panel in PANELS:
        yield panel["datasource"]
        yield from (target["datasource"] for target in panel["targets"])
