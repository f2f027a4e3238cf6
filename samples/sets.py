"""Whole sets of files: the demo's, the benchmark's, and one big PDF."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from PIL import Image, ImageDraw

from samples import fonts
from samples.damage import FIVE, Scan
from samples.document import Document, stacked
from samples.forms.separators import cover
from samples.make import KINDS, make
from samples.sheet import MM_PER_INCH
from samples.truth import DocumentTruth, PageTruth, Truth
from samples.writers import SUFFIXES, write, write_scans

PAGES_PER_BENCH_FILE = 20
BIG_DPI = 150
BIG_BASE_PAGES = 20


@dataclass(frozen=True)
class Plan:
    """One file of the demo set."""

    name: str
    document: Document
    format: str
    dpi: int
    damage: str | Sequence[str]


def demo_set(directory: Path, seed: int = 2026) -> list[Truth]:
    """Writes the demo's files into ``directory`` and returns their truths, in the order of their names."""
    directory.mkdir(parents=True, exist_ok=True)
    plans = _demo_plans(seed)
    return [
        write(plan.document, directory / f"{plan.name}{SUFFIXES[plan.format]}", plan.format, plan.dpi, plan.damage, seed)
        for plan in plans
    ]


def _demo_plans(seed: int) -> list[Plan]:
    stack = ("clean", "noise:5", "skew:1+noise:5")
    return [
        Plan("01-sale-contract", make("sale_contract", seed, name="张伟"), "pdf", 300, "clean"),
        Plan("02-id-card", make("id_card", seed, name="张伟"), "jpeg", 300, "clean"),
        Plan("03-receipt-down-payment", make("payment_voucher", seed, name="张伟"), "jpeg", 300, "grey+dark_edge"),
        Plan("04-bank-slip", make("bank_slip", seed, name="张伟"), "png", 200, "clean"),
        Plan("05-invoice", make("invoice", seed, name="张伟"), "pdf", 300, "skew:-1.5+noise:5"),
        Plan("06-lease-skewed", make("lease_contract", seed), "pdf", 200, "skew:3+noise:6"),
        Plan("07-receipt-fax", make("payment_voucher", seed + 1), "tiff", 200, "fax"),
        Plan("08-sale-contract-low-contrast", make("sale_contract", seed + 1), "pdf", 150, "low_contrast:45"),
        Plan("09-business-licence", make("business_licence", seed), "jpeg", 300, "turned:90"),
        Plan("10-property-certificate", make("property_certificate", seed), "jpeg", 600, "grey"),
        Plan("11-receipt-upside-down", make("payment_voucher", seed + 2), "png", 300, "upside_down"),
        Plan("12-lease-stamped", make("lease_contract", seed + 1), "tiff", 300, "stamped"),
        Plan("13-acceptance-report", make("acceptance_report", seed), "webp", 300, "punched+noise:6"),
        Plan("14-power-of-attorney", make("power_of_attorney", seed), "heic", 300, "clean"),
        Plan("15-stack-with-cover-sheets", _stack(seed), "pdf", 200, stack),
        Plan("16-complaint-fax", make("complaint_record", seed), "pdf", 300, "fax"),
    ]


def _stack(seed: int) -> Document:
    """Cover sheets, documents and the blank backs that a duplex feeder brings along."""
    rng = Random(f"stack:{seed}")
    back = make("blank", seed)
    return stacked([
        cover(rng, "租赁档案", "lease_contract"), back, make("lease_contract", seed + 7), back,
        cover(rng, "收款凭证", "payment_voucher"), back, make("payment_voucher", seed + 7), back,
        make("patch_t", seed), back, make("id_card", seed + 7), back,
    ])  # fmt: skip


def bench_set(directory: Path, pages: int, seed: int = 2026) -> list[Truth]:
    """``pages`` pages at 300 dpi in PDFs of at most 20, a fifth of them by each of the five damages."""
    directory.mkdir(parents=True, exist_ok=True)
    truths = []
    for index, damage in enumerate(FIVE):
        share = pages // len(FIVE) + (1 if index < pages % len(FIVE) else 0)
        for part, start in enumerate(range(0, share, PAGES_PER_BENCH_FILE), start=1):
            document = _mixed(min(PAGES_PER_BENCH_FILE, share - start), seed + 1000 * index + 100 * part)
            name = f"bench-{damage.partition(':')[0]}-{part:02d}.pdf"
            truths.append(write(document, directory / name, "pdf", 300, damage, seed))
    return truths


def _mixed(pages: int, seed: int) -> Document:
    """Documents of all kinds in turn, exactly ``pages`` pages: where the next would not fit, a receipt stands in."""
    documents: list[Document] = []
    while (missing := pages - sum(len(d.sheets) for d in documents)) > 0:
        document = make(KINDS[len(documents) % len(KINDS)], seed + len(documents))
        if len(document.sheets) > missing:
            document = make("payment_voucher", seed + len(documents))
        documents.append(document)
    return stacked(documents)


def big_pdf(path: Path, pages: int, seed: int = 2026) -> Truth:
    """One PDF of ``pages`` grey pages at 150 dpi, made quickly: some twenty drawn pages over and over, each with a serial
    number of its own in large print at the top, which is its ``phrase``.
    """
    base = _mixed(min(pages, BIG_BASE_PAGES), seed)
    pictures = [sheet.render(BIG_DPI).convert("L") for sheet in base.sheets]
    base_truths = base.page_truths()
    rng = Random(f"big:{seed}")
    serials = rng.sample(range(10**7, 10**8), pages)
    truths = {
        number: _with_phrase(base_truths[(number - 1) % len(pictures) + 1], f"页面流水号：{serials[number - 1]}")
        for number in range(1, pages + 1)
    }

    def scans() -> Iterator[Scan]:
        for number in range(1, pages + 1):
            image = pictures[(number - 1) % len(pictures)].copy()
            _print_serial(image, truths[number].phrase or "")
            yield Scan(image, BIG_DPI)

    write_scans(path, "pdf", scans())
    return Truth(path.name, "pdf", BIG_DPI, "clean", truths, tuple(_repeated(base.truths, len(pictures), pages)))


SERIAL_BOX = (20.0, 8.0, 5.5)  # left, top and em of the serial number, in mm


def _with_phrase(page: PageTruth, phrase: str) -> PageTruth:
    left, top, em = SERIAL_BOX
    right = left + em * fonts.width(phrase, "hei")
    box = (left / 210, top / 297, right / 210, (top + em) / 297)
    return replace(page, lines=(phrase, *page.lines), boxes=(box, *page.boxes), phrase=phrase, blank=False)


def _print_serial(image: Image.Image, phrase: str) -> None:
    left, top, em = (value * BIG_DPI / MM_PER_INCH for value in SERIAL_BOX)
    ImageDraw.Draw(image).text((left, top + 0.88 * em), phrase, 20, fonts.font("hei", round(em)), anchor="ls")


def _repeated(documents: Sequence[DocumentTruth], cycle: int, pages: int) -> Iterator[DocumentTruth]:
    for offset in range(0, pages, cycle):
        for document in documents:
            numbers = tuple(page + offset for page in document.pages if page + offset <= pages)
            if numbers:
                yield replace(document, pages=numbers)


def save_truths(directory: Path, truths: Sequence[Truth]) -> Path:
    """Writes ``truth.json`` into ``directory``: a list with one entry a file."""
    path = directory / "truth.json"
    path.write_text(json.dumps([truth.to_json() for truth in truths], ensure_ascii=False, indent=1) + "\n", "utf-8")
    return path
