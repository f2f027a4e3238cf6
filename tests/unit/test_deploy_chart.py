"""The chart, rendered by Helm's own engine and held against Kubernetes' own schemas. It was installed in no cluster."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import kubernetes_validate
import pytest
import yaml

from services import app as composition
from services.kernel.config import Settings
from services.kernel.queue.stages import Queue
from tests import helm
from tests.deployment import DEPLOY, check_settings, load, parsed

CHART = DEPLOY / "chart"
VERSIONS = ("1.30", "1.33", "1.37")
OURS = {"Deployment", "Job", "CronJob"}
CUSTOM = {"ScaledObject", "PodMonitor", "PrometheusRule"}
"""Kinds of KEDA and of the Prometheus operator; they were held against their definitions by hand (deploy/README.md)."""
EVERYTHING = {"monitoring": {"enabled": True}, "autoscaling": {"enabled": True}}


def rendered(values: dict[str, Any]) -> list[dict[str, Any]]:
    files = helm.render(CHART, values)
    manifests = [text for name, text in files.items() if name.endswith(".yaml")]
    return [document for text in manifests for document in yaml.safe_load_all(text) if document]


@pytest.fixture(scope="module")
def documents() -> list[dict[str, Any]]:
    return rendered(EVERYTHING)


def of_kind(documents: list[dict[str, Any]], kind: str) -> dict[str, dict[str, Any]]:
    return {each["metadata"]["name"].removeprefix("archive-"): each for each in documents if each["kind"] == kind}


def pods(documents: list[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every pod's name and template."""
    for document in documents:
        if document["kind"] in OURS:
            spec = document["spec"]
            spec = spec["jobTemplate"]["spec"] if document["kind"] == "CronJob" else spec
            yield document["metadata"]["name"].removeprefix("archive-"), spec["template"]


def test_helm_finds_nothing_to_complain_of():
    found = helm.lint(CHART)
    assert [each["error"] for each in found["messages"]] == ["icon is recommended"]
    assert found["errors"] == []


@pytest.mark.parametrize("values", [{}, EVERYTHING, {"network": {"enabled": False}, "ingress": {"enabled": False}}])
@pytest.mark.parametrize("version", VERSIONS)
def test_kubernetes_would_take_it(values, version):
    known = [document for document in rendered(values) if document["kind"] not in CUSTOM]
    assert len(known) > 20
    for document in known:
        kubernetes_validate.validate(document, version, strict=True)


def test_every_process_is_there_with_a_command_of_the_program(documents):
    commands = {}
    for name, template in pods(documents):
        for container in template["spec"]["containers"]:
            if name != "proxy":
                commands[name] = parsed(container["args"])
                check_settings({each["name"]: each["value"] for each in container["env"]})
    rooms = [commands[name]["rooms"] for name in (*composition.ROOMS, composition.CONSOLE)]
    assert rooms == [[name] for name in (*composition.ROOMS, composition.CONSOLE)]
    assert {commands[each]["queues"] for each in ("reader", "indexer", "remover", "keeper", "examiner")} == set(Queue)
    assert {"schedule", "migrate"} <= set(commands)


def test_settings_of_the_values_are_settings(documents):
    assert set(load("chart/values.yaml")["settings"]) <= set(Settings.model_fields)


def test_pods_have_the_least(documents):
    for name, template in pods(documents):
        pod = template["spec"]
        assert pod["automountServiceAccountToken"] is False, name
        security = pod["securityContext"]
        assert security["runAsNonRoot"] is True and security["runAsUser"] == 10001, name
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod), name
        for container in pod["containers"]:
            assert container["securityContext"]["readOnlyRootFilesystem"] is True, name
            assert container["securityContext"]["allowPrivilegeEscalation"] is False, name
            assert container["securityContext"]["capabilities"]["drop"] == ["ALL"], name
            assert container["resources"]["limits"]["memory"] == container["resources"]["requests"]["memory"], name
            assert "." not in container["image"].partition(":")[0], "no registry is named"


def test_what_is_written_to_is_mounted(documents):
    for name, template in pods(documents):
        pod = template["spec"]
        volumes = {volume["name"] for volume in pod["volumes"]}
        for container in pod["containers"]:
            mounts = {mount["mountPath"]: mount["name"] for mount in container["volumeMounts"]}
            assert set(mounts.values()) <= volumes, name
            assert {"/data"} <= set(mounts) and (name == "proxy" or "/tmp" in mounts), name


def test_the_console_and_the_migration_are_given_no_key(documents):
    secrets = {name: [v["secret"] for v in template["spec"]["volumes"] if "secret" in v] for name, template in pods(documents)}
    assert secrets["console"] == []
    assert [each["items"] for each in secrets["migrate"]] == [
        [{"key": "muniment_catalogue_url", "path": "muniment_catalogue_url"}]
    ]
    assert {each["secretName"] for each in secrets["reader"]} == {"muniment-settings", "muniment-keys"}


def test_probes_ask_what_is_answered(documents):
    public = {"/healthz", "/readyz", "/metrics"}
    for name, deployment in of_kind(documents, "Deployment").items():
        (container,) = deployment["spec"]["template"]["spec"]["containers"]
        ports = {port["name"] for port in container["ports"]}
        probes = {kind: container[kind] for kind in ("startupProbe", "livenessProbe", "readinessProbe") if kind in container}
        assert "livenessProbe" in probes, name
        assert ("readinessProbe" in probes) is (
            name not in ("reader", "indexer", "remover", "keeper", "examiner", "schedule")
        ), name
        for probe in probes.values():
            asked = probe.get("httpGet") or probe["tcpSocket"]
            assert asked["port"] in ports, name
            assert asked.get("path", "/healthz") in public | ({"/alive"} if name == "proxy" else set()), name


def test_stopping_waits_for_what_is_in_hand(documents):
    for name, deployment in of_kind(documents, "Deployment").items():
        pod = deployment["spec"]["template"]["spec"]
        pause = pod["containers"][0].get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
        drain = 0 if name == "proxy" else Settings.model_fields["drain_seconds"].default
        assert pod["terminationGracePeriodSeconds"] >= drain + pause + 10, name


def test_disruptions_leave_one_at_work(documents):
    deployments, budgets = of_kind(documents, "Deployment"), of_kind(documents, "PodDisruptionBudget")
    several = {name for name, each in deployments.items() if each["spec"].get("replicas", 2) > 1}
    assert set(budgets) == several
    for name, budget in budgets.items():
        labels = deployments[name]["spec"]["template"]["metadata"]["labels"]
        assert budget["spec"]["selector"]["matchLabels"].items() <= labels.items()


def test_services_find_their_pods(documents):
    deployments = of_kind(documents, "Deployment")
    for name, service in of_kind(documents, "Service").items():
        template = deployments[name]["spec"]["template"]
        assert service["spec"]["selector"].items() <= template["metadata"]["labels"].items()
        ports = {port["name"] for port in template["spec"]["containers"][0]["ports"]}
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= ports


# ── network ───────────────────────────────────────────────────────────────────────────────────────────────────────────────


def matches(selector: dict[str, Any], labels: dict[str, str]) -> bool:
    fixed = selector.get("matchLabels", {}).items() <= labels.items()
    return fixed and all(labels.get(each["key"]) in each["values"] for each in selector.get("matchExpressions", []))


def paths_between(documents: list[dict[str, Any]], source: dict[str, str], target: dict[str, str]) -> set[int]:
    """The ports on which pods with these labels may reach each other: both sides must agree."""

    def allowed(mine: dict[str, str], theirs: dict[str, str], way: str, peers: str) -> set[int]:
        rules = [
            rule
            for policy in of_kind(documents, "NetworkPolicy").values()
            if matches(policy["spec"]["podSelector"], mine)
            for rule in policy["spec"].get(way, [])
        ]
        found = [rule for rule in rules if any(matches(p["podSelector"], theirs) for p in rule[peers] if "podSelector" in p)]
        return {port["port"] for rule in found for port in rule["ports"]}

    return allowed(source, target, "egress", "to") & allowed(target, source, "ingress", "from")


def test_everything_is_denied_but_the_ways_that_are_needed(documents):
    labels = {name: template["metadata"]["labels"] for name, template in pods(documents)}
    deny = of_kind(documents, "NetworkPolicy")["deny"]
    assert set(deny["spec"]["policyTypes"]) == {"Ingress", "Egress"} and "ingress" not in deny["spec"]
    assert all(matches(deny["spec"]["podSelector"], each) for each in labels.values())
    ways = {
        (source, target): ports
        for source in labels
        for target in labels
        if (ports := paths_between(documents, labels[source], labels[target]))
    }
    rooms = {("proxy", room): {8000} for room in (*composition.ROOMS, composition.CONSOLE)}
    assert ways == rooms | {("console", "proxy"): {8080}}


def test_engines_are_open_to_those_who_need_them(documents):
    engines = of_kind(documents, "NetworkPolicy")["engines"]
    reached = {
        name for name, template in pods(documents) if matches(engines["spec"]["podSelector"], template["metadata"]["labels"])
    }
    assert reached == {name for name, _ in pods(documents)} - {"proxy", "console"}
    assert {port["port"] for port in engines["spec"]["egress"][0]["ports"]} == {5432, 6379, 9200, 8333}


# ── the rest ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_readers_follow_their_queue(documents):
    (scaled,) = of_kind(documents, "ScaledObject").values()
    assert scaled["spec"]["scaleTargetRef"]["name"] == "archive-reader"
    (trigger,) = scaled["spec"]["triggers"]
    assert 'muniment_jobs_due{queue="reading"}' in trigger["metadata"]["query"]
    assert "replicas" not in of_kind(documents, "Deployment")["reader"]["spec"], "which would undo what was scaled"
    assert of_kind(rendered({}), "Deployment")["reader"]["spec"]["replicas"] == 2


def test_the_proxy_is_the_one_of_compose_and_starts_anew_when_it_changes(documents):
    caddyfile = (DEPLOY / "proxy/Caddyfile").read_text()
    assert of_kind(documents, "ConfigMap")["proxy"]["data"]["Caddyfile"].strip() == caddyfile.strip()
    proxy = of_kind(documents, "Deployment")["proxy"]["spec"]["template"]
    assert re.fullmatch("[0-9a-f]{64}", proxy["metadata"]["annotations"]["caddyfile"])
    known = set(re.findall(r"\{\$(\w+):", caddyfile))
    assert {each["name"] for each in proxy["spec"]["containers"][0]["env"]} <= known


def test_tls_at_the_door(documents):
    (ingress,) = of_kind(documents, "Ingress").values()
    assert ingress["spec"]["tls"] == [{"hosts": ["archive.example.com"], "secretName": "muniment-tls"}]


def test_the_catalogue_is_migrated_before_anything_starts(documents):
    migrate = of_kind(documents, "Job")["migrate"]
    assert migrate["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"
    for name, template in pods(documents):
        environment = {each["name"]: each["value"] for each in template["spec"]["containers"][0].get("env", [])}
        if name not in ("migrate", "console", "proxy"):
            assert environment["MUNIMENT_MIGRATE"] == "false", name


def test_one_process_alone_takes_uploads_where_storage_is_not_shared():
    alone = rendered({"uploads": {"accessMode": "ReadWriteOnce"}})
    assert of_kind(alone, "Deployment")["ingest"]["spec"]["strategy"] == {"type": "Recreate"}


def test_rules_and_dashboards_travel_with_the_chart(documents):
    (rules,) = of_kind(documents, "PrometheusRule").values()
    assert rules["spec"] == load("monitoring/rules.yaml")
    data = of_kind(documents, "ConfigMap")["dashboards"]["data"]
    assert len(data) == len(list((DEPLOY / "monitoring/grafana/dashboards").glob("*.json"))) == 2
