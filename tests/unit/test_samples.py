"""The sample generator: its numbers are well-formed, its truth is on its pages, and a seed says everything."""

import json
from datetime import date
from decimal import Decimal
from random import Random

import numpy as np
import pikepdf
import pytest
import zxingcpp
from PIL import Image
from stdnum import luhn
from stdnum.cn import ric, uscc

import samples
from samples import damage, fonts, money, people
from samples.forms.separators import cover_payload
from samples.sheet import Sheet
from services.kernel.paper import DOCUMENT_TYPES, FIELD_NAMES

SEEDS = range(12)


def text_of(document: samples.Document, pages: tuple[int, ...]) -> str:
    truths = document.page_truths()
    return "".join("".join(truths[page].lines) for page in pages)


def test_there_is_a_form_for_every_document_type():
    assert set(samples.KINDS) == set(DOCUMENT_TYPES) - {"other"}


@pytest.mark.parametrize("kind", samples.KINDS)
def test_every_field_of_the_truth_stands_on_its_pages(kind):
    for seed in SEEDS:
        document = samples.make(kind, seed)
        (truth,) = document.truths
        assert truth.type == kind
        assert truth.pages == tuple(range(1, len(document.sheets) + 1))
        assert truth.fields and set(truth.fields) <= set(FIELD_NAMES)
        assert {name: len(values) for name, values in truth.fields.items()} == {n: len(v) for n, v in truth.raw.items()}
        printed = text_of(document, truth.pages)
        for name, values in truth.raw.items():
            for value in values:
                assert value in printed, (kind, seed, name, value)


@pytest.mark.parametrize("kind", samples.KINDS)
def test_nothing_is_written_over_the_edge_or_over_the_page_number(kind):
    for seed in range(30):
        for sheet in samples.make(kind, seed).sheets:
            for run in sheet.runs:
                assert run.x >= 0 and run.x + run.width <= sheet.width, (seed, run.text)
                assert run.y + run.size <= sheet.height - (8 if run.text.startswith("第") else 17), (seed, run.text)


@pytest.mark.parametrize("kind", samples.KINDS)
def test_values_are_normalised_and_pass_their_checks(kind):
    for seed in SEEDS:
        fields = samples.make(kind, seed).truths[0].fields
        for number in fields.get("id_number", ()):
            assert number[-1] == ric.calc_check_digit(number) and number[:6] in {code for code, _, _ in people.AREAS}
        for code in fields.get("credit_code", ()):
            assert uscc.is_valid(code)
        for name in ("birth_date", "signed_on", "paid_on", "valid_from", "valid_until"):
            for value in fields.get(name, ()):
                assert value == "长期" or date.fromisoformat(value)
        for name in ("amount", "unit_price", "area"):
            for value in fields.get(name, ()):
                assert value == money.plain(Decimal(value))
        if "amount_in_words" in fields:
            assert fields["amount_in_words"] == (money.words(Decimal(fields["amount"][0])),)


def test_people_are_consistent_with_their_id_numbers():
    rng = Random(5)
    for _ in range(200):
        someone = people.person(rng)
        assert ric.get_birth_date(someone.id_number) == someone.birth_date
        assert (int(someone.id_number[16]) % 2 == 1) == (someone.gender == "男")
        assert someone.id_number.startswith(someone.area[0])
        assert luhn.is_valid(people.bank_card(rng))


def test_organisation_codes_within_credit_codes_pass_gb_11714():
    values = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    for seed in range(50):
        body = people.credit_code(Random(seed), "330106")[8:17]
        check = 11 - sum(values.index(c) * w for c, w in zip(body, (3, 7, 9, 10, 5, 8, 4, 2), strict=False)) % 11
        assert body[8] == {10: "X", 11: "0"}.get(check, str(check))


@pytest.mark.parametrize(
    ("amount", "words"),
    [("16409.02", "壹万陆仟肆佰零玖元零贰分"), ("325.04", "叁佰贰拾伍元零肆分"), ("1000", "壹仟元整")],
)
def test_amounts_in_words(amount, words):
    assert money.words(Decimal(amount)) == words


def test_days_in_chinese_numerals():
    assert money.chinese_day(date(2024, 10, 30)) == "二〇二四年十月三十日"
    assert money.chinese_day(date(2021, 1, 11)) == "二〇二一年一月十一日"


def test_the_same_seed_gives_the_same_file_and_another_seed_another(tmp_path):
    def written(name, seed):
        truth = samples.write(samples.make("sale_contract", seed), tmp_path / name, "pdf", 72, "skew:2+noise", seed)
        return (tmp_path / name).read_bytes(), truth.to_json() | {"file": ""}

    assert written("a.pdf", 3) == written("b.pdf", 3)
    assert written("a.pdf", 3)[1] != written("c.pdf", 4)[1]


@pytest.mark.parametrize("format", ["jpeg", "png", "tiff"])
def test_pictures_carry_their_resolution(tmp_path, format):
    truth = samples.write(samples.make("id_card", 1), tmp_path / "page", format, 150)
    with Image.open(tmp_path / "page") as image:
        assert [round(value) for value in image.info["dpi"]] == [150, 150]
        assert image.size == (1240, 1754)
    assert truth.dpi == 150


@pytest.mark.parametrize("format", ["heic", "webp"])
def test_formats_without_a_resolution_of_their_own_carry_it_as_exif(tmp_path, format):
    samples.write(samples.make("id_card", 1), tmp_path / "page", format, 150)
    with Image.open(tmp_path / "page") as image:
        assert image.getexif()[0x011A] == 150


@pytest.mark.parametrize("spoilt", ["clean", "fax", "grey"])
def test_a_pdf_holds_one_picture_a_page_at_true_size(tmp_path, spoilt):
    samples.write(samples.make("lease_contract", 1), tmp_path / "x.pdf", "pdf", 100, spoilt)
    with pikepdf.open(tmp_path / "x.pdf") as pdf:
        assert len(pdf.pages) == 2
        for page in pdf.pages:
            assert [round(float(edge)) for edge in page.mediabox] == pytest.approx([0, 0, 595, 842], abs=1)
            (image,) = page.get_images().values()
            picture = pikepdf.PdfImage(image).as_pil_image()
            assert picture.mode == {"clean": "RGB", "fax": "1", "grey": "L"}[spoilt]
            assert np.asarray(picture.convert("L")).mean() > 200


def test_a_tiff_holds_all_pages(tmp_path):
    samples.write(samples.make("sale_contract", 1), tmp_path / "x.tif", "tiff", 100, ("clean", "fax", "grey"))
    with Image.open(tmp_path / "x.tif") as image:
        assert image.n_frames == 3
        modes = []
        for frame in range(3):
            image.seek(frame)
            modes.append(image.mode)
        assert modes == ["RGB", "1", "L"]


def test_several_pages_are_refused_where_only_one_fits(tmp_path):
    with pytest.raises(ValueError, match="write pdf or tiff"):
        samples.write(samples.make("sale_contract", 1), tmp_path / "x.jpg", "jpeg")
    with pytest.raises(ValueError, match="Unknown format"):
        samples.write(samples.make("sale_contract", 1), tmp_path / "x.bmp", "bmp")
    with pytest.raises(ValueError, match="Unknown kind"):
        samples.make("love_letter", 1)
    with pytest.raises(ValueError, match="Unknown damage"):
        samples.write(samples.make("id_card", 1), tmp_path / "x.jpg", "jpeg", 72, "soaked")


@pytest.mark.parametrize("specification", sorted(damage.DAMAGES))
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_every_damage_keeps_a_page_a_page(specification, mode):
    page = samples.make("payment_voucher", 1).sheets[0].render(100).convert(mode)
    scan = damage.damaged(damage.Scan(page.copy(), 100), specification, Random(1))
    assert scan.image.width / scan.dpi == pytest.approx((11.69 if specification == "turned" else 8.27), abs=0.05)
    changed = scan.image.size != page.size or scan.image.tobytes() != page.tobytes()
    assert changed == (specification not in ({"clean"} | ({"grey"} if mode == "L" else set())))


@pytest.mark.parametrize(("degrees", "back"), [(90, 270), (180, 180), (270, 90)])
def test_rotation_is_the_clockwise_turn_that_makes_the_page_upright(degrees, back):
    page = samples.make("id_card", 1).sheets[0].render(50)
    scan = damage.damaged(damage.Scan(page, 50), f"turned:{degrees}", Random(1))
    assert scan.rotation == back
    assert scan.image.rotate(-scan.rotation, expand=True).tobytes() == page.tobytes()


def test_a_positive_skew_turns_clockwise():
    page = Image.new("L", (400, 400), 255)
    page.paste(0, (50, 198, 350, 202))
    turned = np.asarray(damage.damaged(damage.Scan(page, 50), "skew:10", Random(1)).image)
    left, right = (np.argmin(turned[:, column]) for column in (80, 320))
    assert left < right


@pytest.mark.parametrize("dpi", [150, 300])
def test_separators_are_read_by_a_barcode_reader(dpi):
    cover = samples.make("cover", 1, title="客户=档案;一", document_type="lease_contract")
    (code,) = zxingcpp.read_barcodes(cover.images(dpi)[0])
    assert code.text == cover_payload("客户=档案;一", "lease_contract")
    assert code.text == "MUNIMENT:COVER;title=客户%3D档案%3B一;type=lease_contract"
    codes = zxingcpp.read_barcodes(samples.make("patch_t", 1).images(dpi)[0])
    assert {code.text for code in codes} == {"PATCHT"}
    assert cover.page_truths()[1].separator


def test_the_demo_set_holds_what_the_readme_promises(tmp_path):
    truths = samples.demo_set(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {truth.file for truth in truths}
    assert 14 <= len(truths) <= 16 and 28 <= sum(len(truth.pages) for truth in truths) <= 36
    documents = [document for truth in truths for document in truth.documents]
    wanted = {"sale_contract", "lease_contract", "payment_voucher", "bank_slip", "invoice", "id_card"}
    assert wanted | {"business_licence", "property_certificate"} <= {document.type for document in documents}
    assert any("张伟" in document.fields.get("party_buyer", ()) for document in documents)
    pages = [page for truth in truths for page in truth.pages.values()]
    assert any(page.blank for page in pages) and any(page.separator for page in pages)
    assert {page.rotation for page in pages} >= {0, 180, 270}
    assert {truth.format for truth in truths} >= {"pdf", "tiff", "jpeg", "png"}
    assert {truth.dpi for truth in truths} >= {150, 200, 300, 600}
    json.dumps([truth.to_json() for truth in truths])


def test_a_stack_counts_its_pages_through(tmp_path):
    stack = samples.stacked([samples.make("cover", 1), samples.make("lease_contract", 1), samples.make("id_card", 1)])
    assert [document.pages for document in stack.truths] == [(2, 3), (4,)]
    assert "居民身份证" in text_of(stack, (4,))


def test_the_bench_set_has_a_fifth_of_each_damage(tmp_path):
    truths = samples.bench_set(tmp_path, 5)
    assert [len(truth.pages) for truth in truths] == [1] * 5
    assert len({truth.damage for truth in truths}) == 5


def test_each_page_of_the_big_pdf_has_a_phrase_of_its_own(tmp_path):
    truth = samples.big_pdf(tmp_path / "big.pdf", 45)
    phrases = [page.phrase for page in truth.pages.values()]
    assert len(set(phrases)) == 45 and all(page.phrase in page.text for page in truth.pages.values())
    assert sorted(page for document in truth.documents for page in document.pages) == list(range(1, 46))
    with pikepdf.open(tmp_path / "big.pdf") as pdf:
        assert len(pdf.pages) == 45


def test_without_a_chinese_font_the_error_names_the_package(monkeypatch):
    monkeypatch.setattr(fonts, "_installed", lambda: {})
    with pytest.raises(fonts.NoChineseFont, match="apt-get install fonts-noto-cjk"):
        fonts.font("song", 9999)


def test_lines_are_in_reading_order():
    sheet = Sheet()
    sheet.put(120, 40, "右")
    sheet.put(30, 40.5, "左")
    sheet.put(30, 20, "上")
    assert sheet.truth().lines == ("上", "左", "右")
