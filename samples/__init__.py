"""The project's own generator of invented Chinese property paper, with ground truth.

Used by ``make demo``, by tests and by benchmarks. Every person, company and number is invented and every page is drawn here;
the same seed gives the same paper.

    document = samples.make("sale_contract", seed=7)
    truth = samples.write(document, Path("contract.pdf"), "pdf", dpi=300, damage="skew")
"""

from samples.document import Document, stacked
from samples.hand import by_hand
from samples.make import KINDS, make
from samples.sets import bench_set, big_pdf, demo_set
from samples.truth import DocumentTruth, PageTruth, Truth
from samples.writers import write

__all__ = [
    "KINDS",
    "Document",
    "DocumentTruth",
    "PageTruth",
    "Truth",
    "bench_set",
    "big_pdf",
    "by_hand",
    "demo_set",
    "make",
    "stacked",
    "write",
]
