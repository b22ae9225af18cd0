"""How do tests ask Prometheus' own tool? Series in its notation, one run for each question."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from image2model.configuration import ROOT
from image2model.models import Outage
from image2model.ops import meters
from tests.factories import UserFactory, make_job

FOLDER = ROOT / "deploy" / "prometheus"
NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
WORDS = frozenset(
    {"sum", "max", "min", "by", "and", "on", "or", "unless", "rate", "increase", "histogram_quantile", "le", "time",
     "vector", "avg", "count", "ignoring", "without", "clamp_min", "label_values", "topk", "group", "offset"}
)  # fmt: skip


def find_promtool() -> str:
    """Debian's package prometheus has it. Skipped without, unless REQUIRE_PROMTOOL says that it must be there."""
    found = shutil.which("promtool")
    if found is None and os.environ.get("REQUIRE_PROMTOOL"):
        pytest.fail("promtool is not installed; Debian's package prometheus has it")
    return found or pytest.skip("promtool is not installed")


def run(*arguments: str, folder: Path = FOLDER) -> subprocess.CompletedProcess[str]:
    command = [find_promtool(), *arguments]
    return subprocess.run(command, cwd=folder, text=True, capture_output=True, check=False)


def read_rules(kind: str) -> list[dict[str, Any]]:
    """All ``alert`` or all ``record`` rules."""
    documents = [yaml.safe_load((FOLDER / name).read_text()) for name in ("recording.yml", "alerts.yml")]
    rules = [rule for document in documents for group in document["groups"] for rule in group["rules"]]
    return [rule for rule in rules if kind in rule]


def ask_product() -> str:
    """The real answer of /metrics, with a job that waits, after some traffic and an outage."""
    make_job(UserFactory())
    Outage.objects.create(name="example", summary="An example.")
    for status in (200, 503):
        meters.note_request(method="POST", route="api/v1/upload", status=status, seconds=0.1)
    meters.note_request(method="GET", route="api/v1/jobs/<str:job_id>", status=200, seconds=0.01)
    meters.note_provider_call("submit", "200", 0.1)
    meters.note_rq_job(queue="local", status="finished")
    for status in ("completed", "failed"):
        meters.note_generation(engine="local", status=status, seconds=2.0, overhead=2.0)
    with meters.count_stream("sse"):
        answer = Client().get("/api/v1/health/metrics")
    assert answer.status_code == 200
    return answer.content.decode()


def read_names(text: str) -> set[str]:
    """Every name that may stand in an expression."""
    names = set()
    for family in text_string_to_metric_families(text):
        names |= {f"{family.name}{suffix}" for suffix in SUFFIXES.get(family.type, ("",))}
    return names


SUFFIXES = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum")}


def read_series(text: str) -> dict[str, tuple[str, float]]:
    """Each sample as Prometheus writes it, with the type of its family and its value."""
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = ",".join(f'{name}="{value}"' for name, value in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}"] = (family.type, sample.value)
    return found


def find_names(expression: str) -> set[str]:
    """The metrics and recorded series that an expression names."""
    bare = re.sub(r'"[^"]*"', "", expression)
    bare = re.sub(r"\boffset \w+", " ", bare)
    bare = re.sub(r"\{[^}]*\}|\[[^\]]*\]", " ", bare)
    bare = re.sub(r"\b(by|on|ignoring|without)\s*\([^)]*\)", " ", bare)
    return {word for word in NAME.findall(bare) if word not in WORDS and not word[0].isdigit()} - {"e"}


def find_selectors(expression: str) -> set[str]:
    """``name{label="value"}`` as they stand in the expression."""
    return set(re.findall(r"[a-zA-Z_:][a-zA-Z0-9_:]*\{[^}]+\}", expression))


def write_test(folder: Path, series: Mapping[str, str], *, minutes: int, firing: set[str]) -> Path:
    """A test in promtool's words: after so long, exactly these alerts fire."""
    expected = [{"labels": f'{{alertname="{name}"}}', "value": 1} for name in sorted(firing)]
    expression = 'group by (alertname) (ALERTS{alertstate="firing"})'
    document = {
        "rule_files": [str(FOLDER / "recording.yml"), str(FOLDER / "alerts.yml")],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": [{"series": name, "values": values} for name, values in series.items()],
                "promql_expr_test": [{"expr": expression, "eval_time": f"{minutes}m", "exp_samples": expected}],
            }
        ],
    }
    path = folder / "rules.test.yml"
    path.write_text(yaml.safe_dump(document))
    return path
