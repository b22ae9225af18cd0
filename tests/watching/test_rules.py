"""deploy/prometheus: each alert fires on its fault alone, none on the quiet run, and every metric is the product's"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import pytest
import yaml
from django.urls import resolve

from image2model.configuration import ROOT
from tests.watching import promtool

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("processes")]

ALERTS = {rule["alert"]: rule for rule in promtool.read_rules("alert")}
UPLOADS = 'http_requests_total{method="POST",route="api/v1/upload",status="%s"}'
HOUR = 60
GOOD_UPLOADS, BAD_UPLOADS = UPLOADS % 200, UPLOADS % 503
READS = 'http_requests_total{method="GET",route="api/v1/jobs/<str:job_id>",status="200"}'
IN_TIME = 'generation_overhead_seconds_bucket{engine="local",le="120.0"}'
ALL_ENDED = 'generation_overhead_seconds_count{engine="local"}'


@lru_cache(maxsize=1)
def ask_once() -> str:
    return promtool.ask_product()


def draw_quiet_series(minutes: int) -> dict[str, str]:
    """What the product really answers, for as long: gauges as they are, counts growing, faults none."""
    series = {}
    for name, (kind, value) in promtool.read_series(ask_once()).items():
        steady = f"{value if value == value else 0}x{minutes}"
        grows = kind in ("counter", "histogram") and 'status="503"' not in name and 'status="failed"' not in name
        series[name] = f"0+60x{minutes}" if grows else steady
    return series | {
        'up{job="image2model",instance="a"}': f"1x{minutes}",
        "sweep_last_success_timestamp_seconds{}": f"0+60x{minutes}",
        "sweep_failing{}": f"0x{minutes}",
        "system_disk_usage_percent{}": f"40x{minutes}",
        "system_memory_usage_percent{}": f"50x{minutes}",
        "orphan_files{}": f"0x{minutes}",
        "fal_double_submissions{}": f"0x{minutes}",
        'workers_alive{queue="fal"}': f"1x{minutes}",
    }


def fill(name: str, value: float | str) -> dict[str, str]:
    return {name: str(value)}


def upload_errors(percent: float) -> dict[str, str]:
    """So many of a hundred uploads in each minute fail, for as long as it lasts."""
    return {GOOD_UPLOADS: f"0+{100 - percent}x3000", BAD_UPLOADS: f"0+{percent}x3000"}


def late(percent: float) -> dict[str, str]:
    return {IN_TIME: f"0+{100 - percent}x3000", ALL_ENDED: "0+100x3000"}


DAY = 24 * HOUR
# Alert: what is different from the quiet run, how long it takes, and which others rightly fire with it.
FAULTS: Mapping[str, tuple[dict[str, str], int, set[str]]] = {
    "ProductDown": (fill('up{job="image2model",instance="a"}', "0x30"), 5, set()),
    "SourceOfMetricsDown": (fill('metrics_source_up{source="redis"}', "0x30"), 5, set()),
    "NoWorkers": (fill('workers_alive{queue="post"}', "0x30"), 5, set()),
    "NoFalWorker": (
        {'workers_alive{queue="fal"}': "0x30", 'queue_wait_seconds{queue="fal"}': "120x30"}, 5, set()
    ),
    "SweepFails": (fill("sweep_failing{}", "1x30"), 5, set()),
    "SweepSilent": (fill("sweep_last_success_timestamp_seconds{}", "0x30"), 10, set()),
    "ProcessesDiffer": (fill("process_drift{}", "1x60"), 20, set()),
    "UploadErrorsFastBurn": (
        # hours of good uploads, then ten minutes in which none succeeds
        {GOOD_UPLOADS: f"0+100x{8 * HOUR} {48000}x10", BAD_UPLOADS: f"0x{8 * HOUR} 100+100x9"}, 8 * HOUR + 10,
        set(),
    ),
    "UploadErrorsMediumBurn": (
        {GOOD_UPLOADS: f"0+100x{DAY} 144000+94x220", BAD_UPLOADS: f"0x{DAY} 6+6x220", READS: "0+900x3000"},
        DAY + 210, {"UploadErrorsSlowBurn"},
    ),
    "UploadErrorsSlowBurn": (upload_errors(1), 12 * HOUR, set()),
    "LateGenerationsFastBurn": (
        {IN_TIME: f"0+100x{8 * HOUR} 48000x15", ALL_ENDED: "0+100x3000"}, 8 * HOUR + 14, set()
    ),
    "LateGenerationsMediumBurn": (
        {IN_TIME: f"0+100x{DAY} 144000+88x220", ALL_ENDED: "0+100x3000"}, DAY + 210, {"LateGenerationsSlowBurn"}
    ),
    "LateGenerationsSlowBurn": (late(2), 12 * HOUR, set()),
    "DoubleSubmission": (fill("fal_double_submissions{}", "1x30"), 2, set()),
    "RequestErrors": (
        fill('http_requests_total{method="GET",route="api/v1/jobs/<str:job_id>",status="500"}', "0+60x60"), 20, set()
    ),
    "RequestsSlow": (
        {f'http_request_duration_seconds_bucket{{le="{edge}",method="GET",route="api/v1/jobs/<str:job_id>"}}': "0x60"
         for edge in ("0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1.0", "2.5")}, 20, set(),
    ),
    "StreamsNearlyFull": (fill('stream_connections{transport="sse"}', "900x60"), 10, set()),
    "QueueWaits": (fill('queue_wait_seconds{queue="local"}', "901x60"), 5, set()),
    "GenerationsFail": (fill('generations_total{engine="local",status="failed"}', "0+60x90"), 45, set()),
    "FalAccountRefused": (fill('fal_account_refused{reason="balance"}', "1x30"), 2, set()),
    "FalUnreachable": (fill('circuit_breaker_state{provider="fal"}', "2x30"), 10, set()),
    "FalCallsFail": (fill('fal_api_requests_total{operation="submit",outcome="503"}', "0+60x60"), 20, set()),
    "FalUndecided": (fill("fal_undecided_submissions{}", "1x30"), 10, set()),
    "DiskNearlyFull": (fill("system_disk_usage_percent{}", "86x30"), 10, set()),
    "DiskFull": (fill("system_disk_usage_percent{}", "96x30"), 10, {"DiskNearlyFull"}),
    "OrphanFiles": (fill("orphan_files{}", "2x60"), 20, set()),
    "MemoryHigh": (fill("system_memory_usage_percent{}", "91x60"), 20, set()),
    "RedisMemoryHigh": ({"redis_memory_used_bytes{}": "81x60", "redis_memory_max_bytes{}": "100x60"}, 10, set()),
    "DatabaseConnectionsHigh": (fill("database_connections{}", "81x60"), 10, set()),
}  # fmt: skip


def check(folder: Path, series: Mapping[str, str], *, minutes: int, firing: set[str]) -> None:
    path = promtool.write_test(folder, series, minutes=minutes, firing=firing)
    done = promtool.run("test", "rules", str(path), folder=folder)
    assert done.returncode == 0, done.stdout + done.stderr


def test_it_works() -> None:
    for arguments in (("check", "config", "prometheus.yml"), ("check", "rules", "recording.yml", "alerts.yml")):
        done = promtool.run(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("minutes", [10, 2 * HOUR])
def test_nothing_fires_on_the_quiet_run(tmp_path, minutes: int) -> None:
    check(tmp_path, draw_quiet_series(minutes), minutes=minutes - 1, firing=set())


def test_every_alert_has_its_fault() -> None:
    assert set(FAULTS) == set(ALERTS)


@pytest.mark.parametrize("name", FAULTS)
def test_it_fires_on_its_fault_alone(name: str, tmp_path) -> None:
    changes, minutes, others = FAULTS[name]
    series = draw_quiet_series(minutes + 5)
    known = {promtool.NAME.match(one)[0] for one in series}  # type: ignore[index]
    assert {promtool.NAME.match(one)[0] for one in changes} <= known  # type: ignore[index]

    check(tmp_path, series | changes, minutes=minutes, firing={name, *others})


@pytest.mark.parametrize("name", [name for name in FAULTS if "for" in ALERTS[name]])
def test_a_moment_of_it_fires_nothing(name: str, tmp_path) -> None:
    """What lasts for a moment wakes nobody."""
    changes, minutes, _ = FAULTS[name]
    if "Burn" in name or name in ("RequestsSlow", "GenerationsFail", "SweepSilent"):
        minutes = 1  # their windows must fill first; before that there is nothing to say
        series = draw_quiet_series(10)
    else:
        series = draw_quiet_series(10) | changes
        minutes = 0
    check(tmp_path, series, minutes=minutes, firing=set())


def test_five_percent_of_errors_for_ten_minutes_cost_too_little_to_wake_anybody(tmp_path) -> None:
    """They spend 0.2 % of the month's budget; ten times as many errors for as long are told at once, above."""
    start = 8 * HOUR
    series = draw_quiet_series(start + 15) | {
        GOOD_UPLOADS: f"0+100x{start} 48000+95x15",
        BAD_UPLOADS: f"0x{start} 5+5x15",
        READS: "0+900x3000",
    }

    check(tmp_path, series, minutes=start + 10, firing=set())


def test_no_uploads_are_no_fault(tmp_path) -> None:
    series = {name: value for name, value in draw_quiet_series(60).items() if "api/v1/upload" not in name}

    check(tmp_path, series, minutes=59, firing=set())


def test_every_metric_is_the_products() -> None:
    known = promtool.read_names(ask_once()) | {"up"}
    recorded = {rule["record"] for rule in promtool.read_rules("record")}
    for rule in (*promtool.read_rules("record"), *promtool.read_rules("alert")):
        names = promtool.find_names(rule["expr"])
        assert names, rule
        assert names <= known | recorded, f"{rule.get('alert') or rule['record']}: {names - known - recorded}"


def test_every_recorded_series_is_used() -> None:
    dashboard = (ROOT / "deploy" / "grafana" / "dashboard.json").read_text()
    used = {name for rule in promtool.read_rules("alert") for name in promtool.find_names(rule["expr"])}
    for rule in promtool.read_rules("record"):
        assert rule["record"] in used or rule["record"] in dashboard, rule["record"]


@pytest.mark.parametrize("path", ["/api/v1/upload", "/api/v1/upload/image", "/api/v1/images", "/upload"])
def test_the_service_level_counts_every_way_to_upload(path: str) -> None:
    """The routes are those that the requests are counted by."""
    pattern = r"upload|api/v1/upload(/image)?|api/v1/images"
    route = resolve(path).route.removesuffix("/")

    assert re.fullmatch(pattern, route)
    assert all(pattern in rule["expr"] for rule in promtool.read_rules("record") if "upload_errors" in rule["record"])


@pytest.mark.parametrize("name", ALERTS)
def test_every_alert_says_what_to_do(name: str) -> None:
    rule = ALERTS[name]
    page = (ROOT / "docs" / "operations.md").read_text()

    assert rule["labels"]["severity"] in ("page", "ticket")
    assert set(rule["annotations"]) == {"summary", "description", "runbook"}
    assert rule["annotations"]["runbook"] == f"docs/operations.md#{name.lower()}"
    section = page.partition(f"\n### {name}\n")[2].partition("\n### ")[0]
    assert len(section.split()) > 15, f"docs/operations.md says too little of {name}"


def test_the_page_explains_no_alert_that_is_gone() -> None:
    page = (ROOT / "docs" / "operations.md").read_text().partition("## What each alert means")[2]
    told = {line.removeprefix("### ") for line in page.partition("\n## ")[0].splitlines() if line.startswith("### ")}

    assert told == set(ALERTS)


def test_prometheus_asks_where_the_product_answers() -> None:
    [job] = yaml.safe_load((promtool.FOLDER / "prometheus.yml").read_text())["scrape_configs"]

    assert resolve(job["metrics_path"]).route == "api/v1/health/metrics"
    assert job["job_name"] == "image2model"
