"""A worker's processes count as one, on a port of the worker's own, and what was counted outlives the process that did it."""

from __future__ import annotations

import httpx
import psutil
from prometheus_client.parser import text_string_to_metric_families

import samples
from tests.archive import RunningArchive, free_port


def sample(port: int, name: str, **labels: str) -> float | None:
    text = httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False, timeout=10).raise_for_status().text
    found = [each for family in text_string_to_metric_families(text) for each in family.samples]
    return next((each.value for each in found if each.name == name and each.labels == labels), None)


def test_processes_of_a_worker_count_as_one(tmp_path):
    port = free_port()
    environment = {"MUNIMENT_METRICS_PORT": str(port), "MUNIMENT_ENGINE": "tesseract"}
    paper = tmp_path / "收据.jpg"
    samples.write(samples.make("payment_voucher", 3, name="张伟"), paper, "jpeg", 200)
    with RunningArchive(tmp_path / "data", workers=2, environment=environment) as archive:
        with archive.client("clerk") as clerk:
            assert archive.wait(clerk, archive.deliver(clerk, [paper]))["state"] == "done"
        assert sample(port, "muniment_page_seconds_count") == 1
        assert sample(port, "muniment_job_seconds_count", stage="index", outcome="done") == 1
        assert "张伟" not in httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False).text
        main = min(archive.children("worker"), key=lambda each: each.create_time())
        readers = [child for child in main.children() if "worker" in child.cmdline()]
        assert len(readers) == 2
        for reader in readers:
            reader.kill()
        psutil.wait_procs(readers, timeout=10)
        assert sample(port, "muniment_page_seconds_count") == 1
