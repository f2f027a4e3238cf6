"""Passwords: hashed by Argon2id (RFC 9106, the library's defaults), refused where they are quickly guessed."""

from __future__ import annotations

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from services.kernel.errors import InvalidInput

SHORTEST, LONGEST = 10, 128
LEAST_GUESSES = 20_000
"""Fewer, as zxcvbn counts them, are soon made: the common passwords of the world are among them."""
LONGEST_MEASURED = 72
"""Zxcvbn looks at no more; what is longer is judged by its beginning."""


def hashed(password: str, *, about: tuple[str, ...] = ()) -> str:
    """What is kept of a password. Raises ``InvalidInput`` for one that is short or quickly guessed; ``about`` are words that
    belong to its owner, which an attacker tries first."""
    if len(password) < SHORTEST:
        raise InvalidInput(f"A password has at least {SHORTEST} characters. A sentence is easy to keep in mind.")
    if len(password) > LONGEST:
        raise InvalidInput(f"A password has at most {LONGEST} characters.")
    from zxcvbn import zxcvbn  # its lists take a tenth of a second to load, and few processes set passwords

    words = [*about, "muniment", "archive", "档案"]
    if zxcvbn(password[:LONGEST_MEASURED], user_inputs=words)["guesses"] < LEAST_GUESSES:
        raise InvalidInput("This password is quickly guessed. Choose a sentence that only you would think of.")
    return PasswordHasher().hash(password)


def matches(kept: str | None, password: str) -> bool:
    """Whether it is the one. Where none is kept it takes as long: an unknown name costs the same time as a known one."""
    try:
        return PasswordHasher().verify(kept or _decoy(), password) and kept is not None
    except (VerifyMismatchError, InvalidHashError):
        return False


def _decoy() -> str:
    hasher = PasswordHasher()
    salt, tag = "c2FsdHNhbHRzYWx0c2FsdA", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    return f"$argon2id$v=19$m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}${salt}${tag}"
