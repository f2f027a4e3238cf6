"""Both catalogues say the same things, and everything that pages, scripts and the API name has a word."""

from __future__ import annotations

import re
from pathlib import Path
from string import Formatter

import pytest

from services.console import words
from services.kernel.identity.rights import ROLE_RIGHTS
from services.kernel.model import FileState, ItemState
from services.kernel.paper import DOCUMENT_TYPES, FIELD_NAMES, WARNINGS
from services.kernel.queue.stages import Stage

ROOM = Path(words.__file__).parent
CATALOGUES = words.catalogues()


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


OF_THE_API = ("problem.", "refusal.query-")
"""What the API says in English itself, with the very place; only the other language needs words of its own."""


def test_both_languages_have_the_same_texts_with_the_same_places() -> None:
    chinese, english = CATALOGUES["zh"].texts, CATALOGUES["en"].texts
    # Problems come from the API in English already.
    assert {key for key in chinese if not key.startswith(OF_THE_API)} == set(english)
    assert {key for key in english if places(chinese[key]) != places(english[key])} == set()


@pytest.mark.parametrize("language", CATALOGUES)
def test_every_text_that_a_template_or_page_asks_for_is_there(language: str) -> None:
    sources = [*ROOM.glob("templates/*.html"), *ROOM.glob("*.py")]
    asked = {key for source in sources for key in re.findall(r"\b(?:t|words)\('([\w.-]+)'[,)]", source.read_text("utf-8"))}
    assert len(asked) > 100
    assert asked - set(CATALOGUES[language].texts) == set()


@pytest.mark.parametrize("language", CATALOGUES)
@pytest.mark.parametrize(
    ("kind", "codes"),
    [
        ("type", DOCUMENT_TYPES),
        ("field", FIELD_NAMES),
        ("state", ItemState),
        ("file-state", FileState),
        ("role", ROLE_RIGHTS),
        ("stage", Stage),
        ("batch-state", ("open", "processing", "done", "incomplete")),
        ("check", ("ok", "failed", "none")),
        ("verification", ("read", "confirmed", "certified")),
    ],
)
def test_every_code_of_the_api_has_a_name(language: str, kind: str, codes: tuple[str, ...]) -> None:
    assert [code for code in codes if f"{kind}.{code}" not in CATALOGUES[language].texts] == []


@pytest.mark.parametrize("language", CATALOGUES)
def test_every_notice_that_a_room_sends_has_words(language: str) -> None:
    sources = [path.read_text("utf-8") for path in ROOM.parent.rglob("*.py")]
    sent = {key for text in sources for key in re.findall(r'(?:notify|_tell)\([^"]*?"([a-z]+\.[a-z-]+)"', text)}
    assert len(sent) > 25
    assert {key for key in sent if f"notice.{key}" not in CATALOGUES[language].texts} == set()


@pytest.mark.parametrize("language", CATALOGUES)
def test_every_act_that_is_entered_has_words(language: str) -> None:
    sources = [path.read_text("utf-8") for path in ROOM.parent.rglob("*.py")]
    entered = {key for text in sources for key in re.findall(r'journal\.append\(\s*session,\s*"([a-z]+\.[a-z-]+)"', text)}
    assert len(entered) > 100
    assert {key for key in entered if f"act.{key}" not in CATALOGUES[language].texts} == set()


def test_every_warning_has_chinese_words() -> None:
    assert [code for code in sorted(WARNINGS) if f"problem.{code}" not in CATALOGUES["zh"].texts] == []


def test_a_code_newer_than_the_catalogue_is_shown_as_it_is() -> None:
    assert CATALOGUES["zh"].name("type", "hologram") == "hologram"
    assert CATALOGUES["zh"].name("problem", "new", "Do this.") == "Do this."
    assert CATALOGUES["zh"].name("type", None) == "–"
