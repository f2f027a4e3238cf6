"""What the pages say, one catalogue a language, Chinese first."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources

LANGUAGES = {"zh": "zh-CN", "en": "en"}
"""Our names of the languages, the first the default, and their tags (BCP 47)."""

COOKIE = "muniment_language"


@dataclass(frozen=True, slots=True)
class Words:
    """One language's texts by dotted keys, such as ``search.total``."""

    language: str
    texts: Mapping[str, str]

    @property
    def tag(self) -> str:
        return LANGUAGES[self.language]

    @property
    def other(self) -> str:
        """The language to switch to."""
        return next(language for language in LANGUAGES if language != self.language)

    def __call__(self, key: str, /, **values: object) -> str:
        """The text with its ``{places}`` filled. Raises ``KeyError`` for a key that no catalogue has."""
        return self.texts[key].format(**values)

    def name(self, kind: str, code: str | None, otherwise: str | None = None) -> str:
        """The name of a code of the API, such as ``name("type", "invoice")``. A code that is newer than the catalogue shows as
        ``otherwise``, or as it is."""
        if code is None:
            return "–"
        return self.texts.get(f"{kind}.{code}") or otherwise or code

    def under(self, prefix: str) -> dict[str, str]:
        """The texts below a prefix by the rest of their keys: for scripts, and for lists of choices."""
        start = f"{prefix}."
        return {key.removeprefix(start): text for key, text in self.texts.items() if key.startswith(start)}


def catalogues() -> dict[str, Words]:
    folder = resources.files("services.console") / "messages"
    return {name: Words(name, json.loads((folder / f"{name}.json").read_text("utf-8"))) for name in LANGUAGES}
