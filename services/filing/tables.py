"""Filing's own table: the perceptual-hash index that finds rescans."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from services.kernel.db import Base


class PageBand(Base):
    """One band of a page's 64-bit hash. Two hashes that differ in at most 7 bits share one of 8 bands."""

    __tablename__ = "page_bands"

    page_id: Mapped[str] = mapped_column(String(36), ForeignKey("pages.id"), primary_key=True)
    band: Mapped[int] = mapped_column(Integer, primary_key=True)
    value: Mapped[int] = mapped_column(Integer, index=True)
