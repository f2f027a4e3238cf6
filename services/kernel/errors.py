"""Business errors. Each carries an HTTP status, a stable code and a text that tells the reader what to do next;
``kernel.http`` turns them into RFC 9457 problem documents, the command line into exit codes.
"""

from __future__ import annotations

from pathlib import Path


class MunimentError(Exception):
    """Base of all errors that a user may meet."""

    status = 500
    code = "internal"
    title = "Internal error"
    entered = False
    """Whether the attempt that was refused is on the ledger already."""

    def __init__(self, detail: str, *, code: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        if code is not None:
            self.code = code


class InvalidInput(MunimentError):
    status, code, title = 422, "invalid", "The request cannot be understood"


class Unauthenticated(MunimentError):
    status, code, title = 401, "unauthenticated", "Sign in first"


class Forbidden(MunimentError):
    status, code, title = 403, "forbidden", "Not permitted"


class NotFound(MunimentError):
    status, code, title = 404, "not-found", "Not found"


class Conflict(MunimentError):
    status, code, title = 409, "conflict", "The state does not allow this"


class TooLarge(MunimentError):
    status, code, title = 413, "too-large", "Too large"


class Locked(MunimentError):
    status, code, title = 423, "locked", "In use"


class TooMany(MunimentError):
    """``retry_after``: seconds after which another try may go well."""

    status, code, title = 429, "too-many", "Too many attempts"

    def __init__(self, detail: str, *, code: str | None = None, retry_after: int | None = None) -> None:
        super().__init__(detail, code=code)
        self.retry_after = retry_after


class IntegrityError(MunimentError):
    """Stored bytes are not what was stored, or do not open under their key."""

    status, code, title = 500, "integrity", "Stored content failed its check"


class Unavailable(MunimentError):
    status, code, title = 503, "unavailable", "A part of the archive is not reachable"


class Withheld(MunimentError):
    """The process was not given the right to this."""

    status, code, title = 500, "withheld", "Not a task of this process"


class ParserRefused(InvalidInput):
    """A parser in the sandbox found the file unusable; ``code`` names why (``encrypted``, ``truncated``, …)."""

    code, title = "unreadable", "The file cannot be read"


class ParserFailed(ParserRefused):
    """The sandboxed child died, ran out of time or memory, or answered nonsense."""

    code, title = "parser_failed", "The file ended its parser"


def where(error: BaseException) -> str:
    """File and line where an error rose: enough to find it, and without any value."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else ""
