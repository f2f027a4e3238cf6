"""What is shown under a grant bears its reader's mark; what one works on does not. The real sandbox marks here."""

from __future__ import annotations

import io

import cv2
import numpy as np
import pikepdf
import pytest
from PIL import Image
from sqlalchemy import select

from services.access.marking.marker import Marker
from services.kernel.model import RenditionKind
from services.kernel.tables import Blob, Rendition
from tests.desk import Desk, created, ok
from tests.functional.test_access import Office, id_of

WIDTH, HEIGHT = 827, 1169
"""A4 at 100 dpi."""


@pytest.fixture
def office(desk: Desk) -> Office:
    office = Office(desk)
    picture = io.BytesIO()
    Image.new("L", (WIDTH, HEIGHT), 250).save(picture, "JPEG", quality=85)
    replace(desk, office.item, RenditionKind.PAGE_PICTURE, picture.getvalue())
    replace(desk, office.item, RenditionKind.PDF, pdf_of(picture.getvalue(), 3))
    return office


def replace(desk: Desk, item: str, kind: RenditionKind, content: bytes) -> None:
    """Puts a page of real size in place of the small one of the tests."""
    kernel = desk.kernel
    with kernel.database.write() as session:
        query = select(Blob).join(Rendition, Rendition.blob_id == Blob.id)
        row = session.scalars(query.where(Rendition.item_id == item, Rendition.kind == kind).order_by(Rendition.page)).first()
        stored = kernel.objects.put(kernel.vault.key(session, row.key_id), content)
        row.name, row.sha256, row.stored_sha256, row.size = stored.name, stored.sha256, stored.stored_sha256, stored.size


def pdf_of(jpeg: bytes, pages: int) -> bytes:
    document, target = pikepdf.new(), io.BytesIO()
    for _ in range(pages):
        page = document.add_blank_page(page_size=(595, 842))
        image = pikepdf.Stream(document, jpeg)
        for name, value in {
            "Type": "/XObject",
            "Subtype": "/Image",
            "ColorSpace": "/DeviceGray",
            "Filter": "/DCTDecode",
        }.items():
            image[f"/{name}"] = pikepdf.Name(value)
        image["/Width"], image["/Height"], image["/BitsPerComponent"] = WIDTH, HEIGHT, 8
        page.obj["/Resources"] = pikepdf.Dictionary(XObject=pikepdf.Dictionary(Im0=image))
        page.contents_add(b"q 595 0 0 842 0 0 cm /Im0 Do Q")
    document.save(target)
    return target.getvalue()


def reading(office: Office, picture: bytes) -> dict:
    return ok(office.archivist.post("/api/v1/watermarks/reading", content=picture, headers={"Content-Type": "image/jpeg"}))


def pictures(content: bytes) -> list[bytes]:
    with pikepdf.open(io.BytesIO(content)) as document:
        return [next(iter(page.get_images().values())).read_raw_bytes() for page in document.pages]


def test_a_page_under_a_grant_names_its_reader_and_one_at_work_is_as_it_is(office):
    grant = office.granted()
    answer = office.sales.get(f"/api/v1/items/{office.item}/pages/1/image")
    assert answer.headers["cache-control"] == "private, no-store"
    pixels = cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_UNCHANGED)
    assert pixels.shape == (HEIGHT, WIDTH)
    assert (pixels < 235).mean() > 0.005, "who reads it stands on it"
    told = reading(office, answer.content)
    assert (told["grant_id"], told["reader"]["id"], told["copy"]) == (grant, id_of(office.sales), None)
    assert [each["details"]["grant"] for each in office.entries("watermark.read")] == [grant]


def test_each_page_of_the_pdf_is_marked(office):
    grant = office.granted()
    answer = office.sales.get(f"/api/v1/items/{office.item}/pdf")
    assert int(answer.headers["content-length"]) == len(answer.content)
    marked = pictures(answer.content)
    assert len(marked) == 3
    assert {reading(office, each)["grant_id"] for each in marked} == {grant}


def test_rule_13_copies_are_counted_numbered_and_named_in_their_mark(office):
    grant = office.granted(kind="copy", copies=2)
    body = {"grant_id": grant, "item_id": office.item, "form": "file"}
    assert office.sales.post("/api/v1/copies", json=body).status_code == 403
    first, second = (created(office.archivist.post("/api/v1/copies", json=body)) for _ in range(2))
    assert office.archivist.post("/api/v1/copies", json=body).status_code == 409
    assert (first["number"], second["number"]) == (1, 2)
    for client in (office.sales, office.archivist):
        answer = client.get(f"/api/v1/copies/{second['id']}/pdf")
        told = reading(office, pictures(answer.content)[0])
        assert told["copy"] == {"id": second["id"], "number": 2, "item_id": office.item}
        assert told["reader"]["id"] == id_of(office.sales)
    assert office.head.get(f"/api/v1/copies/{second['id']}/pdf").status_code == 404
    assert len(office.entries("copy.read")) == 2
    (held, _) = ok(office.sales.get("/api/v1/copies"))["copies"]
    assert held["holder"]["id"] == id_of(office.sales) and held["purpose"]
    assert office.sales.get("/api/v1/copies/register").status_code == 403
    assert office.archivist.get("/api/v1/copies/register").content.startswith(b"PK")
    ended = ok(office.archivist.post(f"/api/v1/copies/{first['id']}/end", json={"state": "destroyed"}))
    assert ended["state"] == "destroyed"
    assert office.sales.get(f"/api/v1/copies/{first['id']}/pdf").status_code == 404
    ok(office.sales.post(f"/api/v1/grants/{grant}/revocation"))
    assert office.sales.get(f"/api/v1/copies/{second['id']}/pdf").status_code == 404
    assert office.archivist.get(f"/api/v1/copies/{second['id']}/pdf").status_code == 404


def test_a_picture_without_a_mark_names_nobody(office):
    plain = io.BytesIO()
    Image.new("L", (WIDTH, HEIGHT), 250).save(plain, "PNG")
    answer = office.archivist.post("/api/v1/watermarks/reading", content=plain.getvalue())
    assert answer.status_code == 404
    assert office.archivist.post("/api/v1/watermarks/reading", content=b"no picture").status_code == 422
    assert office.sales.post("/api/v1/watermarks/reading", content=plain.getvalue()).status_code == 403


def test_what_cannot_be_marked_is_not_shown(office, monkeypatch):
    office.granted()
    replace(office.desk, office.item, RenditionKind.PAGE_PICTURE, b"\xff\xd8 no picture")
    answer = office.sales.get(f"/api/v1/items/{office.item}/pages/1/image")
    assert answer.status_code == 500 and answer.json()["type"] == "urn:muniment:problem:integrity"


def test_a_grant_that_ends_while_its_page_is_marked_shows_nothing(office, monkeypatch):
    grant, real = office.granted(), Marker.picture

    def slow(self, jpeg, stamp):
        ok(office.head.post(f"/api/v1/grants/{grant}/revocation"))
        return real(self, jpeg, stamp)

    monkeypatch.setattr(Marker, "picture", slow)
    answer = office.sales.get(f"/api/v1/items/{office.item}/pages/1/image")
    assert answer.status_code == 403
    (withheld,) = office.entries("content.withhold")
    assert withheld["request"] == office.entries("page.read")[-1]["request"] and withheld["result"] == "refused"


def test_a_grant_that_ends_while_a_long_answer_goes_out_ends_the_answer(office, monkeypatch):
    grant, large = office.granted(), bytes(5 << 20)
    monkeypatch.setattr(Marker, "pdf", lambda self, content, stamp: memoryview(large))
    from services.access import showing

    calls, real = [], showing.service.still_open

    def counted(session, asker, content):
        calls.append(1)
        if len(calls) == 3:
            office.head.post(f"/api/v1/grants/{grant}/revocation")
            session.rollback()
        return real(session, asker, content)

    monkeypatch.setattr(showing.service, "still_open", counted)
    answer = office.sales.get(f"/api/v1/items/{office.item}/pdf")
    assert int(answer.headers["content-length"]) == len(large) > len(answer.content)
    assert len(office.entries("content.withhold")) == 1


def test_more_than_policy_s_measure_of_a_day_is_a_breach_that_is_recorded_once(office, monkeypatch):
    """Behaviour 10: nobody carries the archive off page by page."""
    from services.access import limits
    from services.kernel.policy import model

    office.granted()
    policy = model.default()
    access = policy.access.model_copy(update={"most_reads_a_day": 2})
    held = type("Held", (), {"policy": policy.model_copy(update={"access": access})})
    monkeypatch.setattr(limits.versions, "current", lambda session: held)
    answers = [office.sales.get(f"/api/v1/items/{office.item}/text") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 403, 403]
    assert answers[-1].json()["type"] == "urn:muniment:problem:mass-reading"
    (record,) = ok(office.head.get("/api/v1/conduct-records"))["records"]
    assert (record["kind"], record["cause"], record["entered_by"]) == ("violation", "mass-reading", None)
