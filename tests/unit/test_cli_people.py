"""``muniment user``: what an operator does with people on the machine itself."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from services.cli.people import app
from services.kernel.errors import NotFound
from tests.desk import PASSWORD, Desk


@pytest.fixture
def desk(settings, empty_catalogue, monkeypatch) -> Desk:
    monkeypatch.setenv("MUNIMENT_DATA", str(settings.data))
    monkeypatch.setenv("MUNIMENT_BROKER_URL", "memory://")
    return Desk(settings)


def muniment(*arguments: str, given: str = "") -> object:
    done = CliRunner().invoke(app, arguments, input=given, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout) if done.stdout.strip() else None


def test_from_the_first_administrator_to_a_closed_account(desk):
    first = muniment("add", "管理员", "--role", "admin", "--password-stdin", given=f"{PASSWORD}\n")
    assert muniment("add", "李娜", "--role", "department head", "--department", "营销部")
    muniment("role", "李娜", "--role", "staff")
    muniment("role", "李娜", "--role", "department_head", "--end")
    people = {each["name"]: each for each in muniment("list")}
    assert people["李娜"]["roles"] == ["staff"] and people["李娜"]["department"] == "营销部"
    token = muniment("token", "李娜", "--name", "脚本", "--days", "7")["token"]
    client = desk.client()
    assert client.get("/api/v1/me", headers={"Authorization": f"Bearer {token}"}).json()["name"] == "李娜"
    muniment("password", "李娜", given="another sentence for the tests\n")
    signed_in = client.post("/api/v1/sessions", json={"name": "李娜", "password": "another sentence for the tests"})
    assert signed_in.status_code == 201
    muniment("deactivate", "李娜")
    assert client.get("/api/v1/me").status_code == 401
    assert client.get("/api/v1/me", headers={"Authorization": f"Bearer {first['token']}"}).status_code == 200


def test_who_is_not_there_is_told(desk):
    with pytest.raises(NotFound, match="user list"):
        muniment("deactivate", "没有这个人")


def test_a_role_that_is_none_is_wrong_usage(desk):
    assert CliRunner().invoke(app, ["add", "x", "--role", "king"]).exit_code == 2
