"""The batch's page while it is carried out: begun, paused, its copies witnessed, its certificate given."""

from services.kernel.copies import TrackedCopy
from services.kernel.identity import accounts
from services.kernel.model import Role
from services.retention.batches.model import BatchState
from services.retention.batches.tables import DestructionWitness
from tests.desk import PASSWORD, Desk, TestClient
from tests.destroying import ready


def browser(desk: Desk, role: Role, name: str, batch: str | None = None) -> TestClient:
    """Somebody who has signed in at the console; as another account of a witness of the batch, where one is given."""
    with desk.kernel.database.write() as session:
        person = accounts.add_person(session, name, role, password=PASSWORD)
        if batch is not None:
            witness = session.query(DestructionWitness).filter_by(batch_id=batch).first()
            witness.person_id = person.id
    client = desk.client()
    client.headers["Origin"] = "http://testserver"
    answer = client.post("/sign-in", data={"name": name, "password": PASSWORD}, follow_redirects=False)
    assert answer.status_code == 303, answer.text
    return client


def send(client: TestClient, address: str, **data: str) -> None:
    answer = client.post(address, data=data, follow_redirects=False)
    assert answer.status_code == 303, answer.text


def test_by_the_pages_a_batch_is_begun_paused_witnessed_and_certified(desk):
    item = desk.item(desk.client(Role.CLERK), "饕餮魑魅合同")
    batch = ready(desk, [item])
    archivist, witness = browser(desk, Role.ARCHIVIST, "周执行"), browser(desk, Role.WITNESS, "吴监销", batch.id)
    with desk.kernel.database.write() as session:
        person = batch.executor.person_id
        session.add(TrackedCopy(item_id=item, number=1, form="paper", holder_id=person, made_by=person, ground="policy:0"))
    here = f"/destruction/{batch.id}"
    assert "开始销毁" in archivist.get(here).text and "开始销毁" not in witness.get(here).text
    send(archivist, f"{here}/execution", do="begin", lines_per_minute="600")
    send(archivist, f"{here}/execution", do="pause")
    assert "已暂停" in archivist.get(here).text
    send(archivist, f"{here}/execution", do="limit", lines_per_minute="")
    send(archivist, f"{here}/execution", do="resume")
    desk.work()
    batch.purge()
    desk.work()
    assert batch.state == BatchState.PARTIAL_FAILED and "已见证销毁" in witness.get(here).text
    with desk.kernel.database.read() as session:
        copy = session.query(TrackedCopy).one().id
    send(witness, f"{here}/copies/{copy}/confirmation")
    send(archivist, f"{here}/execution", do="resume")
    desk.work()
    batch.purge()
    desk.work()
    assert batch.state == BatchState.VERIFYING and "残留" in archivist.get(here).text
    assert batch.sign() == 1
    page = archivist.get(here).text
    assert "certificate.pdf" in page and "已销毁" in page
