"""Rules and dashboards ask for metrics that exist, by labels and values that they have; each alert has its page."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import promql_parser
import pytest

from services import web
from services.custody.backups import making, verifying
from services.custody.fixity.service import Tally, verify_all
from services.kernel import metrics
from services.kernel.config import Settings
from services.kernel.model import Role
from services.kernel.queue.stages import Queue, Stage
from services.kernel.queue.tables import JobState
from tests.deployment import DEPLOY, TREE, load
from tests.desk import Desk

MONITORING = DEPLOY / "monitoring"
RULES = [rule for group in load("monitoring/rules.yaml")["groups"] for rule in group["rules"]]
PANELS = [
    panel
    for path in sorted((MONITORING / "grafana/dashboards").glob("*.json"))
    for panel in json.loads(path.read_text())["panels"]
]
EXPRESSIONS = [rule["expr"] for rule in RULES] + [target["expr"] for panel in PANELS for target in panel["targets"]]
QUERY_OF_KEDA = 'max(muniment_jobs_due{queue="reading"})'
OF_SCRAPING = {"job", "instance", "room"}
SUFFIXES = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum"), "gauge": ("",)}
WORKERS = {"reader", "indexer", "remover", "keeper", "examiner", "saver", "schedule"}
ROOMS = {*web.ROOMS} | WORKERS


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    desk = Desk(Settings(data=tmp_path_factory.mktemp("archive") / "data", broker_url="memory://"))
    yield desk
    desk.close()


@pytest.fixture(scope="module")
def known(desk: Desk) -> dict[str, set[str]]:
    """Every series that an archive can have, with its labels."""
    desk.item(desk.client(Role.CLERK), "合同")
    list(verify_all(desk.kernel, desk.archive.copies, Tally()))
    making.make(desk.kernel, desk.archive.backups(), actor=None)
    verifying.verify(desk.kernel, desk.archive.backups(), actor=None)
    desk.client().get("/readyz")
    desk.client(Role.MONITOR).get("/metrics").raise_for_status()
    found: dict[str, set[str]] = {"up": set()}
    for family in desk.kernel.metrics.registry.collect():
        labels = {label for sample in family.samples for label in sample.labels}
        for suffix in SUFFIXES[family.type]:
            found[family.name + suffix] = labels - ({"le"} if suffix != "_bucket" else set())
    return found


VALUES = {
    "queue": {*Queue},
    "state": {*JobState},
    "stage": {*Stage},
    "outcome": {"done", "handed-back", "postponed", "failed", "parked", "lease-lost", "left"},
    "event": {*metrics.WATCHED},
    "route": {"/api/v1/search"},
    "room": ROOMS,
    "job": {"muniment"},
}
"""Of labels whose values are fixed."""


def parts(expression: str) -> tuple[list[promql_parser.VectorSelector], set[str]]:
    """The series that an expression asks for, and the labels it groups or joins by. Raises when it is no PromQL."""
    selectors: list[promql_parser.VectorSelector] = []
    grouped: set[str] = set()

    def visit(part: Any) -> bool:
        if isinstance(part, promql_parser.VectorSelector):
            selectors.append(part)
        if isinstance(part, promql_parser.MatrixSelector):
            selectors.append(part.vector_selector)
        if isinstance(part, promql_parser.AggregateExpr) and part.modifier:
            grouped.update(part.modifier.labels)
        return True

    promql_parser.walk(promql_parser.parse(expression), visit)
    return selectors, grouped


def faults(expression: str, known: dict[str, set[str]]) -> Iterator[str]:
    selectors, grouped = parts(expression)
    labels = set(OF_SCRAPING)
    for selector in selectors:
        if selector.name not in known:
            yield f"there is no {selector.name}"
            continue
        own = known[selector.name] | OF_SCRAPING
        labels |= own
        for matcher in selector.matchers.matchers:
            if matcher.name not in own:
                yield f"{selector.name} has no label {matcher.name}"
            if not set(matcher.value.split("|")) <= VALUES.get(matcher.name, {*matcher.value.split("|")}):
                yield f"{matcher.name} is never {matcher.value}"
    if not grouped <= labels:
        yield f"no {grouped - labels} to group by"
    if not selectors:
        yield "it asks for nothing"


def test_what_is_asked_for_exists(known):
    assert len(EXPRESSIONS) > 40
    found = {expression: list(faults(expression, known)) for expression in [*EXPRESSIONS, QUERY_OF_KEDA]}
    assert {expression: told for expression, told in found.items() if told} == {}


@pytest.mark.parametrize(
    "expression",
    [
        "rate(muniment_pages_lost_total[5m])",
        'muniment_jobs{colour="red"}',
        'muniment_jobs{queue="printing"}',
        "sum by (colour) (muniment_jobs)",
        "vector(1)",
    ],
)
def test_the_check_finds_what_does_not_exist(expression, known):
    assert list(faults(expression, known)) != []


def test_what_is_no_promql_is_found():
    with pytest.raises(ValueError, match=r".+"):
        parts("sum(rate(")


def test_texts_of_alerts_use_labels_that_the_alert_has():
    for rule in RULES:
        _, grouped = parts(rule["expr"])
        used = set(re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"]))
        assert used <= grouped | ({"room", "job"} if rule["alert"] == "MunimentDown" else set()), rule["alert"]


def test_every_alert_has_a_page_and_every_page_an_alert():
    names = [rule["alert"] for rule in RULES]
    assert len(set(names)) == len(names)
    pages = {path.stem for path in (TREE / "docs/runbooks").glob("*.md")} - {"README"}
    assert pages == set(names)
    for rule in RULES:
        assert rule["annotations"]["runbook"] == f"docs/runbooks/{rule['alert']}.md"
        assert rule["labels"]["severity"] in ("critical", "warning")
        text = (TREE / rule["annotations"]["runbook"]).read_text()
        assert text.startswith(f"# {rule['alert']}\n")
        assert all(f"\n## {part}\n" in text for part in ("What it means", "What to do")), rule["alert"]


def test_events_that_are_watched_are_events_that_happen():
    source = "\n".join(path.read_text() for path in (TREE / "services").rglob("*.py"))
    for event in metrics.WATCHED:
        assert re.search(rf'log\.(warning|error)\("{event}"', source), event


def test_the_rules_own_tests_speak_of_what_exists(known):
    """promtool runs them, by hand; what they name is checked here."""
    cases = [case for test in load("monitoring/rules_test.yaml")["tests"] for case in test["alert_rule_test"]]
    series = [one["series"] for test in load("monitoring/rules_test.yaml")["tests"] for one in test["input_series"]]
    assert {case["alertname"] for case in cases} <= {rule["alert"] for rule in RULES}
    assert {one: list(faults(one, known)) for one in series if list(faults(one, known))} == {}


def test_prometheus_asks_every_process():
    jobs = load("monitoring/prometheus.yaml")["scrape_configs"]
    asked = {name: config["port"] for job in jobs for config in job["dns_sd_configs"] for name in config["names"]}
    assert asked == {room: 9100 if room in WORKERS else 8000 for room in ROOMS}
    assert all({"target_label": "job", "replacement": "muniment"} in job["relabel_configs"] for job in jobs)


def test_panels_do_not_lie_on_each_other():
    for path in (MONITORING / "grafana/dashboards").glob("*.json"):
        taken: set[tuple[int, int]] = set()
        for panel in json.loads(path.read_text())["panels"]:
            at = panel["gridPos"]
            cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
            assert not cells & taken and at["x"] + at["w"] <= 24, panel["title"]
            taken |= cells
