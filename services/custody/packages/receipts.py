"""The receipt: what the other side says of each item, as JSON that both programs know."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field, model_validator


class Rejection(BaseModel):
    item_id: str = Field(max_length=36)
    reason: str = Field(min_length=2, max_length=1000)


class Receipt(BaseModel):
    """``digest`` is the SHA-512 of the tag manifest of the bag that was checked: it binds the receipt to what was sent."""

    package: str = Field(max_length=40)
    digest: str = Field(pattern=r"^[0-9a-f]{128}$")
    checked_at: datetime
    accepted: list[str] = Field([], max_length=500)
    rejected: list[Rejection] = Field([], max_length=500)

    @model_validator(mode="after")
    def _each_once(self) -> Receipt:
        ids = [*self.accepted, *(each.item_id for each in self.rejected)]
        if len(set(ids)) < len(ids):
            raise ValueError("an item is decided once")
        return self
