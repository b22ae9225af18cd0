"""deploy/kubernetes: valid by the schema of Kubernetes, closed as the containers are, and in step with the product"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import kubernetes_validate
import pytest
import yaml
from django.core.management import get_commands, load_command_class
from django.urls import resolve

from image2model.configuration import ROOT, SETTINGS
from image2model.ops import watching_metrics
from tests.watching import promtool

FOLDER = ROOT / "deploy" / "kubernetes"
KUSTOMIZATION: dict[str, Any] = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())
VERSIONS = ("1.31", "1.37")
OURS = "image2model"


def read_manifests() -> list[dict[str, Any]]:
    return [each for name in KUSTOMIZATION["resources"] for each in yaml.safe_load_all((FOLDER / name).read_text())]


MANIFESTS = read_manifests()


def name(manifest: dict[str, Any]) -> str:
    return f"{manifest['kind']}/{manifest['metadata']['name']}"


def find(kind: str) -> dict[str, dict[str, Any]]:
    return {each["metadata"]["name"]: each for each in MANIFESTS if each["kind"] == kind}


WORKLOADS = {**find("Deployment"), **find("StatefulSet")}


def list_containers() -> Iterator[tuple[str, dict[str, Any]]]:
    for workload, manifest in WORKLOADS.items():
        pod = manifest["spec"]["template"]["spec"]
        for container in (*pod.get("initContainers", ()), *pod["containers"]):
            yield f"{workload}/{container['name']}", container


CONTAINERS = dict(list_containers())
SETTINGS_MAP: dict[str, str] = find("ConfigMap")["image2model-settings"]["data"]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("manifest", MANIFESTS, ids=name)
def test_it_works(manifest: dict[str, Any], version: str) -> None:
    kubernetes_validate.validate(manifest, version, strict=True)


def test_a_wrong_manifest_is_refused() -> None:
    """The check can fail."""
    wrong = {**find("Deployment")["web"], "spec": {"replicas": "two"}}

    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, VERSIONS[0], strict=True)


def test_kustomize_builds_it() -> None:
    """By the program itself where there is one; our own reading of its file is tested everywhere."""
    if (program := shutil.which("kubectl")) is None:
        return
    done = subprocess.run([program, "kustomize", FOLDER], text=True, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    built = [each for each in yaml.safe_load_all(done.stdout) if each]

    assert {name(each) for each in built} == {name(each) for each in MANIFESTS}
    assert {each["metadata"].get("namespace", OURS) for each in built} == {OURS}
    for each in built:
        kubernetes_validate.validate(each, VERSIONS[0], strict=True)


def test_every_file_is_part_of_it_or_says_that_it_is_not() -> None:
    found = {path.name for path in FOLDER.glob("*.yaml")}

    assert found - set(KUSTOMIZATION["resources"]) == {"kustomization.yaml", "metrics-adapter.yaml"}
    assert len({name(each) for each in MANIFESTS}) == len(MANIFESTS)


@pytest.mark.parametrize("workload", WORKLOADS)
def test_pods_are_closed(workload: str) -> None:
    """As the restricted standard of the namespace wants it; another pod would not be admitted."""
    pod = WORKLOADS[workload]["spec"]["template"]["spec"]

    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    assert pod["serviceAccountName"] in find("ServiceAccount")


@pytest.mark.parametrize("container", CONTAINERS)
def test_containers_are_closed_and_bounded(container: str) -> None:
    context, resources = CONTAINERS[container]["securityContext"], CONTAINERS[container]["resources"]

    assert context == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert set(resources["requests"]) >= {"cpu", "memory"}
    assert "memory" in resources["limits"]


@pytest.mark.parametrize("workload", list(WORKLOADS))
def test_each_is_asked_how_it_is(workload: str) -> None:
    [container] = WORKLOADS[workload]["spec"]["template"]["spec"]["containers"]

    assert "livenessProbe" in container
    for kind in ("startupProbe", "livenessProbe", "readinessProbe"):
        probe = container.get(kind, {})
        if path := probe.get("httpGet", {}).get("path"):
            assert path == "/proxy-health" or resolve(path)
        if command := probe.get("exec", {}).get("command"):
            assert command[:2] != ["python", "manage.py"] or command[2] in get_commands()
    if workload in find("Service"):
        assert "readinessProbe" in container


def test_liveness_depends_on_nothing_else() -> None:
    """A database that is down must not have every web process killed."""
    for workload in ("web", "live"):
        [container] = WORKLOADS[workload]["spec"]["template"]["spec"]["containers"]
        assert container["livenessProbe"]["httpGet"]["path"] == "/health"
        assert container["readinessProbe"]["httpGet"]["path"] == "/api/v1/health/readiness"


@pytest.mark.parametrize("container", CONTAINERS)
def test_every_command_is_understood(container: str) -> None:
    command = CONTAINERS[container].get("command", [])
    if command[:2] != ["python", "manage.py"]:
        return
    app = get_commands()[command[2]]
    loaded = load_command_class(app, command[2]) if isinstance(app, str) else app

    assert loaded.create_parser("manage.py", command[2]).parse_args(command[3:])


def test_the_commands_are_those_of_compose() -> None:
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    for workload in ("live", "worker-local", "worker-post", "worker-watch", "worker-fal"):
        [container] = WORKLOADS[workload]["spec"]["template"]["spec"]["containers"]
        wanted = services[workload]["command"]
        words = shlex.split(wanted) if isinstance(wanted, str) else wanted
        if workload in find("HorizontalPodAutoscaler"):  # which counts pods: a pool within each would count beside it
            assert words[-2:] == ["--count", "auto"]
            words = words[:-2]
        assert container["command"] == words, workload


def test_the_images_are_those_of_the_dockerfile() -> None:
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    built = {service["image"].partition(":")[0] for service in services.values() if "build" in service}
    named = {entry["name"] for entry in KUSTOMIZATION["images"]}
    used = {container["image"].partition(":")[0] for container in CONTAINERS.values()}

    assert named == {"image2model", "image2model-proxy"} <= built
    assert used == named | {"valkey/valkey"}
    assert WORKLOADS["redis"]["spec"]["template"]["spec"]["containers"][0]["image"] == services["redis"]["image"]
    user = re.search(r"^USER (\d+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert user
    assert WORKLOADS["web"]["spec"]["template"]["spec"]["securityContext"]["runAsUser"] == int(user[1])


def test_every_setting_is_one_and_no_secret_is_among_them() -> None:
    known = {setting.name: setting for setting in SETTINGS}
    for key in SETTINGS_MAP:
        plain = key.removesuffix("_FILE")
        assert key == "FORWARDED_ALLOW_IPS" or plain in known  # the former is uvicorn's own
        assert key.endswith("_FILE") or not known[plain].secret if plain in known else True


def test_only_those_who_speak_to_fal_see_its_key() -> None:
    holders = set()
    for workload, manifest in WORKLOADS.items():
        volumes = manifest["spec"]["template"]["spec"]["volumes"]
        items = [item["key"] for volume in volumes for item in volume.get("secret", {}).get("items", ())]
        if "fal_key" in items:
            holders.add(workload)

    assert holders == {"worker-fal", "worker-watch"}
    assert "FAL_KEY_FILE" not in SETTINGS_MAP


def test_each_secret_is_one_that_the_script_makes() -> None:
    script = (ROOT / "deploy" / "make-secrets").read_text()
    for manifest in WORKLOADS.values():
        for volume in manifest["spec"]["template"]["spec"]["volumes"]:
            for item in volume.get("secret", {}).get("items", ()):
                assert re.search(rf"\b{item['key']}\b", script), item


@pytest.mark.parametrize("budget", find("PodDisruptionBudget"))
def test_budgets_and_services_choose_pods_that_exist(budget: str) -> None:
    chosen = find("PodDisruptionBudget")[budget]["spec"]["selector"]["matchLabels"]
    assert chosen == WORKLOADS[budget]["spec"]["template"]["metadata"]["labels"]
    for service, manifest in find("Service").items():
        labels = WORKLOADS[service]["spec"]["template"]["metadata"]["labels"]
        assert manifest["spec"]["selector"].items() <= labels.items()


def test_what_is_served_has_a_spare_and_a_budget() -> None:
    for workload in ("web", "live", "proxy"):
        assert find("PodDisruptionBudget")[workload]["spec"]["minAvailable"] == 1
        scaled = find("HorizontalPodAutoscaler").get(workload, {}).get("spec", {}).get("minReplicas")
        assert (scaled or WORKLOADS[workload]["spec"]["replicas"]) >= 2


def test_what_scales_itself_says_no_number_of_its_own() -> None:
    """Else each deployment would set it back."""
    for scaled in find("HorizontalPodAutoscaler").values():
        target = scaled["spec"]["scaleTargetRef"]["name"]
        assert "replicas" not in find("Deployment")[target]["spec"]


@pytest.mark.django_db
def test_workers_scale_by_a_metric_that_the_product_has() -> None:
    [metric] = find("HorizontalPodAutoscaler")["worker-local"]["spec"]["metrics"]
    asked = metric["external"]["metric"]
    waiting = {each.name: each for each in watching_metrics.read_waiting()}
    samples = waiting[asked["name"]].samples
    [rule] = yaml.safe_load((FOLDER / "metrics-adapter.yaml").read_text())["rules"]["external"]

    assert asked["selector"]["matchLabels"] in [sample.labels for sample in samples]
    assert rule["name"]["as"] == asked["name"]
    assert promtool.find_names(rule["metricsQuery"].replace("<<.LabelMatchers>>", "")) == {asked["name"]}


def test_the_configuration_of_redis_is_the_same_everywhere() -> None:
    assert find("ConfigMap")["redis"]["data"]["redis.conf"] == (ROOT / "deploy" / "redis.conf").read_text()


def test_whoever_needs_redis_may_reach_it() -> None:
    [rule] = find("NetworkPolicy")["redis"]["spec"]["ingress"]
    [allowed] = rule["from"][0]["podSelector"]["matchExpressions"]

    assert set(allowed["values"]) == set(WORKLOADS) - {"proxy", "redis"}
