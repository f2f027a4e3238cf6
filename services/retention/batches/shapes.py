"""What is sent to destruction batches."""

from __future__ import annotations

from datetime import date

from pydantic import BaseModel, Field, model_validator

from services.retention.batches.model import Capacity, Opinion

MOST = 10_000
LARGEST = 2**31 - 1


class NewBatch(BaseModel):
    """``title`` is permanent: it names no customer."""

    title: str = Field(min_length=1, max_length=200)
    method: str = Field(max_length=40)
    paper_method: str | None = Field(None, max_length=40)


class Due(BaseModel):
    """The oldest of what is due, of a type or department, or of all."""

    type: str | None = Field(None, max_length=40)
    department: str | None = Field(None, max_length=80)
    most: int = Field(1000, ge=1, le=MOST)


class NewLines(BaseModel):
    item_ids: list[str] | None = Field(None, min_length=1, max_length=MOST)
    due: Due | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> NewLines:
        if (self.item_ids is None) == (self.due is None):
            raise ValueError("send item_ids, or due")
        return self


class Removals(BaseModel):
    item_ids: list[str] = Field(min_length=1, max_length=MOST)


class OpinionOn(BaseModel):
    """``item_ids``: None for all lines that have no opinion yet. ``until``: before which it is not due again."""

    opinion: Opinion
    item_ids: list[str] | None = Field(None, min_length=1, max_length=MOST)
    reason: str | None = Field(None, max_length=1000)
    until: date | None = None


class Opinions(BaseModel):
    opinions: list[OpinionOn] = Field(min_length=1, max_length=1000)


class Cancellation(BaseModel):
    reason: str = Field(min_length=1, max_length=1000)


class Decision(BaseModel):
    approves: bool
    reason: str = Field("", max_length=1000)

    @model_validator(mode="after")
    def _reason_for_a_refusal(self) -> Decision:
        if not self.approves and not self.reason.strip():
            raise ValueError("say why it is refused")
        return self


class Receipt(BaseModel):
    department: str = Field(max_length=80)


class NewObjection(BaseModel):
    """To one item, or without ``item_id`` to the whole batch."""

    item_id: str | None = Field(None, max_length=36)
    reason: str = Field(min_length=1, max_length=1000)


class Answer(BaseModel):
    upheld: bool
    text: str = Field(min_length=1, max_length=1000)


class NewWitness(BaseModel):
    person_id: str = Field(max_length=36)
    capacity: Capacity


class Count(BaseModel):
    items: int = Field(ge=0, le=LARGEST)
    pages: int = Field(ge=0, le=LARGEST)


class Signature(BaseModel):
    items: int = Field(ge=0, le=LARGEST)
