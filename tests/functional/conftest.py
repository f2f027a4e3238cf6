"""On PostgreSQL the rooms are apart, each with the rights of its account and no others."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from services.kernel.config import Settings
from tests.desk import Desk
from tests.rooms_apart import ApartDesk


@pytest.fixture
def desk(settings: Settings, catalogue_url: str) -> Iterator[Desk]:
    kind = ApartDesk if catalogue_url.startswith("postgresql") else Desk
    desk = kind(settings.model_copy(update={"catalogue_url": catalogue_url}))
    yield desk
    desk.close()
