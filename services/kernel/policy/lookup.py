"""Keyed look-ups of identifiers (a blind index): an ID number is found without standing in the index.

A plain hash would not hide it: there are about 2^37 ID numbers and 2^33 mobile numbers. So each field has its own
HMAC-SHA-256 key, derived by HKDF (RFC 5869) from a root that is kept apart from the data; values are brought into one
form first, so that however a number is written it has one digest.
"""

from __future__ import annotations

import hmac
import unicodedata
from typing import Literal

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

Kind = Literal["id_number", "phone", "bank_account"]
LOOKUP_FIELDS: tuple[Kind, ...] = ("id_number", "phone", "bank_account")
"""The fields that are looked up by digest and never indexed as text."""

DIGEST_BYTES = 16
_ROOT_BYTES = 32
_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)  # GB 11643-1999
_ID_CHECKS = "10X98765432"
_MISREAD = str.maketrans("OILX×", "011XX")


class LookupKeys:
    """The look-up keys of an archive, one for each of ``LOOKUP_FIELDS``."""

    def __init__(self, root: bytes) -> None:
        if len(root) < _ROOT_BYTES:
            raise ValueError(f"the root of the look-up keys needs at least {_ROOT_BYTES} bytes, it has {len(root)}")
        self._keys: dict[str, bytes] = {name: _derive(root, name) for name in LOOKUP_FIELDS}
        self._question = _derive(root, "question")

    def digest(self, field: str, value: str) -> str:
        """Return the digest of ``value``, 128 bits as hexadecimal. Raises ``KeyError`` for a field without look-ups."""
        return hmac.digest(self._keys[field], normalise(field, value).encode(), "sha256")[:DIGEST_BYTES].hex()

    def question(self, text: str) -> str:
        """Return a digest of a search, under a key of its own: the ledger can tell equal questions without naming anyone."""
        return hmac.digest(self._question, text.encode(), "sha256")[:DIGEST_BYTES].hex()


def normalise(field: str, value: str) -> str:
    """Return the one form of an identifier: half width, upper case, no spaces or dashes.

    ID numbers get 18 digits (the 15-digit form of before 1999 is of people born in 19xx), and letters that OCR reads for
    digits (O, I, l) become digits, the only thing they can be; phones lose +86.
    """
    kept = "".join(char for char in unicodedata.normalize("NFKC", value).upper() if char.isalnum() or char == "×")
    if field == "id_number":
        number = kept.translate(_MISREAD)
        return upgrade_id_number(number) if len(number) == 15 and number.isdecimal() else number
    if field == "phone":
        bare = kept.removeprefix("00")
        return bare[2:] if len(bare) == 13 and bare.startswith("86") else kept
    return kept


def upgrade_id_number(number: str) -> str:
    """Return the 18-digit form of a 15-digit ID number (GB 11643-1999)."""
    body = number[:6] + "19" + number[6:]
    return body + id_check_digit(body)


def id_check_digit(body: str) -> str:
    """Return the check digit (ISO 7064 MOD 11-2) of the first 17 digits of an ID number."""
    return _ID_CHECKS[sum(int(digit) * weight for digit, weight in zip(body, _ID_WEIGHTS, strict=True)) % 11]


def _derive(root: bytes, field: str) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"muniment/lookup/1/" + field.encode()).derive(root)
