"""Which number in the texture of a page stands for which grant, or which copy."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from services.kernel.clock import UtcDateTime, now
from services.kernel.db import Base


class Mark(Base):
    """``number`` is 32 random bits: who knows their own cannot guess another's, and what a page without a mark seems to say is
    nobody's."""

    __tablename__ = "access_marks"

    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    grant_id: Mapped[str] = mapped_column(ForeignKey("grants.id"), index=True)
    copy_id: Mapped[str | None] = mapped_column(String(36), index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
